"""Scheduled runs: when each profile ran last, when it is to run next, and which are late."""

from functools import partial
from typing import Any

from tui import feed
from tui.console import sheets
from tui.console.screens.at_hand import AtHandScreen
from tui.console.sheets import schedule as sheet
from tui.console.widgets.columns import Column, Order
from tui.presentation.moments import local_time, until_when


class ScheduleScreen(AtHandScreen):
    """Every profile with its times."""

    KIND = "schedule"
    NAMES = ("profile", "when", "began", "result", "next", "late")
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

    def crumb(self) -> str:
        """What this lists."""
        return "schedule"

    async def rows_now(self) -> list[feed.Document]:
        """Read the profiles."""
        found = await feed.scheduled(self.session.workspace)
        return [sheet.row(number, one) for number, one in enumerate(found)]

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
