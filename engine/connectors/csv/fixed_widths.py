"""Files whose columns have fixed widths: each line is cut at the same places; there is no header."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from engine.connectors.csv.format import LARGEST_ROW, BadlyQuoted, CsvFormat, Row, Undecodable


def read_lines(file: BinaryIO, found: CsvFormat, widths: dict[str, int]) -> Iterator[tuple[int, Row]]:
    """Give the header, then every line as a row; one that is too long, or cut, has another number of cells.

    Blanks at the end of a line may be left out, whole columns of them too; only where the line has no end it is cut.
    Raises `Undecodable` and `BadlyQuoted`.
    """
    yield 0, list(widths)
    sizes = list(widths.values())
    file.seek(found.start)
    text = io.TextIOWrapper(file, encoding=found.encoding, newline="")
    number = found.lines_before
    try:
        while line := text.readline(LARGEST_ROW):
            number += 1
            if len(line) >= LARGEST_ROW:
                raise BadlyQuoted(number, f"a line of more than {LARGEST_ROW:,} characters begins here")
            yield number, _cells(line.rstrip("\r\n\x1a"), sizes, is_whole=line.endswith(("\n", "\r")))
    except UnicodeError as error:
        raise Undecodable(number, str(error)) from error
    finally:
        text.detach()


def _cells(line: str, sizes: list[int], *, is_whole: bool) -> Row:
    """Cut a line; one of blanks alone is empty."""
    if not line.strip():
        return []
    cells, at = list[str](), 0
    for size in sizes:
        if at >= len(line) and cells and not is_whole:
            break
        cells.append(line[at : at + size].strip())
        at += size
    if not is_whole and len(line) < sum(sizes):
        cells = cells[: len(sizes) - 1]  # the last of them may be cut
    if rest := line[at:].strip():
        cells.append(rest)
    return cells
