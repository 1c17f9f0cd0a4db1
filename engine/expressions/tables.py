"""Lookup tables: files of `[lookups]` that expressions look values up in, by a key.

A table is read as a whole, and is the same for a whole step. It goes to the process that evaluates once, by value;
after that it is named by its digest.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from jinja2 import TemplateError

LARGEST = 16 * 2**20
"""Bytes that the file of a table may have."""
TABLES = "\0tables"
"""The key under which a context holds the tables."""


class CannotRead(ValueError):
    """Raised where a table cannot be read; says why."""


class Source(NamedTuple):
    """Where a table is, and how it is read."""

    path: Path
    key: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was read: the columns, and for each key the cells of its row."""

    digest: bytes
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    def __reduce__(self) -> tuple[Any, ...]:
        return _given, (self.digest,)

    def cell(self, key: str, column: str) -> str | None:
        """Give a cell; None where there is no such row, or nothing in it. Raises `TemplateError`."""
        if column not in self.columns:
            raise TemplateError(f"the lookup has no column '{column}': it has {', '.join(self.columns)}")
        row = self.rows.get(key)
        return (row[self.columns.index(column)] or None) if row is not None else None

    def marks(self) -> dict[str, int]:
        """Give for each key a mark by which it is seen whether its row has changed."""
        return {key: crc32("\0".join(row).encode()) for key, row in self.rows.items()}


GIVEN: dict[bytes, Table] = {}
"""What the process that evaluates was given, by digest."""


def _given(digest: bytes) -> Table:
    return GIVEN[digest]


class Given(NamedTuple):
    """A table, by value."""

    digest: bytes
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]


def read(source: Source) -> Table:
    """Read a table. Raises `CannotRead`."""
    try:
        with source.path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise CannotRead(f"{source.path}: cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise CannotRead(f"{source.path}: larger than {LARGEST // 2**20} MB, which a lookup may have")
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=source.delimiter, strict=True)
        return _table(source, blake2b(data).digest(), lines)
    except UnicodeDecodeError as error:
        raise CannotRead(f"{source.path}: not UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise CannotRead(f"{source.path}: no CSV: {error}") from error


def _table(source: Source, digest: bytes, lines: Iterator[list[str]]) -> Table:
    header = tuple(cell.strip() for cell in next(lines, []))
    if source.key not in header:
        raise CannotRead(f"{source.path}: has no column '{source.key}': it has {', '.join(header) or 'none'}")
    if len(set(header)) < len(header):
        raise CannotRead(f"{source.path}: two columns have one name")
    at = header.index(source.key)
    rows: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, 2):
        if not line:
            continue
        if len(line) != len(header):
            raise CannotRead(f"{source.path}: row {number} has {len(line)} cells, the header {len(header)}")
        row = tuple(cell.strip() for cell in line)
        if row[at] in rows:
            raise CannotRead(f"{source.path}: '{row[at]}' stands there twice, in row {number} again")
        rows[row[at]] = row
    return Table(digest, header, rows)


class Tables:
    """The tables of a configuration, read when they are first needed, and again when a step begins."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = dict(sources)
        self._read: dict[str, Table | str] | None = None

    def refresh(self) -> None:
        """Read them again. Raises `CannotRead`, and keeps what was read before."""
        self._read = {name: read(source) for name, source in self.sources.items()}

    def forget(self) -> None:
        """Let them be read again when they are next needed."""
        self._read = None

    def current(self) -> dict[str, Table | str]:
        """Give each table by its name; in the place of one that cannot be read, why."""
        if self._read is None:
            self._read = {name: _or_why(source) for name, source in self.sources.items()}
        return self._read


def _or_why(source: Source) -> Table | str:
    try:
        return read(source)
    except CannotRead as error:
        return str(error)


class Reading(NamedTuple):
    """What an expression reads of a table."""

    table: str
    column: str


class Record:
    """Which rows are looked up, while somebody wants to know."""

    rows: set[tuple[str, str]] | None = None


@contextmanager
def recorded() -> Iterator[set[tuple[str, str]]]:
    """Give the rows that are looked up meanwhile: table and key."""
    rows: set[tuple[str, str]] = set()
    Record.rows = rows
    try:
        yield rows
    finally:
        Record.rows = None


def find(tables: Mapping[str, Table | str], name: str, key: object, column: str) -> str | None:
    """Give what stands in a column of the row of a key, and note which row that is. Raises `TemplateError`."""
    table = tables.get(name, f"there is no lookup '{name}'")
    if isinstance(table, str):
        raise TemplateError(table)
    text = str(key).strip()
    if Record.rows is not None:
        Record.rows.add((name, text))
    return table.cell(text, column)
