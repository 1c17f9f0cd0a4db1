"""What goes over the line: Textual's updates of a part of the screen, cut down to the cells that have changed."""

from functools import lru_cache, partial
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from textual import _compositor
from textual._styles_cache import StylesCache
from textual.strip import Strip

_BACKGROUNDS: Any = vars(StylesCache)["get_inner_outer"].__wrapped__


class NarrowUpdate(_compositor.ChopsUpdate):
    """An update that begins where a change begins: upstream repaints every line from the edge of its widget."""

    def render_segments(self, console: Console) -> str:
        """Give what is sent to the terminal."""
        sent = []
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= last or end <= first:
                    continue
                skipped, part = _part(strip, first - x, min(end, last) - x)
                sent += [Control.move_to(x + skipped, y).segment.text, part.simplify().render(console)]
        return "".join(sent)


def _part(strip: Strip, first: int, last: int) -> tuple[int, Strip]:
    """Give the part of a strip that some cells belong to, and the cell it begins at; no character is cut in two."""
    first, last = max(first, 0), min(last, strip.cell_length)
    text = strip.text
    if len(text) != strip.cell_length or not text.isascii():
        first, last = _beginning(text, first), strip.cell_length - _beginning(text[::-1], strip.cell_length - last)
    return first, strip.crop(first, last)


def _beginning(text: str, cell: int) -> int:
    """Give the cell at or before another where a character begins."""
    place = 0
    for char in text:
        after = place + cell_len(char)
        if after > cell:
            break
        place = after
    return place


def send_narrowly() -> None:
    """Let Textual send narrow updates from now on."""
    vars(_compositor)["ChopsUpdate"] = NarrowUpdate


def forget_gone_widgets() -> None:
    """Let Textual keep no painted lines of widgets that are gone.

    Its cache of backgrounds, meant for the class, has each widget's lines in its keys: some 20 MB in an hour.
    """
    styles: Any = StylesCache
    styles.get_inner_outer = staticmethod(lru_cache(1024)(partial(_BACKGROUNDS, StylesCache)))
