"""CSV for people, who open it in a spreadsheet: what stands in a cell is shown, and never computed."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from engine.values.plain import plain_lines

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a spreadsheet may take for more than text; an apostrophe before it makes it text, and is no part of the value.

A value that begins with an apostrophe gets another one, so that taking one away always gives the value back.
"""


def harmless(cell: str) -> str:
    """Give a cell that a spreadsheet shows as it is, and never computes."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def sheet(rows: Iterable[Sequence[Any]]) -> bytes:
    """Give rows as CSV, their texts made harmless, to a terminal as well; numbers stay numbers."""
    text = StringIO(newline="")
    csv.writer(text).writerows([_told(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode(errors="replace")


def _told(cell: str) -> str:
    return harmless(plain_lines(cell))
