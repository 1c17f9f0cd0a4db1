"""Deleted: what is gone, from what, when, under whose approval; and the way back."""

from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.base import guarded
from tui.console.screens.by_hand import DecisionScreen
from tui.console.screens.marking import MarkingScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import deleted as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time


def _by(row: dict[str, Any]) -> tuple[str, str]:
    if row["by"]:
        return row["by"], ""
    return ("approved", "dim") if row["deleted"] else ("went by itself", "dim")


class DeletedScreen(MarkingScreen):
    """Every object that is gone, newest first."""

    KIND = "deleted"
    EMPTY = "nothing is gone"
    COLUMNS = (
        Column("id", "id", 9, lambda row: row["id"], priority=4, order=Order.NUMBERS),
        Column("at", "gone", 16, lambda row: local_time(row["at"]), priority=2, order=Order.TIMES),
        Column("system", "system", 10, lambda row: row["system"], priority=1),
        Column("object", "object", 26, lambda row: row["label"], flex=3, sortable=False, is_label=True),
        Column("by", "approved by", 14, _by, priority=3),
        Column("restored", "now", 14, sheet.now, priority=1),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("B", "bring_back", "bring back", id="deleted.restore")]

    def crumb(self) -> str:
        """What this lists."""
        return "deleted"

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """What it last held, and under what it went."""
        return partial(sheet.gone, document)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open it whole."""
        self.app.push_screen(GoneScreen(document))

    def why_not(self, action: str) -> str:
        """Refuse where there is nothing."""
        if action == "bring_back" and self.table.current is None:
            return "nothing is gone here"
        return super().why_not(action)

    @guarded
    def action_bring_back(self) -> None:
        """Show what restoring what is marked, or what the cursor is on, would lead to."""
        beside(self, partial(self._bring_back, self.table.chosen_keys()), "ask")

    async def _bring_back(self, keys: list[int]) -> None:
        try:
            bring_back(self, await feed.gone(self.session.workspace, keys))
        except feed.StoreError as error:
            self.say(str(error), "danger")


class GoneScreen(SheetScreen):
    """One object that is gone, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("B", "bring_back", "bring back", id="gone.restore")]

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._document = document

    def crumb(self) -> str:
        """Its name and its id."""
        return f"{feed.name_in(self._document['label'])} ({self._document['id']})"

    def on_mount(self) -> None:
        """Show it."""
        super().on_mount()
        self.sheet.show(partial(sheet.gone, self._document))

    def action_bring_back(self) -> None:
        """Show what restoring it would lead to."""
        bring_back(self, [self._document])


def bring_back(screen: Any, found: list[dict[str, Any]]) -> None:
    """Open the decision to restore what is gone."""
    named = f"{found[0]['system']}: {found[0]['label']}" if len(found) == 1 else f"{len(found):,} objects"
    screen.app.push_screen(DecisionScreen("restore", [one["id"] for one in found], [named]))
