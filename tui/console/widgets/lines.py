"""A few lines of text that are set as a whole."""

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.console.widgets.changes import changed_runs
from tui.console.widgets.painting import paint
from tui.presentation.pieces import Line


class Lines(Widget):
    """A few lines of text; when they are set anew, only the cells that differ are painted."""

    DEFAULT_CSS = "Lines { height: 1; }"

    def __init__(self, lines: list[Line] | None = None, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = lines or []

    @property
    def lines(self) -> list[Line]:
        """What is shown."""
        return self._lines

    def show(self, lines: list[Line]) -> None:
        """Show other lines."""
        before, self._lines = self._lines, lines
        if not self.is_attached:
            return
        width = self.size.width
        for y in range(max(len(before), len(lines))):
            for first, last in changed_runs(_at(before, y), _at(lines, y), width):
                self.refresh(Region(first, y, last - first, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        return paint(self, _at(self._lines, y), self.size.width)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """Take a row for each line, where the style sheet leaves the height to the content."""
        return len(self._lines)


def _at(lines: list[Line], index: int) -> Line:
    return lines[index] if index < len(lines) else []
