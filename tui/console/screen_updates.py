"""What goes over the line: Textual's updates, cut down to the cells that have changed, each text in its place."""

import re
from functools import lru_cache, partial
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from textual import _compositor
from textual._styles_cache import StylesCache
from textual.strip import Strip

from tui.console.widgets.painting import unsure

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
                sent.append(_placed(x + skipped, y, part.simplify(), console))
        return "".join(sent)


class PlacedUpdate(_compositor.LayoutUpdate):
    """An update of the whole screen in which no text moves what stands to the right of it."""

    def render_segments(self, console: Console) -> str:
        """Give what is sent to the terminal."""
        sent = []
        for y, strips in enumerate(self.strips, self.region.y):
            x = self.region.x
            for strip in strips:
                sent.append(_placed(x, y, strip, console))
                x += strip.cell_length
        return "".join(sent)


_COLUMN = re.compile(r"(?<=  )(?=\S)")
"""Where another column begins."""


def _placed(x: int, y: int, strip: Strip, console: Console) -> str:
    """Give a strip at its place; what stands to the right of a text that terminals measure differently, at its own."""
    sent, is_sure = [Control.move_to(x, y).segment.text], True
    if not unsure(strip.text):
        return sent[0] + strip.render(console)
    for segment in strip:
        for text in _COLUMN.split(segment.text):
            if not is_sure:
                sent.append(Control.move_to(x, y).segment.text)
            sent.append(Strip([Segment(text, segment.style)]).render(console))
            x, is_sure = x + cell_len(text), not unsure(text)
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
    """Let Textual send narrow updates from now on, and each text in its place."""
    vars(_compositor)["ChopsUpdate"] = NarrowUpdate
    vars(_compositor)["LayoutUpdate"] = PlacedUpdate


def forget_gone_widgets() -> None:
    """Let Textual keep no painted lines of widgets that are gone.

    Its cache of backgrounds, meant for the class, has each widget's lines in its keys: some 20 MB in an hour.
    """
    styles: Any = StylesCache
    styles.get_inner_outer = staticmethod(lru_cache(1024)(partial(_BACKGROUNDS, StylesCache)))
