"""Which row of a file is its last one, and whether it is cut; and rows that hold nothing."""

from collections.abc import Iterable, Iterator

from engine.connectors.csv.format import Bad, Row


def with_last(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row, bool]]:
    """Give the rows that are not empty, and whether each is the last of them."""
    before: tuple[int, Row] | None = None
    for line, row in rows:
        if not row:
            continue
        if before is not None:
            yield *before, False
        before = line, row
    if before is not None:
        yield *before, True


def is_short(row: Row, header: list[str]) -> bool:
    """Tell whether a last row has too few fields, so that it is cut."""
    return not isinstance(row, Bad) and len(row) < len(header) and (len(row) > 1 or not _is_blank(row))


def is_blank_row(row: Row) -> bool:
    """Tell whether a row holds nothing."""
    return not isinstance(row, Bad) and _is_blank(row)


def _is_blank(row: list[str]) -> bool:
    """Tell whether all cells are empty, as spreadsheets leave rows behind the last one."""
    return not any(map(str.strip, row))
