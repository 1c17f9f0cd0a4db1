"""Owed references: whose they are, whom they name, and why they wait."""

from functools import partial
from typing import Any

from tui.console import sheets
from tui.console.screens.listing import ListScreen
from tui.console.sheets import owed as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time


class OwedScreen(ListScreen):
    """What waits for somebody who is not there yet, the oldest first."""

    KIND = "owed"
    EMPTY = "nothing is owed: every reference names somebody who is there"
    COLUMNS = (
        Column("object", "object", 24, lambda row: row["label"], flex=2, is_label=True),
        Column("attribute", "attribute", 12, lambda row: row["attribute"]),
        Column("system", "system", 10, lambda row: row["system"], priority=3),
        Column("named", "names", 14, lambda row: row["named"], flex=1, priority=1),
        Column("why", "waits because", 24, lambda row: row["waits_because"], flex=3, priority=4, sortable=False),
        Column("since", "since", 16, lambda row: local_time(row["since"]), priority=2, order=Order.TIMES),
    )

    def crumb(self) -> str:
        """What this lists."""
        return "owed references"

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
