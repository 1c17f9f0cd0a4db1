"""Lists whose rows can be marked: what is done is done to all of them."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.console.beside import beside
from tui.console.screens.base import guarded
from tui.console.screens.listing import ListScreen


class MarkingScreen(ListScreen):
    """A list whose rows can be marked, to act on many at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="list.mark"),
        Binding("v", "range", "mark a range", id="list.range", show=False),
        Binding("asterisk", "all", "mark all in the filter", id="list.mark-all", show=False),
    ]

    @guarded
    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        self.table.toggle_mark()

    @guarded
    def action_range(self) -> None:
        """Begin a range, or mark what it holds."""
        self._mark(self.table.mark_range)

    @guarded
    def action_all(self) -> None:
        """Mark all in the filter, or none."""
        self._mark(self.table.mark_all)

    def _mark(self, work: Callable[[], Awaitable[None]]) -> None:
        table = self.table
        table.marks_read.clear()  # now, and not when the work begins: the next key may come before it

        async def marking() -> None:
            try:
                await work()
            finally:
                table.marks_read.set()

        beside(self, marking, "mark")

    def unmark(self) -> None:
        """Take all marks away, and mark nothing that is still being read."""
        self.workers.cancel_group(self, "mark")
        self.table.marks_read.set()
        self.table.marks.clear()
        self.table.refresh()
        self.show_frame()

    def action_back(self) -> None:
        """Take the marks away first."""
        marks = self.table.marks
        if marks.count or marks.range_from is not None or not self.table.marks_read.is_set():
            self.unmark()
        else:
            super().action_back()
