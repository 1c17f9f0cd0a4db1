"""A CSV file as a table that can be written: loaded once, replaced as a whole after each batch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine import values
from engine.config import ObjectTypeConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.files import Stamp, changed_since, replacing, stamp
from engine.errors import CannotConnect, ConnectionLost, ObjectError
from storage.records import AttributeChange, ChangeType

if TYPE_CHECKING:
    from engine.connectors.csv import CsvOptions


class CsvTable:
    """The rows of one file by external id; columns that we do not know stay as they are."""

    def __init__(self, path: Path, settings: ObjectTypeConfig, options: CsvOptions) -> None:
        self.path = path
        self._settings = settings
        self._options = options
        self._id = settings.external_id
        self.header: list[str] = []
        self._rows: dict[str, dict[str, str]] = {}
        self._stamp: Stamp | None = None

    def _load(self) -> None:
        """Read the file anew if it is not what we wrote last; a missing one is empty."""
        if self._stamp is not None and not changed_since(self.path, self._stamp):
            return
        self.header, self._rows = [self._id], {}
        try:
            if self.path.exists():
                self._stamp = stamp(self.path)
                with self.path.open(encoding=self._encoding, newline="") as file:
                    self._read(csv.DictReader(file, delimiter=self._options.delimiter, quotechar=self._options.quote))
        except (OSError, UnicodeError, csv.Error) as error:
            raise CannotConnect(f"{self.path}: cannot be read: {error}") from error

    def _read(self, reader: csv.DictReader[str]) -> None:
        self.header = [name.strip() for name in reader.fieldnames or [self._id]]
        reader.fieldnames = self.header
        for row in reader:
            self._rows[(row.get(self._id) or "").strip()] = {name: row.get(name) or "" for name in self.header}

    @property
    def _encoding(self) -> str:
        return "utf-8-sig" if self._options.encoding.lower() == "utf-8" else self._options.encoding

    def find(self, external_id: str) -> list[str] | None:
        """Give the row with an id."""
        self._load()
        row = self._rows.get(external_id)
        return None if row is None else [row.get(name, "") for name in self.header]

    def apply(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations and replace the file; what is reported as done is on the disk."""
        self._load()
        results = [self._execute(operation) for operation in operations]
        if any(result.error is None for result in results):
            self._save()
        return results

    def _execute(self, operation: ExportOperation) -> ExportResult:
        external_id = operation.external_id
        if not external_id:
            return _refused(operation, "missing-external-id", f"'{self._id}' has no value", "flow a value into it")
        if operation.change_type == ChangeType.CREATE:
            if external_id in self._rows:
                return _refused(operation, "existing-object", f"'{external_id}' exists already", "join it by a rule")
            self._rows[external_id] = {self._id: external_id}
            for name, found in operation.attributes.items():
                self._set(external_id, name, found)
            return ExportResult(operation.id, external_id)
        if external_id not in self._rows:
            return _refused(operation, "missing-object", f"'{external_id}' does not exist", "import the file again")
        if operation.change_type == ChangeType.DELETE:
            del self._rows[external_id]
        for change in operation.changes:
            self._set(external_id, change.name, self._changed(external_id, change))
        return ExportResult(operation.id)

    def _changed(self, external_id: str, change: AttributeChange) -> list[object]:
        if change.replace:
            return change.add
        kind = self._settings.type_of(change.name).kind
        held = self._rows[external_id].get(change.name, "").split(self._options.separator)
        present = [values.parse(kind, part.strip()) for part in held if part.strip()]
        removed = set(change.remove)
        return list(dict.fromkeys([value for value in present if value not in removed] + change.add))

    def _set(self, external_id: str, name: str, found: Sequence[object]) -> None:
        if name not in self.header:
            self.header.append(name)
        kind = self._settings.type_of(name).kind
        texts = [_plain(kind, value) for value in found]
        self._rows[external_id][name] = self._options.separator.join(texts)

    def _save(self) -> None:
        if self._stamp is not None and changed_since(self.path, self._stamp):
            self._stamp = None
            raise ConnectionLost(f"{self.path}: was changed by another program while it was being written")
        try:
            with replacing(self.path) as file:
                text = io.TextIOWrapper(file, encoding=self._options.encoding, newline="", write_through=True)
                writer = csv.writer(text, delimiter=self._options.delimiter, quotechar=self._options.quote)
                writer.writerows(self._table())
                text.detach()
        except OSError as error:
            self._stamp = None
            raise ConnectionLost(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self._stamp = stamp(self.path)

    def _table(self) -> Iterator[list[str]]:
        yield self.header
        for row in self._rows.values():
            yield [row.get(name, "") for name in self.header]


def _plain(kind: str, value: object) -> str:
    return ("true" if value else "false") if kind == "boolean" else str(value)


def _refused(operation: ExportOperation, code: str, message: str, advice: str) -> ExportResult:
    return ExportResult(operation.id, error=ObjectError(code, message, advice))
