"""The `csv` connector: one file for each object type, read in full, written by atomic replacement."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from engine import values
from engine.config import ObjectTypeConfig, SystemConfig
from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportPage,
    ImportRequest,
)
from engine.connectors.csv_options import CsvObjectOptions, CsvOptions
from engine.connectors.csv_table import CsvTable
from engine.connectors.files import changed_since, copy_into, find_duplicates, snapshot
from engine.errors import CannotConnect, ObjectError
from engine.values import InvalidValue
from engine.written import name_hint
from storage.records import Attributes

csv.field_size_limit(16 * values.MAX_LENGTH)


class CsvConnector(Connector):
    """Rows of CSV files as objects; the first row names the attributes."""

    capabilities: ClassVar[Capabilities] = Capabilities(writes=True, batch_size=5000)
    Options = CsvOptions
    ObjectOptions = CsvObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: CsvOptions = system.options
        self._tables: dict[str, CsvTable] = {}

    def path_of(self, object_type: str) -> Path:
        """Give the file of an object type. Raises `CannotConnect` where the configuration names none."""
        own: CsvObjectOptions = self.system.objects[object_type].options
        path = own.path or (self.options.path if len(self.system.objects) == 1 else None)
        if path is None:
            raise CannotConnect(
                f"'{self.name}': no file for '{object_type}'; give [systems.{self.name}.objects.{object_type}] a path"
            )
        return self.folder / path

    async def test(self) -> list[CheckLine]:
        lines = []
        for kind in self.system.objects:
            try:
                header, rows = await asyncio.to_thread(self._measure, kind)
                lines.append(CheckLine(True, kind, f"{self.path_of(kind)}: {rows:,} rows, {len(header)} columns"))
            except CannotConnect as error:
                lines.append(CheckLine(False, kind, str(error)))
        return lines

    def _measure(self, object_type: str) -> tuple[list[str], int]:
        with _Source(self, object_type, frozenset()) as source:
            return source.header, source.count

    async def discover_schema(self) -> dict[str, list[str]]:
        return {kind: (await asyncio.to_thread(self._measure, kind))[0] for kind in self.system.objects}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportPage | ImportEnd]:
        with ExitStack() as stack:
            sources = []
            for kind, used in request.required.items():
                sources.append(stack.enter_context(await asyncio.to_thread(_Source, self, kind, used)))
            total = sum(source.count for source in sources)
            for source in sources:
                pages = stack.enter_context(closing(source.pages(request.page_size)))
                while objects := await asyncio.to_thread(next, pages, None):
                    yield ImportPage(objects, total=total)
        changed = [str(source.path) for source in sources if changed_since(source.path, source.stamp)]
        reason = f"{', '.join(changed)} changed while it was read" if changed else ""
        yield ImportEnd(complete=not changed, reason=reason)

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        if external_id is None:
            return None
        table = self._table(object_type)
        row = await asyncio.to_thread(table.find, external_id)
        if row is None:
            return None
        reader = RowReader(self.system.objects[object_type], object_type, table.header, self.options.separator)
        return reader.read(row, str(table.path), frozenset())

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        paths = {kind: self.path_of(kind) for kind in self.system.objects}
        copies = {path: await asyncio.to_thread(copy_into, path, folder) for path in dict.fromkeys(paths.values())}
        types = {
            kind: settings.model_copy(update={"options": CsvObjectOptions(path=copies[paths[kind]])})
            for kind, settings in self.system.objects.items()
        }
        return Copy(CsvConnector(self.name, self.system.model_copy(update={"objects": types}), self.folder))

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        results = []
        for kind in dict.fromkeys(operation.type for operation in operations):
            own = [operation for operation in operations if operation.type == kind]
            results += await asyncio.to_thread(self._table(kind).apply, own)
        return results

    def _table(self, object_type: str) -> CsvTable:
        if object_type not in self._tables:
            settings = self.system.objects[object_type]
            self._tables[object_type] = CsvTable(self.path_of(object_type), settings, self.options)
        return self._tables[object_type]


class RowReader:
    """Turns rows into objects, by the types that the configuration gives to the columns."""

    def __init__(self, settings: ObjectTypeConfig, object_type: str, header: list[str], separator: str) -> None:
        self._type = object_type
        self._header = header
        self._separator = separator
        self.id_name = settings.external_id
        self._id = header.index(settings.external_id)
        self._typed = [
            (name, values.parser(kind.kind), kind.multi)
            for name in header
            if (kind := settings.type_of(name)) and (kind.multi or kind.kind != "text")
        ]

    def external_id(self, row: list[str]) -> str | None:
        """Give a row's external id, or None where it has none."""
        return (row[self._id].strip() or None) if len(row) > self._id else None

    def read(self, row: list[str], position: str, duplicates: frozenset[str]) -> ImportedObject:
        """Make the object of one row; what is wrong with it is its error."""
        external_id = self.external_id(row)
        one = ImportedObject(self._type, external_id, {}, None, position)
        if external_id is None:
            one.error = _error(
                "missing-external-id", f"'{self._header[self._id]}' is empty", "fill it in at the source"
            )
        elif external_id in duplicates:
            one.error = _error(
                "duplicate-external-id",
                f"the external id '{external_id}' stands in the file more than once",
                "give every object its own id at the source; until then none of them changes anything",
            )
        elif len(row) != len(self._header):
            one.error = _error(
                "syntax-violation",
                f"the row has {len(row)} fields, and the header {len(self._header)}",
                "look for a missing or superfluous delimiter, or a line break without quotes",
            )
        else:
            self._fill(one, row)
        return one

    def _fill(self, one: ImportedObject, row: list[str]) -> None:
        attributes: Attributes = {
            name: [value] for name, value in zip(self._header, row, strict=False) if value and not value.isspace()
        }
        name, whole = "", "".join(row)
        try:
            if len(whole) > values.MAX_LENGTH or "\0" in whole:
                for name in attributes:
                    values.parse("text", attributes[name][0])
            for name, parse, multi in self._typed:
                if (raw := attributes.get(name)) is None:
                    continue
                parts = [part for part in map(str.strip, raw[0].split(self._separator)) if part] if multi else raw
                attributes[name] = (
                    list(dict.fromkeys(map(parse, parts))) if len(parts) > 1 else [parse(part) for part in parts]
                )
        except InvalidValue as error:
            one.error = _error("syntax-violation", f"'{name}': {error}", "correct the value at the source")
            return
        one.attributes = attributes


