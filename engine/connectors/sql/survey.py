"""Look at a database for a first configuration: its tables, their keys, and what refers to what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Inspector, inspect, literal, make_url, select
from sqlalchemy import table as plain_table
from sqlalchemy.exc import DBAPIError

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import SchemaAttribute
from engine.connectors.sql import table_names
from engine.connectors.sql.column_types import of_any_type
from engine.connectors.sql.database import Database
from engine.connectors.sql.options import SqlObjectOptions, SqlOptions
from engine.connectors.sql.tables import TypeTables
from engine.connectors.survey import MOST_LETTERS, SAMPLE, SHOWN, Survey, SurveyedType, holds_secrets
from engine.errors import CannotConnect

MOST_TABLES = 10
"""Tables that become types at first; the others are there to be added."""
_PEOPLE = ("person", "people", "persons", "employee", "employees", "user", "users", "staff", "member", "members")
_GROUPS = ("group", "groups", "department", "departments", "team", "teams", "unit", "units", "role", "roles")
_SYSTEMS_OWN = ("information_schema", "pg_catalog", "mysql", "performance_schema", "sys")
_TOGETHER = ("key", "key_of_row", "external_id")
"""What a key of several columns may be called: as none of the columns is."""


class _Place(NamedTuple):
    """A table, by its schema where it does not stand in the usual one."""

    schema: str | None
    table: str

    @property
    def name(self) -> str:
        return table_names.written(self.schema, self.table)


class _Reference(NamedTuple):
    column: str
    to: _Place


def survey_database(url: str, folder: Path, options: Mapping[str, Any]) -> Survey:
    """Look at a database, and change nothing.

    Raises `CannotConnect`, `CredentialsRefused`, `ConnectionLost`, or pydantic's `ValidationError` for the options.
    """
    settings = SqlOptions.model_validate({"url": url, **options})
    database = Database(url, settings, folder)
    try:
        with database.reading() as connection, of_any_type():
            types, notes = _Survey(connection).types()
    finally:
        database.close()
    if not types:
        raise CannotConnect(f"{url}: has no table with a primary key; name a table, or a query, in a configuration")
    return Survey({"connector": "sql", "url": _from_anywhere(url, folder)}, types, notes)


def _from_anywhere(url: str, folder: Path) -> str:
    """Give the address as it is understood in any folder: a file's with its whole path."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database:
        return url
    return parts.set(database=str((folder / parts.database).resolve())).render_as_string()


