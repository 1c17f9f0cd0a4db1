"""All that a store in a database holds, to be read out or taken in."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from sqlalchemy import Boolean, Table

from storage.dialects.postgresql.writing import copying, quote
from storage.errors import StoreError

ROWS_AT_ONCE = 5_000
_GUARDS = ("delete_is_approved_when_staged", "delete_is_approved_when_sent")
"""The triggers that look at what a row is about to become; a row that is moved was looked at when it came to be."""


class DatabaseContents:
    """The rows of a database by their tables, in the transaction of a connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, table: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Give the rows of a table."""
        names = ", ".join(quote(column.name) for column in table.columns)
        keys = ", ".join(quote(column.name) for column in table.primary_key)
        with self._connection.cursor(name="rows") as cursor:
            cursor.execute(f"SELECT {names} FROM {table.name} ORDER BY {keys}".encode())  # noqa: S608
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield rows

    def put(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table. Raises `StoreError` for a value that its column cannot hold."""
        command, types = copying(table, tuple(column.name for column in table.columns))
        for row in rows:
            _require_fit(table, row)
        with self._connection.cursor() as cursor, cursor.copy(command.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def without_guards(self) -> None:
        """Let rows be put that were looked at when they came to be."""
        for guard in _GUARDS:
            self._connection.execute(f"ALTER TABLE pending_exports DISABLE TRIGGER {guard}".encode())

    def finish(self, tables: Sequence[Table]) -> None:
        """Guard the tables again, let new ids follow those that were put, and know how many rows there are."""
        for guard in _GUARDS:
            self._connection.execute(f"ALTER TABLE pending_exports ENABLE TRIGGER {guard}".encode())
        for table in tables:
            if (counted := table.autoincrement_column) is not None:
                following = f"SELECT setval(pg_get_serial_sequence(%s, %s), max({counted.name})) FROM {table.name}"  # noqa: S608
                self._connection.execute(following.encode(), [table.name, counted.name])
            self._connection.execute(f"ANALYZE {table.name}".encode())


def _require_fit(table: Table, row: tuple[Any, ...]) -> None:
    for column, value in zip(table.columns, row, strict=True):
        wanted = int if isinstance(column.type, Boolean) else column.type.python_type
        if value is not None and not isinstance(value, wanted):
            raise StoreError(
                f"{table.name}.{column.name}: {value!r} is no {wanted.__name__}: the store was edited by hand"
            )
        if isinstance(value, str) and "\0" in value:
            raise StoreError(
                f"{table.name}.{column.name}: {value!r} holds the character NUL, which no text of PostgreSQL can; "
                "correct it at its source"
            )
