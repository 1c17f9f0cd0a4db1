"""Look at a CSV file for a first configuration: its encoding, its columns, which of them tell rows apart."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from engine.connectors.base import SchemaAttribute
from engine.connectors.survey import SAMPLE, SHOWN, Survey, SurveyedType
from engine.errors import CannotConnect
from engine.values.typed import InvalidValue, parse

ROWS = 20_000
"""Rows that are looked at to tell which columns are complete and different in each."""
DELIMITERS = ",;\t|"
ENCODINGS = ("utf-8-sig", "cp1252")
"""The likeliest first; the last reads anything."""
SEPARATOR = "|"
"""Between several values of a cell."""
LOOKED_AT = 65_536
"""Bytes by which encoding and delimiter are told."""
IDS = ("employee", "person", "staff", "id", "nr", "no", "number", "nummer", "key", "code")
"""Words in the names of columns that tell people apart."""


def survey_file(path: Path) -> Survey:
    """Look at a file with a header and a row for each person. Raises `CannotConnect`."""
    try:
        encoding = _encoding(path)
        delimiter, header, body = _read(path, encoding)
    except OSError as error:
        raise CannotConnect(f"{path}: cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise CannotConnect(f"{path}: is no CSV file: {error}") from error
    if len(set(header)) != len(header) or not all(header):
        raise CannotConnect(
            f"{path}: its first row has to name each column once; it is: {delimiter.join(header)[:200]}"
        )
    if not body:
        raise CannotConnect(f"{path}: has no row below its header")
    said = {"delimiter": delimiter, "encoding": encoding}
    usual = {"delimiter": DELIMITERS[0], "encoding": ENCODINGS[0]}
    keys = {"connector": "csv", "path": str(path.resolve())} | {
        name: one for name, one in said.items() if one != usual[name]
    }
    return _of_rows(path, keys, header, body)


def _read(path: Path, encoding: str) -> tuple[str, list[str], list[list[str]]]:
    """Give the delimiter, the header and the first rows."""
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter(file.read(LOOKED_AT))
        file.seek(0)
        rows = csv.reader(file, delimiter=delimiter)
        header = [name.strip() for name in next(rows, [])]
        return delimiter, header, list(islice(_full(rows, len(header)), ROWS))


def _of_rows(path: Path, keys: dict[str, str], header: list[str], body: list[list[str]]) -> Survey:
    columns = {name: [row[index] for row in body] for index, name in enumerate(header)}
    ids = _candidates(columns)
    attributes = [
        SchemaAttribute(name, _kind(values), multi=any(SEPARATOR in one for one in values))
        for name, values in columns.items()
    ]
    shown = [dict(zip(header, row, strict=True)) for row in body[:SHOWN]]
    notes = () if ids else (f"no column of {path.name} is complete and different in every row: name one that is",)
    found = {"external_id": ids[0] if ids else header[0]}
    return Survey(keys, [SurveyedType("person", found, len(body), attributes, candidates=ids, rows=shown)], notes)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        looked_at = file.read(LOOKED_AT)
    if b"\0" in looked_at:
        raise CannotConnect(f"{path}: is no text: export it as CSV, or name it in a configuration (docs/files.md)")
    for encoding in ENCODINGS[:-1]:
        try:
            looked_at.decode(encoding)
        except UnicodeDecodeError as error:
            if error.end < len(looked_at) - 3:  # a letter may be cut at the very end
                continue
        return encoding
    return ENCODINGS[-1]


def _delimiter(text: str) -> str:
    """Give what divides the first lines into equally many columns, the most of them."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]

    def columns(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        return (sum(count == counts[0] for count in counts) if counts[0] > 1 else 0, counts[0])

    return max(DELIMITERS, key=columns) if lines else ","


def _full(rows: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    """Give the rows that have as many cells as the header."""
    return (row for row in rows if len(row) == width and any(cell.strip() for cell in row))


def _candidates(columns: dict[str, list[str]]) -> list[str]:
    """Give the columns that are complete and different in every row, the likeliest to identify a person first."""
    found = [name for name, values in columns.items() if all(values) and len(set(values)) == len(values)]
    return sorted(found, key=lambda name: (_unlikely(name), list(columns).index(name)))


def _unlikely(name: str) -> bool:
    lowered = name.lower()
    return not any(word in lowered for word in IDS) or "mail" in lowered


def _kind(values: Sequence[str]) -> str:
    filled = [value for value in values[:SAMPLE] if value]
    return "date" if filled and all(_is_date(value) for value in filled) else "text"


def _is_date(value: str) -> bool:
    try:
        parse("date", value)
    except InvalidValue:
        return False
    return True
