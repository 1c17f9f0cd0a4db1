"""All that a store file holds, to be read out or taken in."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import dialect

from storage.dialects.sqlite.dialect import BUSY_SECONDS
from storage.dialects.sqlite.opening import connect

ROWS_AT_ONCE = 5_000
_GUARDS = ("delete_is_approved_when_staged", "delete_is_approved_when_sent")
"""The triggers that look at what a row is about to become; a row that is moved was looked at when it came to be."""
_quote = dialect().identifier_preparer.quote


@contextmanager
def contents(path: Path, *, is_new: bool = False) -> Iterator["FileContents"]:
    """Give what a file holds, in one transaction that nobody else writes in. Raises `sqlite3.Error`."""
    with closing(connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        guards = _without_guards(connection) if is_new else []
        yield FileContents(connection)
        for guard in guards:
            connection.execute(guard)
        connection.execute("COMMIT")


def _without_guards(connection: sqlite3.Connection) -> list[str]:
    """Take some triggers away, and give the statements that make them again."""
    made = []
    for name in _GUARDS:
        made.append(connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()[0])
        connection.execute(f"DROP TRIGGER {name}")
    return made


class FileContents:
    """The rows of a file by their tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, table: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Give the rows of a table."""
        names = ", ".join(_quote(column.name) for column in table.columns)
        keys = ", ".join(_quote(column.name) for column in table.primary_key)
        cursor = self._connection.execute(f"SELECT {names} FROM {table.name} ORDER BY {keys}")  # noqa: S608
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows

    def put(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table."""
        names = ", ".join(_quote(column.name) for column in table.columns)
        marks = ", ".join("?" * len(table.columns))
        self._connection.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608
