"""A CSV file as a table that can be written: loaded once, replaced as a whole after each batch."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.csv.format import Bad, BadlyQuoted, Undecodable, look_at, new_format, read_rows, size_of
from engine.connectors.csv.options import CsvObjectOptions, CsvOptions
from engine.connectors.csv.rows import RowReader
from engine.connectors.files import Refused, Stamp, changed_since, gone, replacing, stamp, unwritable
from engine.errors import CannotConnect, ConnectionLost
from engine.values import typed
from storage.records import AttributeChange, ChangeType


class CsvTable:
    """The rows of one file in their order; rows and columns that we do not know stay as they are."""

    def __init__(self, path: Path, settings: ObjectTypeConfig, options: CsvOptions) -> None:
        self.path = path
        self._settings = settings
        self._options = options
        self._own: CsvObjectOptions = settings.options
        self._id = settings.external_id
        self.header: list[str] = []
        self._format = new_format(options)
        self._held: list[list[str] | None] = []
        """Deleted rows are None until the file is written."""
        self._index: dict[str, int] = {}
        self._duplicates: set[str] = set()
        self._stamp: Stamp | None = None
        self._loaded = False

    def _load(self) -> None:
        """Read the file, anew if it is not what we wrote last; a missing one is empty."""
        if self._loaded and not self._changed():
            return
        self._loaded = False
        try:
            self._stamp = stamp(self.path) if self.path.exists() else None
            if self._stamp is None:
                self._format = new_format(self._options)
                self._take([self._new_header()])
            else:
                with self.path.open("rb") as file:
                    self._format = look_at(file, self._options)
                    self._take(list(self._rows(file)) or [self._new_header()])
        except (OSError, Undecodable) as error:
            raise CannotConnect(f"{self.path}: cannot be read: {error}") from error
        except BadlyQuoted as error:
            raise CannotConnect(f"{self.path}:{error.line}: cannot be read: {error}") from error
        self._loaded = True

    def _new_header(self) -> list[str]:
        """Give the columns of a file that is made new: those that are named, and those without which it is refused."""
        return list(dict.fromkeys([*self._own.header, self._id, *self._settings.attributes]))

    def _rows(self, file: BinaryIO) -> Iterator[list[str]]:
        """Give the rows of the file. Raises `BadlyQuoted` for one that could not be written back as it is."""
        for line, row in read_rows(file, self._format):
            if isinstance(row, Bad):
                raise BadlyQuoted(line, row.why)
            if row:
                yield row

    def _changed(self) -> bool:
        return self.path.exists() if self._stamp is None else changed_since(self.path, self._stamp)

    def _take(self, rows: list[list[str]]) -> None:
        self.header = [name.strip() for name in rows[0]] if rows else [self._id]
        if len(set(self.header)) != len(self.header) or self._id not in self.header:
            raise CannotConnect(f"{self.path}:1: the header needs '{self._id}', and every column once")
        if len(rows) > 1 and len(rows[-1]) < len(self.header) and any(map(str.strip, rows[-1])):
            told = "the file ends in the middle of a row; complete it, or take it away"
            raise CannotConnect(f"{self.path}: {told}: {self._options.delimiter.join(rows[-1])}")
        self._held = list(rows[1:])
        reader = RowReader(self._settings, "", self.header, self._options.separator)
        ids = [reader.external_id(row) for row in rows[1:]]
        self._duplicates = {one for one, count in Counter(ids).items() if one is not None and count > 1}
        self._index = {one: number for number, one in enumerate(ids) if one is not None}

    def find(self, external_id: str) -> list[str] | None:
        """Give the row with an id; none where several have it."""
        self._load()
        if self._stamp is None:  # that nobody is there is no answer about anybody
            raise gone(self.path)
        found = self._index.get(external_id) if external_id not in self._duplicates else None
        return None if found is None else self._held[found]

    def apply(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations and replace the file; what is reported as done is on the disk."""
        self._load()
        operations = list(operations)
        if self._stamp is None and any(one.change_type != ChangeType.CREATE for one in operations):
            raise gone(self.path)
        results = [self._execute(operation) for operation in operations]
        if any(result.error is None for result in results):
            self._save()
        return results

    def _execute(self, operation: ExportOperation) -> ExportResult:
        try:
            self._carry_out(operation)
        except Refused as refusal:
            return ExportResult(operation.id, error=refusal.error)
        created = operation.change_type == ChangeType.CREATE
        return ExportResult(operation.id, operation.external_id if created else None)

    def _carry_out(self, operation: ExportOperation) -> None:
        external_id = operation.external_id
        if not external_id:
            raise Refused("missing-external-id", f"'{self._id}' has no value", "flow a value into it")
        if external_id in self._duplicates:
            raise Refused("duplicate-external-id", f"'{external_id}' stands in the file more than once", "keep one row")
        if operation.change_type == ChangeType.CREATE:
            if external_id in self._index:
                raise Refused("existing-object", f"'{external_id}' exists already", "join it by a rule")
            self._refuse_blanks(external_id)
            value = external_ids.value_of(self._settings, external_id)
            cells = self._cells({self._id: [value], **operation.attributes})
            self._index[external_id] = len(self._held)
            self._held.append([])
            self._write(external_id, cells)
            return
        if external_id not in self._index:
            raise Refused("missing-object", f"'{external_id}' does not exist", "import the file again")
        if operation.change_type == ChangeType.DELETE:
            self._held[self._index.pop(external_id)] = None
            return
        self._write(external_id, self._cells({one.name: self._result(external_id, one) for one in operation.changes}))

    def _refuse_blanks(self, external_id: str) -> None:
        """Refuse an id that would be read back as another one."""
        if external_id != external_id.strip():
            reason = f"the id '{external_id}' begins or ends with a blank, which is not read as part of it"
            raise Refused("constraint-violation", reason, "take the blank off, such as by the filter trim")

    def _result(self, external_id: str, change: AttributeChange) -> list[object]:
        """Give what an attribute holds after a change."""
        if change.replace:
            return change.add
        row = self._held[self._index[external_id]] or []
        column = self.header.index(change.name) if change.name in self.header else len(row)
        held = row[column].split(self._options.separator) if column < len(row) else []
        kind = self._settings.type_of(change.name).kind
        try:
            present = [typed.parse(kind, part.strip()) for part in held if part.strip()]
        except typed.InvalidValue as error:
            raise Refused("syntax-violation", f"'{change.name}' in the file: {error}", "correct it there") from error
        removed = set(change.remove)
        return list(dict.fromkeys([value for value in present if value not in removed] + change.add))

    def _cells(self, attributes: dict[str, list[object]]) -> dict[str, str]:
        return {name: self._cell(name, found) for name, found in attributes.items()}

    def _cell(self, name: str, found: Sequence[object]) -> str:
        """Write the values of an attribute as a cell that reads back as the same values."""
        kind = self._settings.type_of(name)
        texts = [_plain(kind.kind, value) for value in found]
        if (kind.multi or len(texts) > 1) and any(self._options.separator in text for text in texts):
            reason = f"a value of '{name}' holds '{self._options.separator}', which separates values"
            raise Refused("constraint-violation", reason, "set another separator, or change the value")
        cell = self._options.separator.join(texts)
        try:
            cell.encode(self._options.encoding)
        except UnicodeError as error:
            reason = f"'{name}' cannot be written in {self._options.encoding}: {error}"
            raise Refused("syntax-violation", reason, "set another encoding, or change the value") from error
        return cell

    def _write(self, external_id: str, cells: dict[str, str]) -> None:
        self.header += [name for name in cells if name not in self.header]
        row = list(self._held[self._index[external_id]] or [])
        row += [""] * (len(self.header) - len(row))
        for name, cell in cells.items():
            row[self.header.index(name)] = cell
        self._held[self._index[external_id]] = row

    def _save(self) -> None:
        self._loaded = False
        if self._changed():
            raise ConnectionLost(f"{self.path}: was changed by another program while it was being written")
        try:
            with replacing(self.path) as file:
                self._write_all(file)
            self._stamp = stamp(self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._loaded = True

    def _write_all(self, file: IO[bytes]) -> None:
        """Write every row, in the way in which the file was written."""
        form = self._format
        file.write(form.mark)
        text = io.TextIOWrapper(file, encoding=form.encoding, newline="", write_through=True)
        text.write(form.preamble)
        quoting: Literal[0, 1] = csv.QUOTE_ALL if self._options.quoting == "all" else csv.QUOTE_MINIMAL
        shape: dict[str, Any] = {"delimiter": form.delimiter, "quotechar": form.quote, "lineterminator": form.line_end}
        csv.writer(text, quoting=quoting, **shape).writerows(self._table())
        text.detach()
        if not form.ends_with_line_end:
            file.truncate(file.tell() - size_of(form.line_end, form.encoding))

    def _table(self) -> Iterator[list[str]]:
        yield self.header
        width = len(self.header)
        for row in self._held:
            if row is not None:
                yield row + [""] * (width - len(row))


def _plain(kind: str, value: object) -> str:
    return ("true" if value else "false") if kind == "boolean" else str(value)
