"""A document to read: lines that scroll, some of which lead somewhere."""

from collections.abc import Callable
from typing import NamedTuple

from tui.console.widgets.rows import Rows
from tui.presentation.pieces import Line


class SheetLine(NamedTuple):
    """One line of a sheet."""

    line: Line
    link: str | None = None
    """The id of the thing that the line names."""
    whole: str | None = None
    """The value that the line shows, where that had to be cut."""


Build = Callable[[int], list[SheetLine]]
"""Makes a sheet for a width."""


class Sheet(Rows):
    """Shows lines; the cursor tells which of them is opened."""

    def __init__(self, build: Build | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._build: Build = build or (lambda _width: [])
        self.lines: list[SheetLine] = []

    def row(self, index: int, width: int) -> Line:
        """Give a line as it was made."""
        return self.lines[index].line

    def on_resize(self) -> None:
        """Make the lines anew for another width."""
        self.show(self._build)

    def show(self, build: Build) -> None:
        """Show other lines; the cursor stays where it is."""
        before = self.look()
        self._build = build
        self.lines = build(self.inner.width) if self.inner.width else []
        self.resize_rows(len(self.lines))
        self.refresh_changed(before)

    @property
    def current(self) -> SheetLine | None:
        """The line under the cursor."""
        return self.lines[self.cursor] if self.cursor < len(self.lines) else None
