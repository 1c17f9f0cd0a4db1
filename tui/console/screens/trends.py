"""Trends: how things went day by day, plotted with dates and values."""

from functools import partial

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.thing import SheetScreen
from tui.console.sheets.trends import trends


class TrendsScreen(SheetScreen):
    """Objects, joins, errors and durations by day."""

    def __init__(self, until: str | None = None) -> None:
        super().__init__()
        self._until = until
        self._seen = -1

    def crumb(self) -> str:
        """What this shows."""
        return "trends"

    def fresh(self) -> None:
        """Read the days again if something has happened since."""
        super().fresh()
        if self.ready and self._seen != self.session.data_version:
            self._seen = self.session.data_version
            beside(self, self._read, "trends")

    async def _read(self) -> None:
        try:
            days = await feed.trends.by_day(self.session.workspace, self._until)
        except feed.StoreError as error:
            self.sheet.show(partial(sheets.words, f"cannot be read: {error}"))
            return
        if self.ready and self.is_attached:
            self.sheet.show(lambda width: trends(days, self.sheet.size.height, width))
