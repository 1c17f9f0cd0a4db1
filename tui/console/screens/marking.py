"""Lists whose rows can be marked: what is done is done to all of them."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.console.beside import beside
from tui.console.screens.listing import ListScreen


class MarkingScreen(ListScreen):
    """A list whose rows can be marked, to act on many at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="list.mark"),
        Binding("v", "range", "mark a range", id="list.range", show=False),
        Binding("asterisk", "all", "mark all in the filter", id="list.mark-all", show=False),
    ]

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        self.table.toggle_mark()

    def action_range(self) -> None:
        """Begin a range, or mark what it holds."""
        beside(self, self.table.mark_range, "mark")

    def action_all(self) -> None:
        """Mark all in the filter, or none."""
        beside(self, self.table.mark_all, "mark")

    def unmark(self) -> None:
        """Take all marks away."""
        self.table.marks.clear()
        self.table.refresh()
        self.show_frame()

    def action_back(self) -> None:
        """Take the marks away first."""
        if self.table.marks.count or self.table.marks.range_from is not None:
            self.unmark()
        else:
            super().action_back()
