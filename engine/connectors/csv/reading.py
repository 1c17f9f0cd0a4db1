"""Read CSV files as objects: the header, typed columns, ids, and what is wrong with a row."""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ImportedObject
from engine.connectors.csv.doubts import Doubts, Shape, has_line_break, hidden_ids
from engine.connectors.csv.format import (
    Bad,
    BadlyQuoted,
    CsvFormat,
    Row,
    Undecodable,
    cells_before_bad_quotes,
    look_at,
    read_rows,
)
from engine.connectors.csv.options import CsvOptions
from engine.connectors.files import PAGE_BYTES, Snapshot, find_duplicates, snapshot
from engine.errors import CannotConnect, ObjectError
from engine.expressions.sources import name_hint
from engine.values import typed
from engine.values.typed import InvalidValue
from storage.records import Attributes

MOST_BAD = 10_000
"""So many badly quoted rows are errors of their own; with more of them the file is written in another way."""


class RowReader:
    """Turns rows into objects, by the types that the configuration gives to the columns."""

    def __init__(self, settings: ObjectTypeConfig, object_type: str, header: list[str], separator: str) -> None:
        self._type = object_type
        self._header = header
        self._separator = separator
        self._id_name = settings.external_id
        self._id_kind = external_ids.kind_of(settings)
        self._id = header.index(settings.external_id)
        self.shape = Shape(header, settings.external_id)
        self.size = 0
        """How many characters the objects had so far."""
        self.may_hide = False
        """Whether a row had an error or a line break, so that others may stand in it."""
        self._read_id = external_ids.reader(settings)
        self._id_is_text = external_ids.is_as_written(settings)
        self._trims_id = settings.type_of(settings.external_id) == typed.TEXT
        self._typed = [
            (name, _trimmed if kind.kind == "reference" else typed.parser(kind.kind), kind.multi)
            for name in header
            if (kind := settings.type_of(name)) and (kind.multi or kind.kind != "text")
        ]
        own = {self._id_name, *(name for name, _, _ in self._typed)}
        self._empty = [name for name in header if settings.keep_empty and name not in own]
        """Columns in which an empty cell is a value."""

    def external_id(self, row: list[str]) -> str | None:
        """Give a row's external id; None where it has none, or none that can be read."""
        return self.id_of(row[self._id]) if len(row) > self._id else None

    def id_of(self, cell: str) -> str | None:
        """Give the external id that a cell holds; None where it holds none."""
        text = cell.strip()
        if self._id_is_text or not text:
            return text or None
        try:
            return self._read_id(text)
        except InvalidValue:
            return None

    def read(self, row: list[str], position: str, duplicates: frozenset[str]) -> ImportedObject:
        """Make the object of one row; what is wrong with it is its error."""
        external_id = self.external_id(row)
        one = ImportedObject(self._type, external_id, {}, None, position)
        if external_id is None:
            one.error = self._no_id(row)
        elif external_id in duplicates:
            one.error = _duplicate(external_id)
        elif len(row) != len(self._header) or external_id == self._id_name:
            one.error = self.shape.doubt(row)
        else:
            self._fill(one, row)
        return one

    def read_bad(self, cells: list[str], row: Bad, position: str) -> ImportedObject:
        """Make the object of a badly quoted row, of which only some cells can be read."""
        external_id = self.external_id(cells)
        return ImportedObject(self._type, external_id, {}, None, position, error=self.shape.doubt(row))

    def read_cut(self, position: str) -> ImportedObject:
        """Make the object of a last row that has too few fields: whose it is cannot be known, as its id may be cut."""
        told = "the file ends in the middle of this row, so that its id may be cut"
        error = ObjectError("missing-external-id", told, "let the whole file be written, and import it again")
        return ImportedObject(self._type, None, {}, None, position, error=error)

    def _no_id(self, row: list[str]) -> ObjectError:
        text = row[self._id].strip() if len(row) > self._id else ""
        if not text:
            return ObjectError("missing-external-id", f"'{self._id_name}' is empty", "fill it in at the source")
        try:
            self._read_id(text)
        except InvalidValue as error:
            told = f"the external id cannot be read as {self._id_kind}: '{self._id_name}': {error}"
            return ObjectError("syntax-violation", told, "correct it at the source, or declare the column otherwise")
        return ObjectError("missing-external-id", f"'{self._id_name}' cannot be read", "fill it in at the source")

    def _fill(self, one: ImportedObject, row: list[str]) -> None:
        attributes: Attributes = {
            name: [value] for name, value in zip(self._header, row, strict=False) if value and not value.isspace()
        }
        name, whole = "", "".join(row)
        self.size += len(whole)
        self.may_hide = self.may_hide or "\n" in whole or "\r" in whole
        try:
            if len(whole) > typed.MAX_LENGTH or "\0" in whole:
                for name in attributes:
                    typed.parse("text", attributes[name][0])
            for name, parse, multi in self._typed:
                if name in attributes:
                    text = attributes[name][0]
                    attributes[name] = self._read_many(text, parse) if multi else [parse(text)]
        except InvalidValue as error:
            one.error = ObjectError("syntax-violation", f"'{name}': {error}", "correct the value at the source")
            return
        if self._trims_id:
            attributes[self._id_name] = [row[self._id].strip()]
        for name in self._empty:
            attributes.setdefault(name, [""])
        one.attributes = attributes

    def _read_many(self, cell: str, parse: Callable[[str], Any]) -> list[Any]:
        """Read the values of a cell that may hold several. Raises `InvalidValue`."""
        values = [parse(part) for part in map(str.strip, cell.split(self._separator)) if part]
        return list(dict.fromkeys(values)) if len(values) > 1 else values