class _Survey:
    """A look at all tables of a database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inspector: Inspector = inspect(connection)
        self._unreadable: list[_Place] = []
        self._keys = {place: self._key_of(place) for place in self._places()}
        self._references = {place: self._references_of(place) for place in self._keys}
        self._many = {place: of for place in self._keys if (of := self._belongs_to(place)) is not None}
        self._names: dict[_Place, str] = {}

    def _places(self) -> list[_Place]:
        usual, found = self._inspector.default_schema_name, []
        several = self._connection.dialect.name == "postgresql"
        for schema in self._inspector.get_schema_names() if several else [usual]:
            if schema not in _SYSTEMS_OWN:
                own = None if schema == usual else schema
                found += [_Place(own, name) for name in sorted(self._inspector.get_table_names(schema))]
        readable = [place for place in found if self._is_readable(place)]
        self._unreadable = [place for place in found if place not in readable]
        return readable

    def _is_readable(self, place: _Place) -> bool:
        """Tell whether the user may read a table: a database lists those of others as well."""
        try:
            with self._connection.begin_nested():
                rows = plain_table(place.table, schema=place.schema)
                self._connection.execute(select(literal(1)).select_from(rows).limit(1))
        except DBAPIError:
            return False
        return True

    def _key_of(self, place: _Place) -> list[str]:
        return list(self._inspector.get_pk_constraint(place.table, place.schema)["constrained_columns"])

    def _references_of(self, place: _Place) -> list[_Reference]:
        """Give the columns that name a row of a table by its whole key."""
        found = []
        for one in self._inspector.get_foreign_keys(place.table, place.schema):
            to = _Place(one["referred_schema"], one["referred_table"])
            if len(one["constrained_columns"]) == 1 and self._keys.get(to) == one["referred_columns"]:
                found.append(_Reference(one["constrained_columns"][0], to))
        return found

    def _belongs_to(self, place: _Place) -> _Reference | None:
        """Give whose values a table holds, a row each: it has two columns, and one names a row of another table."""
        columns = [one["name"] for one in self._inspector.get_columns(place.table, place.schema)]
        if len(columns) != 2:
            return None
        return next((one for name in columns for one in self._references[place] if one.column == name), None)

    def types(self) -> tuple[list[SurveyedType], tuple[str, ...]]:
        """Give the types, people first, and what was passed over."""
        plain = [place for place in self._keys if place not in self._many]
        keyed = sorted((one for one in plain if self._keys[one]), key=_likelihood)
        chosen, others = keyed[:MOST_TABLES], keyed[MOST_TABLES:]
        for place in chosen:
            self._names[place] = self._called(place)
        notes = [
            f"{place.name} has no primary key: name its 'key' to use it" for place in plain if not self._keys[place]
        ]
        if self._unreadable:
            names = ", ".join(sorted(place.name for place in self._unreadable))
            notes.append(f"this user may not read {names}: left out")
        if others:
            notes.append(f"there are more tables: {', '.join(place.name for place in others)}")
        return [self._type(place) for place in chosen], tuple(notes)

    def _called(self, place: _Place) -> str:
        """Give a table's type a name that no other has."""
        plain = place.table.lower()
        usual = "person" if plain in _PEOPLE else "group" if plain in _GROUPS else ""
        own = "".join(char if char.isascii() and char.isalnum() else "_" for char in plain)
        names = (usual, own, f"{place.schema}_{own}", f"{own}_{len(self._names)}")
        return next(one for one in names if one and one[0].isalpha() and one not in self._names.values())

    def _type(self, place: _Place) -> SurveyedType:
        key = self._keys[place]
        columns = [one["name"] for one in self._inspector.get_columns(place.table, place.schema)]
        keys: dict[str, Any] = {"table": place.name, "external_id": key[0]}
        many: dict[str, _Place] = {}
        if len(key) > 1:
            keys |= {"external_id": next(name for name in _TOGETHER if name not in columns), "key": key}
        else:
            many = {self._named(table, columns): table for table in self._values_of(place)}
        if many:
            keys["many"] = {name: self._written(table) for name, table in many.items()}
        refers_to = self._referred(place, many)
        sample, attributes = self._attributes(place, keys, refers_to)
        names = [one.name for one in attributes]
        rows = [{name: str(row[name]) for name in names if row.get(name) is not None} for row in sample[:SHOWN]]
        sure = [key[0]] if sample and len(key) == 1 else []
        return SurveyedType(self._names[place], keys, len(sample), attributes, refers_to, candidates=sure, rows=rows)

    def _referred(self, place: _Place, many: Mapping[str, _Place]) -> dict[str, str]:
        """Give the attributes that name objects of a type."""
        found = {one.column: one.to for one in self._references[place]}
        for name, table in many.items():
            found.update((name, one.to) for one in self._references[table] if one.column != self._many[table].column)
        return {name: self._names[to] for name, to in found.items() if to in self._names}

    def _values_of(self, place: _Place) -> list[_Place]:
        """Give the tables that hold values of a table's rows."""
        return [table for table, of in self._many.items() if of.to == place]

    def _named(self, table: _Place, columns: list[str]) -> str:
        return table.table if table.table not in columns else f"{table.table}_values"

    def _written(self, table: _Place) -> dict[str, str]:
        """Give a table of values as `many` has it."""
        key = self._many[table].column
        columns = [str(one["name"]) for one in self._inspector.get_columns(table.table, table.schema)]
        return {"table": table.name, "key": key, "value": next(name for name in columns if name != key)}

    def _attributes(
        self, place: _Place, keys: Mapping[str, Any], refers_to: Mapping[str, str]
    ) -> tuple[Sequence[Mapping[str, Any]], list[SchemaAttribute]]:
        """Give the rows that were looked at, and the columns of which one holds something, in the table's order."""
        own = {name: keys[name] for name in ("table", "key", "many") if name in keys}
        settings = ObjectTypeConfig(external_id=keys["external_id"], options=SqlObjectOptions(**own))
        tables = TypeTables(place.name, place.table, settings, self._connection)
        held: Counter[str] = Counter()
        rows = self._connection.execute(select(tables.source).limit(SAMPLE)).mappings().all()
        for row in rows:
            held.update(name for name, value in row.items() if value is not None and len(str(value)) <= MOST_LETTERS)
        columns = set(held) if rows else set(tables.columns)
        found = [
            one._replace(kind="reference") if one.name in refers_to else one
            for one in tables.describe()
            if one.name in keys.get("many", ()) or (one.name in columns and not holds_secrets(one.name))
        ]
        return [{str(name): value for name, value in row.items()} for row in rows], found


def _likelihood(place: _Place) -> tuple[bool, bool, str]:
    """Put people before groups, and both before all others."""
    plain = place.table.lower()
    return plain not in _PEOPLE, plain not in _GROUPS, place.name
