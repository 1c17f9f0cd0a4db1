"""Trends: how things went day by day, plotted with dates and values."""

from tui import feed
from tui.console import sheets
from tui.console.screens.thing import LiveSheetScreen
from tui.console.sheets.trends import trends


class TrendsScreen(LiveSheetScreen):
    """Objects, joins, errors and durations by day."""

    def __init__(self, until: str | None = None) -> None:
        super().__init__()
        self._until = until

    def crumb(self) -> str:
        """What this shows."""
        return "trends"

    async def build(self) -> sheets.Build:
        """Read the days."""
        days = await feed.trends.by_day(self.session.workspace, self._until)
        return lambda width: trends(days, self.sheet.size.height, width)