def _trimmed(raw: str) -> str:
    return str(typed.parse("reference", raw.strip()))


def _duplicate(external_id: str) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"the external id '{external_id}' stands in the file more than once",
        "give every object its own id at the source; until then none of them changes anything",
    )


def _is_blank(row: list[str]) -> bool:
    """Tell whether all cells are empty, as spreadsheets leave rows behind the last one."""
    return not any(map(str.strip, row))


def _wrong_header(header: list[str], needed: frozenset[str]) -> str:
    """Say what is wrong with a header, if anything is."""
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        return f"the column '{twice[0]}' stands there twice"
    missing = sorted(needed - set(header))
    if not missing:
        return ""
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return f"the header is one column: '{header[0]}'; set 'delimiter'"
    hints = "".join(name_hint(name, header, "ATTRIBUTE") for name in missing)
    return (
        f"the column {', '.join(map(repr, missing))} is not there, and the configuration "
        f"uses it (found: {', '.join(header)}){hints}"
    )


class Source:
    """One file being imported: a private copy, its header, and the ids that stand in it more than once."""

    def __init__(
        self, path: Path, object_type: str, settings: ObjectTypeConfig, options: CsvOptions, used: frozenset[str]
    ) -> None:
        self.path = path
        self._options = options
        self._copy, self.stamp, self.digest = self._take()
        self.count = 0
        self.duplicates: frozenset[str] = frozenset()
        self._bad: dict[int, str] = {}
        """Why rows are badly quoted, by their lines."""
        self._cut = 0
        """The line of a last row that has too few fields."""
        self._doubts = Doubts(str(path))
        try:
            self._format = self._look()
            self.header = self._read_header(used, settings.external_id)
            if self.header:
                self._reader = RowReader(settings, object_type, self.header, options.separator)
                self.duplicates = find_duplicates(self._ids)
                self._cells = self._read_bad_rows()
        except BaseException:
            self._copy.close()
            raise

    def _take(self) -> Snapshot:
        return snapshot(self.path)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._copy.close()

    @property
    def incomplete(self) -> str:
        """Why the file may hold more than was read of it; empty where it does not."""
        cut = f"{self.path}:{self._cut}: the file ends in the middle of a row" if self._cut else ""
        return "; ".join(filter(None, (cut, str(self._doubts))))

    def _look(self) -> CsvFormat:
        return look_at(self._copy, self._options)

    def _rows(self) -> Iterator[tuple[int, Row]]:
        """Give every row; a blank line is an empty one.

        Raises `CannotConnect` where the file cannot be decoded or its quotes do not close.
        """
        try:
            yield from read_rows(self._copy, self._format)
        except Undecodable as error:
            hint = "" if self._options.encoding != "utf-8" else "; perhaps it is cp1252 or utf-16"
            raise CannotConnect(
                f"{self.path}: not {self._options.encoding} after line {error.line}: {error}{hint}; "
                "set 'encoding' in the configuration"
            ) from error
        except BadlyQuoted as error:
            raise CannotConnect(f"{self.path}:{error.line}: {error}") from error

    def _body(self) -> Iterator[tuple[int, Row]]:
        """Give every row behind the header; a blank line is an empty one."""
        rows = self._rows()
        for _, row in rows:
            if row:
                break
        return rows

    def _read_bad_rows(self) -> dict[int, list[str]]:
        if not self._bad:
            return {}
        try:
            return cells_before_bad_quotes(self._copy, self._format, self._bad)
        except BadlyQuoted as error:
            raise CannotConnect(f"{self.path}:{error.line}: {error}") from error

    def _read_header(self, used: frozenset[str], external_id: str) -> list[str]:
        """Read and check the first row; an empty file has no header and no objects."""
        line, first = next(((line, row) for line, row in self._rows() if row), (1, []))
        if isinstance(first, Bad):
            raise CannotConnect(f"{self.path}:{line}: {BadlyQuoted(line, first.why)}")
        if not first:
            return []
        header = [name.strip() for name in first]
        if wrong := _wrong_header(header, used | {external_id}):
            raise CannotConnect(f"{self.path}:{line}: {wrong}")
        return header

    def _ids(self) -> Iterable[str]:
        """Give every id that can be read, counting the rows, and look at the last one."""
        count, read_id = 0, self._reader.external_id
        line, row = 0, list[str]()
        self._bad = {}
        for at, found in self._body():
            if not found:
                continue
            if isinstance(found, Bad):
                self._bad[at] = found.why
                self._refuse_many_bad(at)
                count += 1
                continue
            line, row = at, found
            if (text := read_id(row)) is not None:
                count += 1
                yield text
            elif not _is_blank(row):
                count += 1
        self.count = count
        short = len(row) < len(self.header) and (len(row) > 1 or not _is_blank(row))
        self._cut = line if short else 0

    def _refuse_many_bad(self, line: int) -> None:
        if len(self._bad) > MOST_BAD:
            told = f"more than {MOST_BAD:,} rows are not quoted as CSV is"
            raise CannotConnect(f"{self.path}:{line}: {told}; look at 'quote' and 'delimiter' in the configuration")

    def _doubt(self, line: int, row: Row) -> None:
        """Note of a row with an error whether others may stand in it; of one that is cut it is said already."""
        self._reader.may_hide = True
        why = self._reader.shape.doubt(row)
        if why is not None and line != self._cut:
            self._doubts.add(line, why)

    def find_hidden(self, external_ids: frozenset[str]) -> dict[str, str]:
        """Look for ids in rows with an error, or with a line break in one of their fields: id → where."""
        found: dict[str, str] = {}
        for line, row in self._body() if self.header and self._reader.may_hide else ():
            read = self._reader.read
            if isinstance(row, Bad) or not (has_line_break(row) or read(row, "", self.duplicates).error):
                continue
            for text in hidden_ids(row, self._format.delimiter, self._format.quote, self._reader.id_of):
                if text in external_ids:
                    found.setdefault(text, f"{self.path}:{line}")
        return found

    def pages(self, size: int) -> Generator[list[ImportedObject]]:
        """Give the objects, some at a time: so many, or as many as have `PAGE_BYTES` characters."""
        if not self.header:
            return
        page: list[ImportedObject] = []
        reader, name, duplicates, cut = self._reader, self.path.name, self.duplicates, self._cut
        read, reader.size, reader.may_hide = reader.read, 0, False
        self._doubts = Doubts(str(self.path))
        for line, row in self._body():
            if not row:
                continue
            if isinstance(row, Bad):
                one = reader.read_bad(self._cells[line], row, f"{name}:{line}")
            else:
                one = read(row, f"{name}:{line}", duplicates)
                if one.external_id is None and _is_blank(row):
                    continue
            if one.error is not None:
                self._doubt(line, row)
            page.append(reader.read_cut(one.position) if line == cut else one)
            if len(page) == size or reader.size >= PAGE_BYTES:
                yield page
                page, reader.size = [], 0
        if page:
            yield page
