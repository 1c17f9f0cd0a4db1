"""What an expression makes of one object."""

from typing import Any

from tui.console.sheets.layout import Document, fact, prose, section
from tui.console.widgets.sheet import SheetLine

EXAMPLE = "type an expression as it stands in a rule, such as first_name[0] | lower"


def tried(found: Document, width: int) -> list[SheetLine]:
    """Show the value of an expression, its type, and what it has read of the object."""
    lines = [
        *fact("object", found["label"], width, tone="strong"),
        *fact("expression", found["expression"], width),
        SheetLine([]),
    ]
    if found["error"]:
        lines += prose("fails", found["error"], width, tone="danger")
    else:
        lines += fact("value", _shown(found["value"], "none"), width, tone="strong")
        lines += fact("type", found["type"], width)
    reads = found["reads"]
    lines += section("Reads", note="" if reads or found["looks_up"] else "nothing of the object")
    for name, value in reads.items():
        lines += fact(name, _shown(value, "absent"), width, tone="dim" if value is None else "")
    for row in found["looks_up"]:
        lines += fact("looks up", row, width)
    return lines


def _shown(value: Any, nothing: str) -> str:
    if value is None or value == []:
        return nothing
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
