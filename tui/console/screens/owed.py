"""Owed references: whose they are, whom they name, and why they wait."""

from functools import partial
from typing import Any

from tui import feed
from tui.console import sheets
from tui.console.screens.at_hand import AtHandScreen
from tui.console.sheets import owed as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time
from tui.presentation.pieces import Line

MOST = 2_000
"""References that are listed, the oldest first: no more are ever read."""


class OwedScreen(AtHandScreen):
    """What waits for somebody who is not there yet, the oldest first."""

    KIND = "owed"
    NAMES = ("object", "attribute", "system", "named", "since", "why")
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
        self._count = 0

    def crumb(self) -> str:
        """What this lists."""
        return "owed references"

    async def rows_now(self) -> list[feed.Document]:
        """Read the oldest, and how many there are in all."""
        workspace = self.session.workspace
        found = await feed.owed(workspace, MOST)
        self._count = len(found) if len(found) < MOST else await feed.count_owed(workspace)
        told = ({**one, "object": one["label"], "why": one["waits_because"]} for one in found)
        return [{**one, "key": key, "id": f"owed-{key}"} for key, one in enumerate(told)]

    def told(self) -> Line:
        """Say that there are more of them than are listed."""
        if self._count > len(self.rows):
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
