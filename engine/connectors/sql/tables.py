"""What a type's objects are made of in a database: its table or query, its key, tables of many values."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Table,
    Text,
    and_,
    cast,
    column,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, NoSuchTableError

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import SchemaAttribute
from engine.connectors.sql import table_names
from engine.connectors.sql.change_table import ChangeTable
from engine.connectors.sql.column_types import AS_THEY_ARE, Members, kind_of_column, of_any_type, python_type_of
from engine.connectors.sql.errors import told
from engine.connectors.sql.options import ManyOptions, SqlObjectOptions
from engine.connectors.sql.values import as_column_takes
from engine.errors import CannotConnect

_SOURCE = "interlock_source"


class TypeTables:
    """The table, view or query of one type, as the database describes it."""

    def __init__(self, system: str, kind: str, settings: ObjectTypeConfig, connection: Connection) -> None:
        """Look at the database. Raises `CannotConnect` where something is not there."""
        self.options: SqlObjectOptions = settings.options
        self.settings = settings
        self._system = system
        self.kind = kind
        self.key_names = self.options.key or [settings.external_id]
        self.table: Table | None = None
        self.source: FromClause
        if self.options.table is not None:
            self.source = self.table = self._reflected(self.options.table, connection)
        else:
            self.source = self._of_query(self.options.query or "", connection)
        self.columns: Mapping[str, ColumnElement[Any]] = {one.name: one for one in self.source.columns}
        self.many = {name: self._reflected(one.table, connection) for name, one in self.options.many.items()}
        self.changes = self._changes(connection)
        """What tells of changes, deletes included, where such a table is named."""
        self._must_have(self.key_names, "key")
        self._must_have([self.options.changed] if self.options.changed else [], "changed")
        for name, one in self.options.many.items():
            self._must_hold(name, one)
        if self.options.many and len(self.key_names) > 1:
            raise CannotConnect(f"{system}: '{kind}': attributes in 'many' need a key of one column")
        self.is_unique = self.table is not None and self._is_unique(connection)

    @property
    def place(self) -> str:
        """What the table or query is called, for people."""
        return self.options.table or f"the query of '{self.kind}'"

    def _reflected(self, name: str, connection: Connection) -> Table:
        schema, plain = table_names.parted(name)
        listeners = [("column_reflect", as_it_is)] if (as_it_is := AS_THEY_ARE.get(connection.dialect.name)) else []
        try:
            with of_any_type():
                return Table(
                    plain,
                    MetaData(),
                    schema=schema,
                    autoload_with=connection,
                    resolve_fks=False,
                    listeners=listeners,
                )
        except NoSuchTableError:
            raise CannotConnect(f"{self._system}: there is no table '{name}'") from None

    def _of_query(self, query: str, connection: Connection) -> FromClause:
        written = text(query.replace(":", r"\:"))  # else ':name' would be a parameter
        probe = select(text("*")).select_from(written.columns().subquery(_SOURCE)).where(text("1 = 0"))
        names = list(connection.execute(probe).keys())
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise CannotConnect(f"{self._system}: {self.place} has two columns '{twice}'; name each otherwise with AS")
        return written.columns(*(column(name) for name in names)).subquery(_SOURCE)

    def _changes(self, connection: Connection) -> ChangeTable | None:
        options = self.options.change_table
        if options is None:
            return None
        table = self._reflected(options.table, connection)
        for name in (*options.key, options.sequence):
            if name not in table.columns:
                raise CannotConnect(f"{self._system}: '{options.table}' has no column '{name}' (change_table)")
        if len(options.key) != len(self.key_names):
            told = (
                f"'change_table' names {len(options.key)} columns of a key, and '{self.kind}' has {len(self.key_names)}"
            )
            raise CannotConnect(f"{self._system}: {told}")
        return ChangeTable(table, options)

    def _must_have(self, names: list[str], key: str) -> None:
        for name in names:
            if name not in self.columns:
                there = ", ".join(self.columns)
                raise CannotConnect(f"{self._system}: {self.place} has no column '{name}' ({key}); it has {there}")

    def _must_hold(self, attribute: str, one: ManyOptions) -> None:
        for name in (one.key, one.value):
            if name not in self.many[attribute].columns:
                raise CannotConnect(f"{self._system}: '{one.table}' has no column '{name}' (many.{attribute})")

    def _is_unique(self, connection: Connection) -> bool:
        """Tell whether the database sees to it that no key comes twice, and none is missing."""
        assert self.table is not None  # noqa: S101 - asked of tables alone
        wanted = set(self.key_names)
        if {one.name for one in self.table.primary_key} == wanted:
            return True
        if any(self.table.columns[name].nullable for name in wanted):
            return False
        inspector = inspect(connection)
        place = self.table.name, self.table.schema
        kept = [one["column_names"] for one in inspector.get_unique_constraints(*place)]
        kept += [[str(name) for name in one["column_names"]] for one in inspector.get_indexes(*place) if one["unique"]]
        return any(set(names) == wanted for names in kept)

    def kind_of(self, attribute: str) -> str:
        """Give the kind that the configuration gives to an attribute."""
        return self.settings.type_of(attribute).kind

    def python_type(self, name: str) -> type | None:
        """Give the type that the driver has for a column's values, where that is known."""
        return python_type_of(self.columns[name].type)

    def is_key(self, parts: Sequence[str]) -> ColumnElement[bool] | None:
        """Give the condition by which a key is found; None where its columns cannot hold such a value."""
        conditions = []
        for name, part in zip(self.key_names, parts, strict=True):
            one, wanted = self.columns[name], self.python_type(name)
            if wanted is None:
                conditions.append(cast(one, Text) == part)
                continue
            try:
                conditions.append(one == as_column_takes("text", wanted, part))
            except (ValueError, ArithmeticError):
                return None
        return and_(*conditions)

    def why_unreadable(self, connection: Connection) -> str:
        """Say why no row of the type can be read; nothing where one can, or where there is none."""
        try:
            with connection.begin_nested():
                connection.execute(select(*self._named()).limit(1)).first()
                for name, one in self.options.many.items():
                    columns = self.many[name].columns
                    connection.execute(select(columns[one.key], columns[one.value]).limit(1)).first()
        except DBAPIError as error:
            return told(error)
        return ""

    def _named(self) -> list[ColumnElement[Any]]:
        """Give the columns that the configuration of the type names: others need not be readable."""
        names = {*self.key_names, *self.settings.attributes, self.settings.secondary_external_id, self.options.changed}
        return [one for name, one in self.columns.items() if name in names]

    def describe(self) -> list[SchemaAttribute]:
        """Give the attributes that objects can have."""
        found = [self._described(name) for name in self.columns]
        if self.settings.external_id not in self.columns:
            found.append(SchemaAttribute(self.settings.external_id, multi=False, read_only=True))
        for name, one in self.options.many.items():
            found.append(SchemaAttribute(name, kind_of_column(self.many[name].columns[one.value])))
        return found

    def _described(self, name: str) -> SchemaAttribute:
        one = self.columns[name]
        if not isinstance(one, Column):  # of a query: nothing more is known of it
            return SchemaAttribute(name, multi=False)
        is_given = one.server_default is not None or one.autoincrement is True or one.identity is not None
        is_key = one.primary_key and python_type_of(one.type) is int
        required = not one.nullable and not is_given and not is_key
        return SchemaAttribute(
            name,
            kind_of_column(one),
            isinstance(one.type, (ARRAY, Members)),
            required=required,
            read_only=one.computed is not None,
            syntax=str(one.type),
        )
