"""Objects: the connector space; and Metaverse: what it is joined into."""

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui.console.screens import by_hand
from tui.console.screens.by_hand import BY_HAND
from tui.console.screens.listing import ListScreen
from tui.console.widgets.columns import Column, Order
from tui.presentation import tones
from tui.presentation.moments import local_time


def _state(row: dict[str, Any]) -> tuple[str, str]:
    if row["deleted"]:
        return ("deleted", "warn")
    return (f"until {local_time(row['delete_after'])}", "warn") if row["delete_after"] else ("", "")


def _attributes(row: dict[str, Any]) -> int:
    return len(row["attributes"])


class ObjectsScreen(ListScreen):
    """The connected system objects."""

    TITLE = "Objects"
    KIND = "objects"
    ERRORS = "status:Obsolete"
    EMPTY = "nothing was imported yet: 1 is the Line, n there runs the next step"
    COLUMNS = (
        Column("id", "id", 11, lambda row: row["id"], priority=2, order=Order.NUMBERS),
        Column("system", "system", 10, lambda row: row["system"]),
        Column("type", "type", 10, lambda row: row["type"], priority=5),
        Column("status", "status", 13, lambda row: tones.status(row["status"]), priority=1),
        Column("object", "object", 26, lambda row: row["label"], flex=3, is_label=True),
        Column(
            "mvo",
            "joined to",
            11,
            lambda row: f"mvo-{row['mvo_id']}" if row["mvo_id"] else "",
            priority=6,
            order=Order.NUMBERS,
        ),
        Column("changed_at", "changed", 16, lambda row: local_time(row["changed_at"]), priority=7, order=Order.TIMES),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *BY_HAND,
        Binding("B", "deleted", "deleted", id="objects.deleted", show=False),
    ]

    def action_deleted(self) -> None:
        """List what is gone."""
        self.console_app.open_deleted()

    def action_decide(self, verb: str) -> None:
        """Begin a decision by hand about the object under the cursor."""
        if (document := self.table.current) is not None:
            by_hand.decide(self, verb, document["id"])


class MetaverseScreen(ListScreen):
    """The metaverse objects."""

    TITLE = "Metaverse"
    KIND = "metaverse"
    ERRORS = "deleted:yes"
    EMPTY = "no metaverse object yet: sync projects them from what was imported"
    COLUMNS = (
        Column("id", "id", 11, lambda row: row["id"], order=Order.NUMBERS),
        Column("type", "type", 10, lambda row: row["type"], priority=1),
        Column("name", "name", 24, lambda row: row["label"], flex=1, sortable=False, is_label=True),
        Column("attributes", "attributes", 10, _attributes, right=True, priority=5, sortable=False),
        Column("deleted", "state", 22, _state, priority=2),
        Column("changed_at", "changed", 16, lambda row: local_time(row["changed_at"]), priority=4, order=Order.TIMES),
    )

    def name_of(self, document: dict[str, Any]) -> str:
        """Give the label."""
        return str(document["label"])
