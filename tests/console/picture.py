"""Pictures of the console as SVG: the same bytes on every run, and the same look in every viewer."""

import re

from textual.app import App

_TEXT = re.compile(
    r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" clip-path="([^"]+)">([^<]*)</text>'
)
CELL = 12.2
BLANK = "&#160;"


def picture(app: App[object], title: str) -> str:
    """Give the screen as it is now."""
    svg = app.export_screenshot(title=title, simplify=True)
    svg = re.sub(r"terminal-\d+", "interlock", svg)
    return _TEXT.sub(_without_blanks_at_the_ends, svg)


def _without_blanks_at_the_ends(found: re.Match[str]) -> str:
    """Move the text instead: some viewers drop a blank at the beginning and stretch the rest."""
    look, x, y, length, clip, text = found.groups()
    leading, trailing = _count(f"^(?:{BLANK})*", text), _count(f"(?:{BLANK})*$", text)
    if leading * len(BLANK) == len(text):
        return ""
    text = text[leading * len(BLANK) : len(text) - trailing * len(BLANK)]
    left = f"{float(x) + leading * CELL:g}"
    width = f"{float(length) - (leading + trailing) * CELL:g}"
    return f'<text class="{look}" x="{left}" y="{y}" textLength="{width}" clip-path="{clip}">{text}</text>'


def _count(blanks: str, text: str) -> int:
    found = re.search(blanks, text)
    return len(found[0]) // len(BLANK) if found else 0