def _error(code: str, message: str, advice: str) -> ObjectError:
    return ObjectError(code, message, advice)


class _Source:
    """One file being imported: a private copy, its header, and the ids that stand in it more than once."""

    def __init__(self, connector: CsvConnector, object_type: str, used: frozenset[str]) -> None:
        self.path = connector.path_of(object_type)
        self._options = connector.options
        self._copy: BinaryIO
        self._copy, self.stamp = snapshot(self.path)
        self.count = 0
        self.duplicates: frozenset[str] = frozenset()
        settings = connector.system.objects[object_type]
        try:
            self.header = self._read_header(used, settings.external_id)
            if self.header:
                self._reader = RowReader(settings, object_type, self.header, self._options.separator)
                self.duplicates = find_duplicates(self._ids)
        except BaseException:
            self._copy.close()
            raise

    def __enter__(self) -> "_Source":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._copy.close()

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """Give a CSV reader over the copy, from its beginning.

        Raises `CannotConnect` where the file cannot be decoded or its quotes do not close.
        """
        self._copy.seek(0)
        text = io.TextIOWrapper(self._copy, encoding=self._options.decoding, newline="")
        reader = csv.reader(text, delimiter=self._options.delimiter, quotechar=self._options.quote, strict=True)
        try:
            yield reader
        except UnicodeError as error:
            hint = "" if self._options.encoding != "utf-8" else "; perhaps it is cp1252 or utf-16"
            raise CannotConnect(
                f"{self.path}: not {self._options.encoding} after line {reader.line_num}: {error}{hint}; "
                "set 'encoding' in the configuration"
            ) from error
        except csv.Error as error:
            line = self._line_of_bad_row(text)
            raise CannotConnect(
                f"{self.path}:{line}: not readable as CSV: {error}; look for a quote that is not closed"
            ) from error
        finally:
            text.detach()

    def _line_of_bad_row(self, text: io.TextIOWrapper) -> int:
        """Read once more to find the line on which the unreadable row begins."""
        text.seek(0)
        reader = csv.reader(text, delimiter=self._options.delimiter, quotechar=self._options.quote, strict=True)
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error:
            return line
        return line

    def _read_header(self, used: frozenset[str], external_id: str) -> list[str]:
        """Read and check the first row; an empty file has no header and no objects."""
        with self._reading() as reader:
            first = next(filter(None, reader), None)
        if first is None:
            return []
        header = [name.strip() for name in first]
        twice = [name for name in header if name and header.count(name) > 1]
        if twice:
            raise CannotConnect(f"{self.path}:1: the column '{twice[0]}' stands there twice")
        missing = sorted((used | {external_id}) - set(header))
        if missing and len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            raise CannotConnect(f"{self.path}:1: the header is one column: '{header[0]}'; set 'delimiter'")
        if missing:
            hints = "".join(name_hint(name, header, "ATTRIBUTE") for name in missing)
            raise CannotConnect(
                f"{self.path}:1: the column {', '.join(map(repr, missing))} is not there, and the configuration "
                f"uses it (found: {', '.join(header)}){hints}"
            )
        return header

    def _ids(self) -> Iterable[str]:
        """Give every id that can be read, counting the rows."""
        count, column = -1, self.header.index(self._reader.id_name)
        with self._reading() as reader:
            for row in filter(None, reader):
                count += 1
                if count and column < len(row) and (text := row[column].strip()):
                    yield text
        self.count = count

    def pages(self, size: int) -> Generator[list[ImportedObject]]:
        """Give the objects, some at a time."""
        if not self.header:
            return
        page: list[ImportedObject] = []
        read, name, duplicates = self._reader.read, self.path.name, self.duplicates
        with self._reading() as reader:
            next(filter(None, reader))
            line = reader.line_num + 1
            for row in reader:
                if row:
                    page.append(read(row, f"{name}:{line}", duplicates))
                line = reader.line_num + 1
                if len(page) == size:
                    yield page
                    page = []
        if page:
            yield page
