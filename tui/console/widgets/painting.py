"""Paint lines: pieces of safe text with a tone each, turned into the strips that Textual shows."""

import unicodedata
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.console.themes import tone_styles
from tui.presentation.display import fit
from tui.presentation.pieces import Line, Piece


def width_of(line: Iterable[Piece]) -> int:
    """Give the cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def unsure(text: str) -> int:
    """Count the cells that a text may take more of than is reckoned with: some terminals give vowel signs their own."""
    return 0 if text.isascii() else sum(unicodedata.category(char) == "Mc" for char in text)


def spread(left: Line, right: Line, width: int) -> Line:
    """Put one line at the left edge and one at the right; the left one is cut where they would meet."""
    room = max(width - width_of(right) - 1, 0)
    return [*cut(left, room), (" ", ""), *right] if right else cut(left, width)


def cut(line: Line, width: int) -> Line:
    """Give a line of exactly that many cells."""
    found: Line = []
    left = width
    for text, tone in line:
        size = cell_len(text)
        if size > left:
            found.append((fit(text, left), tone))
            return found
        found.append((text, tone))
        left -= size
    return [*found, (" " * left, "")] if left else found


def paint(widget: Widget, line: Line, width: int, over: str = "") -> Strip:
    """Turn a line into a strip of exactly that many cells, all of it under the tone `over` if one is given."""
    base = _BASES.get(widget)
    if base is None or base[0] != widget.app.theme:
        base = _BASES[widget] = (widget.app.theme, widget.rich_style)
    cover = tone_style(widget, over)
    segments = [
        Segment(text, base[1] + (cover if over else tone_style(widget, tone)))
        for text, tone in cut(line, width)
        if text
    ]
    return Strip(segments, width)


def tone_style(widget: Widget, tone: str) -> Style:
    """Give the style of a tone in the theme that is on."""
    app = widget.app
    if app.theme not in _TONES:
        _TONES[app.theme] = tone_styles(app)
    return _TONES[app.theme][tone]


_TONES: dict[str, dict[str, Style]] = {}
_BASES: WeakKeyDictionary[Widget, tuple[str, Style]] = WeakKeyDictionary()
"""The theme and style of each widget: they change with the theme alone, and Textual works them out from all parents."""
