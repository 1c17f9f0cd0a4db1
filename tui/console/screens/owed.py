"""Owed references: whose they are, whom they name, and why they wait."""

from functools import partial
from typing import Any

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.row_source import RowsAtHand
from tui.console.screens.listing import ListScreen
from tui.console.sheets import owed as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line

MOST = 2_000
"""References that are listed, the oldest first: no more are ever read."""
NAMES = ("object", "attribute", "system", "named", "since", "why")


class OwedScreen(ListScreen):
    """What waits for somebody who is not there yet, the oldest first."""

    KIND = "owed"
    EMPTY = "nothing is owed: every reference names somebody who is there"
    COLUMNS = (
        Column("object", "object", 24, lambda row: row["label"], flex=2),
        Column("attribute", "attribute", 12, lambda row: row["attribute"]),
        Column("system", "system", 10, lambda row: row["system"], priority=3),
        Column("named", "names", 14, lambda row: row["named"], flex=1, priority=1),
        Column("why", "waits because", 24, lambda row: row["why"], flex=3, priority=4),
        Column("since", "since", 16, lambda row: local_time(row["since"]), priority=2, order=Order.TIMES),
    )

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[feed.Document] = []
        self._count = 0

    def crumb(self) -> str:
        """What this lists."""
        return "owed references"

    def connect(self) -> None:
        """Show them as soon as they are read."""
        self.table.connect(RowsAtHand(lambda: self._rows, NAMES))
        beside(self, self._read_owed, "owed")

    def read_again(self) -> None:
        """Read them again."""
        beside(self, self._read_owed, "owed")

    async def _read_owed(self) -> None:
        workspace = self.session.workspace
        try:
            found = await feed.owed(workspace, MOST)
            self._count = len(found) if len(found) < MOST else await feed.count_owed(workspace)
        except feed.StoreError as error:
            self.say(str(error), "danger")
            return
        told = ({**one, "object": one["label"], "why": one["waits_because"]} for one in found)
        self._rows = [{**one, "key": key, "id": f"owed-{key}"} for key, one in enumerate(told)]
        if self.ready and self.is_attached:
            self._detail_of = None
            self.table.data_changed()

    def told(self) -> Line:
        """Say that there are more of them than are listed."""
        if self._count > len(self._rows):
            return [(f"the oldest of {self._count:,}  ", "warn"), *super().told()]
        return super().told()

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The reference whole."""
        return partial(sheet.owed, document)

    def thing_of(self, document: dict[str, Any]) -> str | None:
        """Give whose it is."""
        return str(document["owner"])

    def name_of(self, document: dict[str, Any]) -> str:
        """Give what is named."""
        return str(document["named"])

    def open_row(self, document: dict[str, Any]) -> None:
        """Open whose it is."""
        self.console_app.open_thing(document["owner"])
