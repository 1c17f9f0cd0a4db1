"""Spreadsheets as files of rows: Excel (`.xlsx`, `.xlsm`, `.xlsb`, `.xls`) and OpenDocument (`.ods`)."""

import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from engine.connectors.csv.format import Row
from engine.connectors.files import Snapshot, unreadable
from engine.errors import CannotConnect
from engine.values.durations import clock_of

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_EXACT = 2**53
"""Whole numbers up to here are kept exactly by a spreadsheet."""


def is_spreadsheet(path: Path) -> bool:
    """Tell whether a file is one, by its name."""
    return path.suffix.lower() in SUFFIXES


def unfolded(taken: Snapshot, path: Path, sheet: str | None) -> Snapshot:
    """Give the rows of a sheet, each with its number, as lines of JSON in a file: it is taken apart once.

    Raises `CannotConnect` for what is no spreadsheet, and for a sheet that is not there.
    """
    rows = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - handed to the caller
    try:
        with taken.file:
            for number, cells in enumerate(_read(taken.file, path, sheet), 1):
                texts = [_text(cell) for cell in cells]
                if any(texts):
                    rows.write(orjson.dumps([number, texts], option=orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        rows.close()
        raise unreadable(path, error) from error
    except BaseException:
        rows.close()
        raise
    rows.seek(0)
    return taken._replace(file=rows)


def read_unfolded(file: BinaryIO) -> Iterator[tuple[int, Row]]:
    """Give the rows of such a file; the first is the header."""
    file.seek(0)
    for line in file:
        number, cells = orjson.loads(line)
        yield number, cells


def _read(file: BinaryIO, path: Path, sheet: str | None) -> Iterator[list[Any]]:
    try:
        import python_calamine as calamine  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise CannotConnect(f"{path}: a spreadsheet is read by pip install 'interlock[xlsx]'") from error
    try:
        file.seek(0)
        book = calamine.CalamineWorkbook.from_filelike(file)
        names = book.sheet_names
        if not names or (sheet is not None and sheet not in names):
            raise CannotConnect(f"{path}: has no sheet '{sheet}'; there are: {', '.join(names) or 'none'}")
        found = book.get_sheet_by_name(sheet or names[0])
        above = found.start[0] if found.start else 0
        yield from ([] for _ in range(above))  # empty rows above the first are no part of it, and counted all the same
        yield from found.iter_rows()
    except (calamine.CalamineError, ValueError) as error:
        raise CannotConnect(f"{path}: cannot be read as a spreadsheet: {error}") from error


def _text(cell: Any) -> str:
    """Give a cell as it would stand in CSV: integers without a point, dates as in ISO 8601, hours as `36:05:00`."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) <= _EXACT else repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep="T")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return clock_of(cell)
        case _:
            return str(cell).strip()
