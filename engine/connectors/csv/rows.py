"""Turn the rows of a CSV file into objects: typed columns, ids, and what is wrong with a row."""

from collections.abc import Callable
from typing import Any

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ImportedObject
from engine.connectors.csv.doubts import Shape, may_hold_rows
from engine.connectors.csv.format import Bad
from engine.errors import ObjectError
from engine.values import typed
from engine.values.typed import InvalidValue
from storage.records import Attributes


class RowReader:
    """Turns rows into objects, by the types that the configuration gives to the columns."""

    def __init__(
        self, settings: ObjectTypeConfig, object_type: str, header: list[str], separator: str, quote: str = '"'
    ) -> None:
        self._type = object_type
        self._quote = quote
        self._header = header
        self._separator = separator
        self._id_name = settings.external_id
        self._id_kind = external_ids.kind_of(settings)
        self._id = header.index(settings.external_id)
        self.shape = Shape(header, settings.external_id, fixed=bool(settings.options.columns))
        self.size = 0
        """How many characters the objects had so far."""
        self.may_hide = False
        """Whether a row had an error, a line break or a quote in a field, so that others may stand in it."""
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
        self.may_hide = self.may_hide or may_hold_rows(whole, self._quote)
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
