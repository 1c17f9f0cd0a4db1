"""Read the rows of a table or query as objects: in one snapshot, page by page, the values of child tables beside."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal, or_, select

from engine.configuration import external_ids
from engine.connectors.base import PAGE_BYTES, ImportedObject
from engine.connectors.sql import keys
from engine.connectors.sql.tables import TypeTables
from engine.connectors.sql.values import text_of, values_of
from engine.errors import CannotConnect, ObjectError
from engine.values import typed
from engine.values.typed import InvalidValue
from storage.records import Attributes

_DAY = len("2026-11-27")
_AT_ONCE = 500
"""How many keys one statement looks child rows up for."""
Position = list[Any]
"""The values of a key, as the driver has them."""


class RowReader:
    """Reads the objects of one type."""

    def __init__(self, tables: TypeTables, used: frozenset[str]) -> None:
        """Take a type's tables, and which attributes are used. Raises `CannotConnect` for one that is not there."""
        self._tables = tables
        self._settings = tables.settings
        self._read_id = external_ids.reader(tables.settings)
        own = {tables.settings.external_id} - tables.columns.keys()
        self._many = sorted(used & tables.many.keys())
        self._names = sorted((used & tables.columns.keys()) - tables.many.keys())
        self._is_composed = bool(own & used)
        self.unknown = sorted(used - tables.columns.keys() - tables.many.keys() - own)
        """Attributes that are used, and that nothing in the database is called."""
        second = tables.settings.secondary_external_id
        more = [second] if second in tables.columns else []
        self._select = list(dict.fromkeys([*tables.key_names, *self._names, *more]))

    def pages(
        self, connection: Connection, size: int, *, since: ColumnElement[bool] | None, can_stream_many: bool
    ) -> Generator[list[ImportedObject]]:
        """Give every object, or those that changed since. Raises `CannotConnect`, and what the driver raises."""
        if self._tables.is_unique:
            rows = self._by_key(connection, size, since)
        elif self._many and not can_stream_many:
            place = self._tables.place
            raise CannotConnect(f"{place}: attributes in 'many' need a table with a primary key on this database")
        else:
            rows = self._streamed(connection, size, since)
        with closing(rows):
            for page in rows:
                yield from self._cut(self._objects(connection, page), size)

    def named(self, connection: Connection, named: Sequence[Sequence[Any]]) -> tuple[list[ImportedObject], list[str]]:
        """Give the objects that have some keys, and the external ids of those that are not there."""
        columns = [self._tables.columns[name] for name in self._tables.key_names]
        conditions = [and_(*(column == value for column, value in zip(columns, one, strict=True))) for one in named]
        rows = connection.execute(self._query(or_(*conditions))).all()
        found = [one for one, _ in self._objects(connection, rows)]
        there = {one.external_id for one in found}
        return found, [one for one in map(self._id_of, named) if one is not None and one not in there]

    def _id_of(self, key: Sequence[Any]) -> str | None:
        """Give the external id that a key is; None where it is none."""
        text = keys.joined(list(key))
        try:
            return None if text is None else self._read_id(text)
        except InvalidValue:
            return None

    def _by_key(
        self, connection: Connection, size: int, since: ColumnElement[bool] | None
    ) -> Generator[list[Row[Any]]]:
        """Read on behind the last key: no cursor stays open, and every page finds its beginning by the index."""
        after: Position | None = None
        while True:
            query = self._query(since).limit(size)
            if after is not None:
                query = query.where(self._is_behind(after))
            page = list(connection.execute(query).all())
            if page:
                yield page
                after = [page[-1]._mapping[name] for name in self._tables.key_names]
            if len(page) < size:
                return

    def _is_behind(self, after: Position) -> ColumnElement[bool]:
        """Tell of a row whether its key comes after another, column by column."""
        columns = [self._tables.columns[name] for name in self._tables.key_names]
        steps = [
            and_(
                *(one == value for one, value in zip(columns[:index], after, strict=False)),
                columns[index] > after[index],
            )
            for index in range(len(columns))
        ]
        return or_(*steps)

    def _streamed(
        self, connection: Connection, size: int, since: ColumnElement[bool] | None
    ) -> Generator[list[Row[Any]]]:
        result = connection.execution_options(stream_results=True, max_row_buffer=size).execute(self._query(since))
        with closing(result):
            for part in result.partitions(size):
                yield list(part)

    def _query(self, since: ColumnElement[bool] | None) -> Select[Any]:
        columns = self._tables.columns
        query = select(*(columns[name] for name in self._select))
        query = query.order_by(*(columns[name] for name in self._tables.key_names))
        return query if since is None else query.where(since)

    def _objects(self, connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[tuple[ImportedObject, int]]:
        """Make the objects of rows, each with about how many bytes it has."""
        first = self._tables.key_names[0]
        children = self._children(connection, [row._mapping[first] for row in rows]) if self._many else {}
        for row in rows:
            found = row._mapping
            size = sum(len(one) for one in found.values() if isinstance(one, (str, bytes)))
            yield self._object(found, {name: children[name].get(text_of(found[first]), []) for name in children}), size

    def _object(self, row: Any, many: dict[str, list[Any]]) -> ImportedObject:
        tables, settings = self._tables, self._settings
        parts = [row[name] for name in tables.key_names]
        text = keys.joined(parts)
        one = ImportedObject(tables.kind, None, {}, None, f"{tables.place}:{text or keys.shown(parts)}")
        if text is None:
            told = f"{', '.join(keys.without_value(tables.key_names, parts))} is NULL or empty"
            one.error = ObjectError("missing-external-id", told, "fill it in at the source")
            return one
        name = settings.external_id
        try:
            one.external_id = self._read_id(text)
        except InvalidValue as error:
            told = f"the external id cannot be read: '{name}': {error}"
            one.error = ObjectError("syntax-violation", told, "correct it at the source, or declare it otherwise")
            return one
        second = settings.secondary_external_id
        attributes: Attributes = {name: [one.external_id]} if self._is_composed else {}
        given = {name: row[name] for name in self._names} | many
        try:
            if second is not None and second in row and row[second] is not None:
                name = second
                one.secondary_id = typed.parse("text", text_of(row[second]))
            for name, value in given.items():
                if read := values_of(tables.kind_of(name), value, keep_empty=settings.keep_empty):
                    attributes[name] = read
        except InvalidValue as error:
            one.error = ObjectError("syntax-violation", f"'{name}': {error}", "correct the value at the source")
            return one
        one.attributes = attributes
        return one

    def _children(self, connection: Connection, of: list[Any]) -> dict[str, dict[str, list[Any]]]:
        """Read the values of child tables: attribute → key → values, in their order."""
        found: dict[str, dict[str, list[Any]]] = {}
        for name in self._many:
            options, table = self._tables.options.many[name], self._tables.many[name]
            key, value = table.columns[options.key], table.columns[options.value]
            own = found[name] = {}
            for start in range(0, len(of), _AT_ONCE):
                query = select(key, value).where(key.in_(of[start : start + _AT_ONCE])).order_by(key, value)
                for parent, child in connection.execute(query):
                    own.setdefault(text_of(parent), []).append(child)
        return found

    def _cut(self, objects: Iterator[tuple[ImportedObject, int]], most: int) -> Iterator[list[ImportedObject]]:
        """Cut a page where its objects would take much memory."""
        page: list[ImportedObject] = []
        taken = 0
        for one, size in objects:
            page.append(one)
            taken += size
            if len(page) == most or taken >= PAGE_BYTES:
                yield page
                page, taken = [], 0
        if page:
            yield page

    def find(self, connection: Connection, external_id: str | None, secondary_id: str | None) -> ImportedObject | None:
        """Look one object up, by its id or else by its secondary id."""
        condition = self._is_one(external_id, secondary_id)
        if condition is None:
            return None
        rows = connection.execute(self._query(condition).limit(1)).all()
        return next((one for one, _ in self._objects(connection, rows)), None)

    def _is_one(self, external_id: str | None, secondary_id: str | None) -> ColumnElement[bool] | None:
        """Give the condition that finds one object; None where nothing can be it."""
        tables = self._tables
        if external_id is None:
            name = self._settings.secondary_external_id
            found = tables.columns.get(name) if name is not None else None
            return None if found is None or secondary_id is None else found == secondary_id
        parts = keys.parted(external_id, len(tables.key_names))
        if parts is None:
            return None
        return tables.is_key(parts)

    def last_change(self, connection: Connection) -> Any:
        """Give the newest value of the column that only grows, or the number of the newest change."""
        if self._tables.changes is not None:
            return self._tables.changes.last(connection)
        return connection.execute(select(func.max(self._tables.columns[self._tables.options.changed or ""]))).scalar()

    def changed_since(self, watermark: Any, overlap: timedelta) -> ColumnElement[bool]:
        """Give the condition of what has changed since, and a little before that."""
        one = self._tables.columns[self._tables.options.changed or ""]
        return one >= literal(_earlier(watermark, overlap), one.type)


def _earlier(watermark: Any, overlap: timedelta) -> Any:
    """Give what is a little before a watermark, where it is a moment; in the form in which it is written."""
    if isinstance(watermark, datetime):
        return watermark - overlap
    if isinstance(watermark, str) and len(watermark) > _DAY:
        with suppress(ValueError):
            return (datetime.fromisoformat(watermark) - overlap).isoformat(sep=watermark[_DAY])
    return watermark
