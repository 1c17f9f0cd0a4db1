"""Scheduled runs: when each profile ran last, when it is to run next, and which are late."""

from functools import partial
from typing import Any

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.row_source import RowsAtHand
from tui.console.screens.listing import ListScreen
from tui.console.sheets import schedule as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time, until_when

NAMES = ("profile", "when", "began", "result", "next", "late")


class ScheduleScreen(ListScreen):
    """Every profile with its times."""

    KIND = "schedule"
    ERRORS = "late:yes"
    EMPTY = 'no profile is configured: [profiles.NAME] names steps, and at = "06:30" their time'
    COLUMNS = (
        Column("profile", "profile", 14, lambda row: row["profile"], flex=1),
        Column("when", "is to run", 18, lambda row: row["when"], flex=1, priority=2),
        Column("began", "ran last", 16, lambda row: local_time(row["began"]) or "never", order=Order.TIMES),
        Column("result", "result", 22, sheet.result, priority=3),
        Column("next", "runs next", 16, lambda row: until_when(row["next"]), priority=1, order=Order.TIMES),
        Column("late", "", 20, sheet.late),
    )

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[feed.Document] = []

    def crumb(self) -> str:
        """What this lists."""
        return "schedule"

    def connect(self) -> None:
        """Show the profiles as soon as they are read."""
        self.table.connect(RowsAtHand(lambda: self._rows, NAMES))
        beside(self, self._read_schedule, "schedule")

    def read_again(self) -> None:
        """Read them again."""
        beside(self, self._read_schedule, "schedule")

    async def _read_schedule(self) -> None:
        try:
            found = await feed.scheduled(self.session.workspace)
        except feed.StoreError as error:
            self.say(str(error), "danger")
            return
        self._rows = [sheet.row(number, one) for number, one in enumerate(found)]
        if self.ready and self.is_attached:
            self._detail_of = None
            self.table.data_changed()

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """The profile whole."""
        return partial(sheet.profile, document, feed.configuration(self.session.workspace)["profiles"])

    def thing_of(self, document: dict[str, Any]) -> str | None:  # noqa: ARG002 - of no profile whatsoever
        """A profile is no object."""
        return None

    def name_of(self, document: dict[str, Any]) -> str:
        """Give its name."""
        return str(document["profile"])

    def open_row(self, document: dict[str, Any]) -> None:
        """Open its last run."""
        if document["last"] is None:
            self.say("it has never run")
        else:
            self.console_app.open_thing(document["last"]["run"])
