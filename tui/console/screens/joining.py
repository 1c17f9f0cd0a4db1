"""Join an object by hand: candidates, each compared with it side by side."""

from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.screens.by_hand import DecisionScreen
from tui.console.screens.listing import ListScreen
from tui.console.sheets import by_hand as sheet
from tui.console.widgets.columns import Column
from tui.presentation.display import display
from tui.presentation.pieces import Line


def _alike(row: dict[str, Any]) -> tuple[str, str]:
    said = f"{row['alike']} of {row['of']}" if row["of"] else "nothing"
    return said, "good" if row["alike"] == row["of"] and row["of"] else "" if row["alike"] else "dim"


def _person(row: dict[str, Any]) -> tuple[str, str]:
    return row["label"], "accent" if row["named"] else ""


def _joined(row: dict[str, Any]) -> tuple[str, str]:
    return row["joined"], "warn" if row["there"] else ""


class JoinScreen(ListScreen):
    """Who an object may belong to."""

    KIND = "metaverse"
    THREE = False
    EMPTY = "nobody is called alike: / searches among all"
    is_over_with_decision = True
    """Whether it is left when what it led to was decided."""
    COLUMNS = (
        Column("name", "person", 26, _person, flex=3, sortable=False),
        Column("alike", "alike", 9, _alike, sortable=False),
        Column("joined", "joined to", 18, _joined, flex=1, priority=1, sortable=False),
        Column("type", "type", 10, lambda row: row["type"], priority=2, sortable=False),
        Column("id", "id", 10, lambda row: row["id"], priority=3, sortable=False),
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("J", "join", "join to this one", id="join.choose")]

    def __init__(self, thing: str, label: str, said: str = "") -> None:
        super().__init__()
        self._thing = thing
        self._label = label
        self._said = said

    def crumb(self) -> str:
        """What is done."""
        return "join"

    def told(self) -> Line:
        """Say who it is that is to be joined."""
        return [(f"{display(self._label, 50)} to whom?  ", "accent"), *super().told()]

    def connect(self) -> None:
        """Propose those whom the error names, and those who are called alike."""
        self.table.connect(feed.Candidates(self.session.workspace, self._number, self._said))

    @property
    def _number(self) -> int:
        return int(self._thing.partition("-")[2])

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The object and the person side by side."""
        try:
            found = await feed.compare(self.session.workspace, self._number, document["key"])
        except (feed.UnknownId, feed.StoreError) as error:
            return partial(sheets.words, str(error))
        return partial(sheet.compared, found)

    def open_row(self, document: dict[str, Any]) -> None:
        """Show what joining them would lead to."""
        labels = [self._label, str(document["label"])]
        self.app.push_screen(DecisionScreen("join", [self._thing, document["id"]], labels))

    def action_join(self) -> None:
        """Show what joining them would lead to."""
        if (document := self.table.current) is not None:
            self.open_row(document)

    def action_sort(self) -> None:
        """There is one order."""
        self.say("whom the error names and who is most alike comes first; / searches among all")

    def action_reverse(self) -> None:
        """There is one order."""
        self.action_sort()
