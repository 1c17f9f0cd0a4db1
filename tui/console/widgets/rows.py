"""A scrolling list of painted rows with a cursor: what every list and every document on screen is."""

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.console.widgets.changes import changed_runs, cost
from tui.console.widgets.painting import paint
from tui.presentation.pieces import Line


class Rows(ScrollView, can_focus=True):
    """Rows under an optional heading that stays; a subclass says what each of them looks like."""

    DEFAULT_CSS = "Rows { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", id="rows.down", show=False),
        Binding("k,up", "move(-1)", "up", id="rows.up", show=False),
        Binding("g,home", "first", "first row", id="rows.first", show=False),
        Binding("G,end", "last", "last row", id="rows.last", show=False),
        Binding("pagedown", "leaf(1)", "a page down", id="rows.page-down", show=False),
        Binding("pageup", "leaf(-1)", "a page up", id="rows.page-up", show=False),
        Binding("enter", "choose", "open", id="rows.open"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row, or on a row that has become another."""

        rows: "Rows"
        index: int

        @property
        def control(self) -> "Rows":
            """The list it happened in."""
            return self.rows

    @dataclass
    class Chosen(Message):
        """A row was opened."""

        rows: "Rows"
        index: int

        @property
        def control(self) -> "Rows":
            """The list it happened in."""
            return self.rows

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.length = 0
        self.cursor = 0
        self.moves = 0
        """How often somebody has moved the cursor; what follows of that comes a moment later."""

    # What a subclass paints ------------------------------------------------------------------------------------

    def heading(self, width: int) -> Line | None:
        """Give the heading above the rows, or None for no heading."""
        return None

    def row(self, index: int, width: int) -> Line:
        """Give what a row looks like; nothing, until a subclass knows better."""
        return []

    # ------------------------------------------------------------------------------------------------------------

    @property
    def inner(self) -> Size:
        """The cells that rows and heading have: those without the scrollbar."""
        return self.scrollable_content_region.size

    @property
    def head(self) -> int:
        """How many lines the heading takes."""
        return 0 if self.heading(self.inner.width) is None else 1

    @property
    def shown(self) -> range:
        """The rows that are on screen now."""
        first = self.scroll_offset.y
        return range(first, min(first + max(self.inner.height - self.head, 0), self.length))

    def render_line(self, y: int) -> Strip:
        """Paint one line of the screen."""
        width = self.inner.width
        heading = self.heading(width)
        if heading is not None and y == 0:
            return paint(self, heading, width, "head")
        index = y - (heading is not None) + self.scroll_offset.y
        if not 0 <= index < self.length:
            return Strip.blank(width, self.rich_style)
        return paint(self, self.row(index, width), width, self._over(index))

    def _over(self, index: int) -> str:
        return "cursor" if index == self.cursor and self.has_focus else ""

    def resize_rows(self, length: int) -> None:
        """Say how many rows there are."""
        self.length = length
        self.cursor = max(min(self.cursor, length - 1), 0)
        size = Size(self.inner.width, length + self.head)
        if self._fits_quietly(size):
            # Textual would lay out the screen anew, and send all of it, for a list that grew out of sight
            bar = self.vertical_scrollbar
            if self._thumb(size.height) != self._thumb(bar.window_virtual_size):
                bar.window_virtual_size = size.height
            self.set_reactive(Rows.virtual_size, size)
        else:
            self.virtual_size = size

    def _fits_quietly(self, size: Size) -> bool:
        """Tell whether a list that was longer than the screen still is, with what is on screen where it was."""
        height = self.inner.height
        least = max(self.scroll_offset.y + height, height + 1)
        return (
            height > 0 and self.virtual_size.width == size.width and min(self.virtual_size.height, size.height) >= least
        )

    def _thumb(self, rows: int) -> tuple[int, int]:
        """Give where the scrollbar's thumb begins and how long it is, in eighths of a cell."""
        height = 8 * self.inner.height
        return height * self.scroll_offset.y // max(rows, 1), height * self.inner.height // max(rows, 1)

    def on_resize(self) -> None:
        """Fit the rows to another width."""
        self.virtual_size = Size(self.inner.width, self.length + self.head)
        self._keep_in_view()

    def refresh_row(self, index: int) -> None:
        """Paint one row again, if it is on screen."""
        self.refresh(Region(0, index - self.scroll_offset.y + self.head, self.inner.width, 1))

    def refresh_changed(self, before: dict[int, Line]) -> int:
        """Paint those cells again that differ from how rows looked before; give their cost on the wire, in cells."""
        sent = 0
        width = self.inner.width
        for index in self.shown:
            changed = changed_runs(before.get(index, []), self.row(index, width), width)
            sent += cost(changed)
            y = index - self.scroll_offset.y + self.head
            for first, last in changed:
                self.refresh(Region(first, y, last - first, 1))
        for index in range(self.shown.stop, max(before, default=-1) + 1):
            self.refresh_row(index)
        return sent

    def look(self) -> dict[int, Line]:
        """Give how the rows on screen look now."""
        return {index: self.row(index, self.inner.width) for index in self.shown}

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, bring it into view, and tell."""
        self.moves += 1
        self.put_cursor(index)
        self.post_message(self.Moved(self, self.cursor))

    def put_cursor(self, index: int) -> None:
        """Put the cursor on a row and bring it into view."""
        index = max(min(index, self.length - 1), 0)
        before, self.cursor = self.cursor, index
        if before != index:
            self.refresh_row(before)
            self.refresh_row(index)
        self._keep_in_view()

    def _keep_in_view(self) -> None:
        height = self.inner.height - self.head
        if height <= 0:
            return
        first = self.scroll_offset.y
        if self.cursor < first:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= first + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.refresh_row(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse was clicked; a second click opens the row."""
        index = event.y - self.head + self.scroll_offset.y
        if event.y >= self.head and index < self.length:
            self.move_to(index)
            if event.chain == 2:
                self.action_choose()

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self.move_to(self.cursor + rows)

    def action_leaf(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self.move_to(self.cursor + pages * max(self.inner.height - self.head - 1, 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.move_to(self.length - 1)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.length:
            self.post_message(self.Chosen(self, self.cursor))
