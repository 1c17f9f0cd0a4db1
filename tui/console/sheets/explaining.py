"""Why an object is as it is, and what is stored of it: as lines that lead to the objects and rules they name."""

import json
import re
from collections.abc import Mapping

from rich.cells import cell_len

from tui.console.sheets.layout import Document, broken
from tui.console.widgets.painting import width_of
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display
from tui.presentation.explanation import explanation

_THING = re.compile(r"\b(?:cso|mvo|exp)-\d+\b")
_RULE = re.compile(r"rule '([^']+)'")


def why(found: Document, places: Mapping[str, str], width: int) -> list[SheetLine]:
    """Show an explanation; beside each rule where it stands in the configuration, behind each object the way to it."""
    lines: list[SheetLine] = []
    for text in explanation(found):
        link = next((one for one in _THING.findall(text) if one != found["id"]), None)
        lines += _wrapped(text, link, _place(text, places), width)
    return lines


def _place(text: str, places: Mapping[str, str]) -> str:
    named = _RULE.search(text)
    return places.get(named[1], "") if named else ""


def _wrapped(text: str, link: str | None, place: str, width: int) -> list[SheetLine]:
    """Break a line where it is too long, what follows further in than its beginning."""
    indent = len(text) - len(text.lstrip(" "))
    tone = "strong" if not indent else ""
    parts = broken(text[indent:], max(width - indent - 6, 12))
    lines = [
        SheetLine([(" " * (indent + (1 if index == 0 else 5)), ""), (part, tone)], link)
        for index, part in enumerate(parts)
    ]
    if place:
        if width_of(lines[-1].line) + cell_len(place) + 2 >= width:
            lines.append(SheetLine([(" " * (indent + 3), "")], link))
        lines[-1].line.append((f"  {display(place)}", "dim"))
    return lines


def raw(found: Document, width: int) -> list[SheetLine]:
    """Show what is stored of a thing, as JSON."""
    lines = []
    for text in json.dumps(found, indent=2, ensure_ascii=False, default=str).split("\n"):
        indent = len(text) - len(text.lstrip())
        for index, part in enumerate(broken(display(text[indent:]), max(width - indent - 4, 12))):
            lines.append(SheetLine([(" " * (indent + (1 if index == 0 else 3)), ""), (part, "")], None, text.strip()))
    return lines
