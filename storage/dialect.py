"""Everything that is special to SQLite; another database gets a module like this one."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Insert, Table, event, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_SECONDS = 10
"""How long a statement waits for another program's lock."""


def create_engine(path: Path, *, write: bool) -> AsyncEngine:
    """Make the engine for a store file: one for the writer, one for all readers."""
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        pool_size=1 if write else 4,
        max_overflow=0,
        pool_timeout=24 * 3600,  # whoever of this process wants to write waits for its turn
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -32000",
        "temp_store = MEMORY",
        "wal_autocheckpoint = 4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Test a column against any number of values with a single parameter, in one cached statement."""
    listed = func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
    return column.in_(select(listed.c.value))


def upsert(table: Table, *, keys: list[str], values: dict[str, Any] | None = None) -> Insert:
    """Give an insert that replaces the rest of the row where the keys are taken."""
    statement = insert(table)
    if values is not None:
        statement = statement.values(values)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def insert_new(table: Table) -> Insert:
    """Give an insert that leaves rows alone which are there already."""
    return insert(table).on_conflict_do_nothing()


async def insert_many(
    tx: AsyncConnection,
    table: Table,
    names: Sequence[str],
    rows: list[tuple[Any, ...]],
    same: dict[str, str | int] | None = None,
) -> None:
    """Insert rows of plain values without SQLAlchemy looking at each: half as fast again as its executemany.

    `same` are the values that all rows share; they are not bound again for each.
    """
    shared = same or {}
    marks = ["?"] * len(names) + [_literal(value) for value in shared.values()]
    columns = ", ".join([*names, *shared])
    await tx.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join(marks)})", rows)  # noqa: S608


async def insert_at_once(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], same: dict[str, str | int]
) -> None:
    """Insert many rows in one statement, during which this process can compute: SQLite needs nothing of Python."""
    values = [f"value ->> {index}" for index in range(len(names))] + [_literal(value) for value in same.values()]
    columns = ", ".join([*names, *same])
    statement = f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(values)} FROM json_each(?)"  # noqa: S608
    await tx.exec_driver_sql(statement, (orjson.dumps(rows).decode(),))


def _literal(value: str | int) -> str:
    return str(int(value)) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


async def update_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Update rows by id, likewise: each row holds the values in the order of the names, then the id."""
    changes = ", ".join(f"{name} = ?" for name in names)
    await tx.exec_driver_sql(f"UPDATE {table.name} SET {changes} WHERE id = ?", rows)  # noqa: S608


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column holds a text, whatever the case."""
    return func.instr(func.lower(column), text.lower()) > 0


def schema_version(path: Path) -> str | None:
    """Read a store file's schema revision without changing it; None for a file without a schema.

    Raises `sqlite3.Error` as SQLite gives it: not a database, locked, unreadable.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" in tables:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else None
        if tables:
            raise sqlite3.DatabaseError("it holds tables of another program")
        return None
    finally:
        connection.close()


def backup(path: Path, copy: Path) -> None:
    """Copy a store file while it may be in use, consistently."""
    source, target = sqlite3.connect(path, timeout=BUSY_SECONDS), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def error_name(error: BaseException) -> str:
    """Give SQLite's name of an error (`SQLITE_FULL`, …), or an empty text for any other error."""
    cause: BaseException | None = error
    while cause is not None:
        name = getattr(cause, "sqlite_errorname", None)
        if isinstance(name, str):
            return name
        cause = getattr(cause, "orig", None) or cause.__cause__
    return ""
