"""The columns of a table: which of them a width has room for, and how wide each is."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from tui.presentation.display import display, fit, fit_label
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line, Piece

Cell = str | Piece
"""What a column shows: a value of any kind, made safe by the table, alone or with a tone."""


class Order(Enum):
    """In which order a column sorts first, and what that and its reverse are called."""

    WORDS = ("A to Z", "Z to A")
    NUMBERS = ("lowest first", "highest first")
    TIMES = ("oldest first", "newest first")

    def told(self, *, descending: bool) -> str:
        """Say in which order rows stand."""
        return str(self.value[descending])


class Column(NamedTuple):
    """A column of a table."""

    name: str
    """What the filter and the sort call it."""
    title: str
    width: int
    get: Callable[[dict[str, Any]], Any]
    """Gives the value to show, or (value, tone)."""
    flex: int = 0
    """Its share of the cells that are left over."""
    priority: int = 0
    """Columns with a higher number go first where the width is short."""
    right: bool = False
    sortable: bool = True
    order: Order = Order.WORDS
    is_label: bool = False
    """Whether it names an object: what tells that from others is cut last."""

    @property
    def called(self) -> str:
        """What a person calls it."""
        return self.title or self.name


class Placed(NamedTuple):
    """A column that has found room."""

    column: Column
    width: int


GAP = 2


def place(columns: Sequence[Column], width: int) -> list[Placed]:
    """Choose the columns that a width has room for, and share out what is left over."""
    chosen = list(columns)
    while len(chosen) > 1 and needed(chosen) > width:
        chosen.remove(max(reversed(chosen), key=lambda column: column.priority))
    left = max(width - needed(chosen), 0)
    shares = sum(column.flex for column in chosen)
    placed = []
    for column in chosen:
        more = left * column.flex // shares if shares else 0
        placed.append(Placed(column, column.width + more))
    return placed


def needed(columns: Sequence[Column]) -> int:
    """Give how many cells columns take at least."""
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def titles(placed: Sequence[Placed], sort: str | None, *, descending: bool) -> Line:
    """Give the heading, with an arrow at the column that the rows are sorted by."""
    line: Line = []
    for column, width in placed:
        arrow = (glyphs().descending if descending else glyphs().ascending) if column.name == sort else ""
        title = fit(column.title + arrow, width, right=column.right)
        line += [(title, "head"), (" " * GAP, "head")]
    return line[:-1]


def cells(placed: Sequence[Placed], document: dict[str, Any]) -> Line:
    """Give a row."""
    line: Line = []
    for column, width in placed:
        found = column.get(document)
        value, tone = found if isinstance(found, tuple) else (found, "")
        shown = display(value, 400)
        whole = fit_label(shown, width) if column.is_label else fit(shown, width, right=column.right)
        line += [(whole, tone), (" " * GAP, "")]
    return line[:-1]
