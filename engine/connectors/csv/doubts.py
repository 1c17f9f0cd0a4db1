"""What makes a CSV file doubtful: rows that may have swallowed others, so that who is not seen need not be missing."""

import re
from collections.abc import Callable, Iterator

from engine.connectors.csv.format import Bad, Row
from engine.errors import ObjectError

_TOLD = 3
"""How many doubtful rows an import names."""


class Shape:
    """What every row of a file has to look like."""

    def __init__(self, header: list[str], external_id: str, *, fixed: bool = False) -> None:
        """Take the names of the columns; where they have fixed widths, a line is cut by those and has no delimiter."""
        self._fixed = fixed
        self._width = len(header)
        self._id_name = external_id
        self._id = header.index(external_id)

    def doubt(self, row: Row) -> ObjectError | None:
        """Say why others may stand in a row, or be cut out of it; None for a row beyond doubt."""
        if isinstance(row, Bad):
            told = f"the row is not quoted as CSV is: {row.why}"
            return ObjectError("syntax-violation", told, "write a quote inside a quoted field twice")
        if len(row) != self._width:
            return self._of_another_width(row)
        if row[self._id].strip() == self._id_name:
            told = "the header stands here once more, as if two files had been put together"
            return ObjectError("syntax-violation", told, "let one whole file be written, and import it again")
        if any("\0" in cell for cell in row):
            told = "a NUL character stands in the row, as if a part of the file had never been written"
            return ObjectError("syntax-violation", told, "let the file be written anew, and import it again")
        return None

    def _of_another_width(self, row: Row) -> ObjectError:
        if not self._fixed:
            told = f"the row has {len(row)} fields, and the header {self._width}"
            advice = "look for a missing or superfluous delimiter or quote, or a line break without quotes"
        elif len(row) > self._width:
            told = f"the line is longer than its columns: '{row[-1][:40]}' stands behind the last of them"
            advice = "correct the widths in 'columns', or look for two lines in one"
        else:
            told = f"the line ends before its last column: it has {len(row)} of {self._width}"
            advice = "the file may be cut there: let it be written anew, and import it again"
        return ObjectError("syntax-violation", told, advice)


class Doubts:
    """The doubtful rows of a file: the first of them in words, and their number."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._told: list[str] = []
        self._more = 0

    def add(self, line: int, why: ObjectError) -> None:
        """Take in one row."""
        if len(self._told) < _TOLD:
            self._told.append(f"{self._place}:{line}: {why.message}; {why.advice}")
        else:
            self._more += 1

    def __str__(self) -> str:
        return "; ".join([*self._told, *([f"and {self._more:,} more such rows"] if self._more else [])])


def hidden_ids(row: list[str], delimiter: str, quote: str, read_id: Callable[[str], str | None]) -> Iterator[str]:
    """Give all that could be an id in a row, also where whole rows stand in one of its fields."""
    for part in re.split(rf"[\r\n{re.escape(delimiter + quote)}]", delimiter.join(row)):
        if (found := read_id(part.strip())) is not None:
            yield found


def may_hold_rows(cells: str, quote: str) -> bool:
    """Tell of the fields of a row whether others may stand in one: it goes over several lines, or has a quote in it."""
    return "\n" in cells or "\r" in cells or quote in cells
