"""Write objects as rows: a batch in one transaction, each object behind a savepoint of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    RowMapping,
    Table,
    Text,
    and_,
    cast,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import DOMAIN, JSON, JSONB
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.types import NullType

from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.files import Refused
from engine.connectors.sql import keys
from engine.connectors.sql.column_types import Members, python_type_of
from engine.connectors.sql.errors import is_broken, object_error
from engine.connectors.sql.tables import TypeTables
from engine.connectors.sql.values import as_column_takes, values_of
from engine.errors import ObjectError
from engine.values import zones
from engine.values.typed import InvalidValue
from storage.records import AttributeChange, ChangeType

_READ_ONLY = "what a query gives cannot be written"


class _OneByOne(Exception):
    """A batch has to be written one by one: something of it undid the rest."""


def write(
    connection: Connection, types: dict[str, TypeTables], operations: Sequence[ExportOperation]
) -> list[ExportResult]:
    """Carry operations out; what is reported as done is committed. Raises what breaks the connection."""
    try:
        return _in_one_transaction(connection, types, operations)
    except _OneByOne:
        connection.rollback()
        return [_alone(connection, types, one) for one in operations]


def _alone(connection: Connection, types: dict[str, TypeTables], one: ExportOperation) -> ExportResult:
    """Carry one operation out in a transaction of its own."""
    try:
        return _in_one_transaction(connection, types, [one])[0]
    except SQLAlchemyError as error:
        if is_broken(error):
            raise
        connection.rollback()
        return ExportResult(one.id, error=object_error(error))


def _in_one_transaction(
    connection: Connection, types: dict[str, TypeTables], operations: Sequence[ExportOperation]
) -> list[ExportResult]:
    is_alone = len(operations) == 1
    results = []
    for one in operations:
        try:
            with connection.begin_nested():
                results.append(_Writing(connection, types[one.type], one).result())
        except Refused as refusal:
            results.append(ExportResult(one.id, error=refusal.error))
        except SQLAlchemyError as error:
            if is_broken(error):
                raise
            found = _with_columns(object_error(error), types[one.type], one)
            if found.code == "server-busy" and not is_alone:  # a deadlock may have undone more than this
                raise _OneByOne from error
            if is_alone:
                connection.rollback()
                return [ExportResult(one.id, error=found)]
            results.append(ExportResult(one.id, error=found))
    try:
        connection.commit()
    except IntegrityError as error:  # a constraint that is looked at last
        if is_alone:
            raise
        raise _OneByOne from error
    return results


def _with_columns(error: ObjectError, tables: TypeTables, one: ExportOperation) -> ObjectError:
    """Name the columns that a value is too long for, where the database says only that one is."""
    if error.code != "syntax-violation" or "too long" not in error.message:
        return error
    given = {**one.attributes, **{change.name: change.add for change in one.changes}}
    long = [name for name, values in given.items() if _is_too_long(tables, name, values)]
    named = [f"'{name}'" for name in long if name not in error.message]
    return error._replace(message=f"{error.message} ({', '.join(named)})") if named else error


def _is_too_long(tables: TypeTables, name: str, values: Sequence[Any]) -> bool:
    most = getattr(tables.columns[name].type, "length", None) if name in tables.columns else None
    return most is not None and any(len(str(value)) > most for value in values)


class _Writing:
    """One operation, being carried out."""

    def __init__(self, connection: Connection, tables: TypeTables, operation: ExportOperation) -> None:
        self._connection = connection
        self._tables = tables
        self._operation = operation
        if tables.table is None:
            raise Refused("unwilling", _READ_ONLY, "let no rule write to this type, or name its table")
        self._table: Table = tables.table

    def result(self) -> ExportResult:
        """Carry it out. Raises `Refused`, and what the driver raises."""
        match self._operation.change_type:
            case ChangeType.CREATE:
                return ExportResult(self._operation.id, self._create())
            case ChangeType.UPDATE:
                self._update()
            case ChangeType.DELETE:
                self._delete()
        return ExportResult(self._operation.id)

    # ------------------------------------------------------------------ create

    def _create(self) -> str | None:
        """Insert the row and the rows of its many values; give its external id."""
        tables, given = self._tables, self._operation.attributes
        row: dict[str, Any] = {}
        for name, values in given.items():
            if name in tables.many or self._is_composed_id(name):
                continue
            row[name] = self._one_value(name, values)
        second = tables.settings.secondary_external_id
        if second is not None and second in tables.columns and self._operation.secondary_id is not None:
            row.setdefault(second, self._operation.secondary_id)
        if all(row.get(name) is not None for name in tables.key_names) and self._held(self._is_row(row)) is not None:
            text = keys.joined([row[name] for name in tables.key_names])
            raise Refused("existing-object", f"'{text}' stands in {tables.place} already", "join it by a rule")
        inserted = self._connection.execute(insert(self._table).values(row))
        made = dict(
            zip((one.name for one in self._table.primary_key), inserted.inserted_primary_key or (), strict=False)
        )
        key = [row.get(name, made.get(name)) for name in tables.key_names]
        for name in tables.many:
            self._add_children(name, key[0], given.get(name, []))
        return keys.joined(key)

    def _is_composed_id(self, name: str) -> bool:
        """Tell whether an attribute is the external id that several columns make together."""
        return name == self._tables.settings.external_id and name not in self._tables.columns

    def _is_row(self, row: dict[str, Any]) -> ColumnElement[bool]:
        return and_(*(self._table.columns[name] == row[name] for name in self._tables.key_names))

    def _one_value(self, name: str, values: list[Any]) -> Any:
        """Give what a column is to hold. Raises `Refused`."""
        tables = self._tables
        if name not in tables.columns:
            raise Refused("schema-violation", f"{tables.place} has no column '{name}'", "correct the rule's flow")
        if isinstance(self._table.columns[name].type, (ARRAY, Members)):
            return [self._as_taken(name, value) for value in values]
        if len(values) > 1:
            told = f"'{name}' takes one value, and is to have {len(values)}"
            raise Refused("constraint-violation", told, "choose one in the rule, or give it a table by 'many'")
        return self._as_taken(name, values[0]) if values else None

    def _as_taken(self, name: str, value: Any) -> Any:
        """Give a value as its column takes it. Raises `Refused`."""
        type_ = self._table.columns[name].type
        try:
            taken = as_column_takes(self._tables.kind_of(name), self._tables.python_type(name), value)
        except (ValueError, ArithmeticError) as error:
            told = f"'{name}' is {type_}, and takes no '{value}'"
            raise Refused("syntax-violation", told, "correct the value, or declare the attribute") from error
        if isinstance(taken, datetime) and isinstance(type_, DateTime) and not type_.timezone:
            return zones.local(taken).replace(tzinfo=None)
        return taken

    # ------------------------------------------------------------------ update

    def _update(self) -> None:
        """Write what changes over what was there when it was decided; what somebody else has changed since stays."""
        condition, held = self._row()
        new: dict[str, Any] = {}
        unseen: list[ColumnElement[bool]] = []
        for change in self._operation.changes:
            if change.name in self._tables.many:
                self._change_children(change, held)
                continue
            new[change.name] = self._one_value(change.name, self._after(change, held))
            unseen.append(self._is_still(change, held))
        second = self._tables.settings.secondary_external_id
        is_renamed = self._operation.new_secondary_id is not None
        if second is not None and is_renamed and second in self._tables.columns:
            new[second] = self._operation.new_secondary_id
        self._refuse_another_key(new, held)
        if not new:
            return
        done = self._connection.execute(update(self._table).where(condition, *unseen).values(new))
        if done.rowcount == 0:
            self._refuse_unless_done(new, condition)

    def _refuse_another_key(self, new: dict[str, Any], held: RowMapping) -> None:
        """Refuse to give a row another id: an import would take it for another object."""
        for name in self._tables.key_names:
            if name in new and self._values(name, new) != self._values(name, held):
                told = f"'{name}' is part of the id of '{self._operation.external_id}': an object keeps its id"
                advice = "let the key be what never changes; or delete the row and let it be created anew"
                raise Refused("external-id-changes", told, advice)

    def _row(self) -> tuple[ColumnElement[bool], RowMapping]:
        """Find the row: the condition that finds it, and what it holds. Raises `Refused`."""
        operation, tables = self._operation, self._tables
        condition: ColumnElement[bool] | None = None
        if operation.external_id is not None:
            parts = keys.parted(operation.external_id, len(tables.key_names))
            condition = tables.is_key(parts) if parts is not None else None
        elif (second := tables.settings.secondary_external_id) is not None and second in tables.columns:
            condition = self._table.columns[second] == operation.secondary_id
        name = operation.external_id or operation.secondary_id
        held = self._found(condition, 2) if condition is not None else []
        if condition is None or not held:
            told = f"'{name}' does not stand in {tables.place}"
            raise Refused("missing-object", told, "import the database to see what became of it")
        if len(held) > 1:
            told = f"'{name}' stands in {tables.place} more than once"
            raise Refused("duplicate-external-id", told, "give every row its own id, or take one of them away")
        return condition, held[0]

    def _held(self, condition: ColumnElement[bool]) -> RowMapping | None:
        return next(iter(self._found(condition, 1)), None)

    def _found(self, condition: ColumnElement[bool], most: int) -> Sequence[RowMapping]:
        """Find rows, with the columns that the operation is about: the user need not have the right to read others."""
        named = {*self._operation.attributes, *(change.name for change in self._operation.changes)}
        second = self._tables.settings.secondary_external_id
        read = [one for one in self._table.columns if one.name in {*self._tables.key_names, *named, second}]
        return self._connection.execute(select(*read).where(condition).limit(most)).mappings().all()

    def _after(self, change: AttributeChange, held: RowMapping) -> list[Any]:
        """Give the values that an attribute is to have."""
        if change.replace:
            return change.add
        removed = set(change.remove)
        kept = [value for value in self._values(change.name, held) if value not in removed]
        return list(dict.fromkeys([*kept, *change.add]))

    def _values(self, name: str, held: RowMapping | dict[str, Any]) -> list[Any]:
        """Read what a column holds; what cannot be read is no value that anybody has seen."""
        try:
            return values_of(self._tables.kind_of(name), held.get(name), keep_empty=self._tables.settings.keep_empty)
        except InvalidValue:
            return []

    def _is_still(self, change: AttributeChange, held: RowMapping) -> ColumnElement[bool]:
        """Give the condition that a column still holds what it held when the change was decided."""
        column = self._table.columns[change.name]
        seen = change.remove if change.imported is None else change.imported
        if not change.replace:
            return _is(column, held[change.name])  # exact values come and go; the rest may be anything
        if self._values(change.name, held) == seen:
            return _is(column, held[change.name])  # it may be written in another way
        if not seen:
            is_text = self._tables.python_type(change.name) is str
            return or_(column.is_(None), column == "") if is_text else column.is_(None)
        return _is(column, self._one_value(change.name, seen))

    def _refuse_unless_done(self, new: dict[str, Any], condition: ColumnElement[bool]) -> None:
        """Find out why nothing was changed: it is as it is to be already, or somebody else was faster."""
        held = self._held(condition)
        if held is None:
            raise Refused("missing-object", "it was deleted meanwhile", "import the database to see what became of it")
        other = sorted(name for name in new if self._values(name, held) != self._values(name, new))
        if other:
            told = f"somebody else has changed {', '.join(other)} since it was last imported"
            raise Refused("missing-value", told, "import the database, then evaluate again")

    # ------------------------------------------------------------------ many values, delete

    def _change_children(self, change: AttributeChange, held: RowMapping) -> None:
        """Let exactly those rows of a child table come and go that a change names."""
        options, table = self._tables.options.many[change.name], self._tables.many[change.name]
        key, value = table.columns[options.key], table.columns[options.value]
        parent = held[self._tables.key_names[0]]
        kind = self._tables.kind_of(change.name)
        there = {
            one: raw
            for (raw,) in self._connection.execute(select(value).where(key == parent))
            for one in values_of(kind, raw, keep_empty=True)
        }
        gone = [one for one in there if one not in change.add] if change.replace else change.remove
        for one in gone:
            if one in there:
                self._connection.execute(delete(table).where(key == parent, value == there[one]))
        self._add_children(change.name, parent, [one for one in change.add if one not in there])

    def _add_children(self, name: str, parent: Any, values: list[Any]) -> None:
        if not values:
            return
        options, table = self._tables.options.many[name], self._tables.many[name]
        value_column = table.columns[options.value]
        kind, wanted = self._tables.kind_of(name), python_type_of(value_column.type)
        try:
            rows = [{options.key: parent, options.value: as_column_takes(kind, wanted, one)} for one in values]
        except (ValueError, ArithmeticError) as error:
            told = f"'{name}': a value is not as '{options.table}' takes it: {error}"
            raise Refused("syntax-violation", told, "correct the value, or declare the attribute") from error
        self._connection.execute(insert(table), rows)

    def _delete(self) -> None:
        condition, held = self._row()
        for name, options in self._tables.options.many.items():
            table = self._tables.many[name]
            key = table.columns[options.key]
            self._connection.execute(delete(table).where(key == held[self._tables.key_names[0]]))
        self._connection.execute(delete(self._table).where(condition))


def _is(column: Column[Any], value: Any) -> ColumnElement[bool]:
    """Give the condition that a column holds just a value, or NULL."""
    if isinstance(column.type, JSON):  # of PostgreSQL, where it has no equality by itself
        return cast(column, JSONB).is_not_distinct_from(cast(literal(value, column.type), JSONB))
    if isinstance(column.type, NullType):  # nothing is known of it, not even whether it has an equality
        return cast(column, Text).is_not_distinct_from(literal(None if value is None else str(value), Text()))
    if isinstance(column.type, (Float, DOMAIN)):  # a number of single precision is no other one of double precision
        held = column.type.data_type if isinstance(column.type, DOMAIN) else column.type
        return cast(column, held).is_not_distinct_from(cast(literal(value, held), held))
    return column.is_not_distinct_from(literal(value, column.type))
