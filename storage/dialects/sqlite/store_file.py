"""The file of a store: its version, copies of it, and whether it is sound."""

import sqlite3
from contextlib import closing
from pathlib import Path

from storage.dialects.sqlite.dialect import BUSY_SECONDS
from storage.dialects.sqlite.opening import connect, make_private


def schema_version(path: Path) -> str | None:
    """Read a store file's schema revision without changing it; None for a file without a schema.

    Raises `sqlite3.Error` as SQLite gives it: not a database, locked, unreadable.
    """
    connection = connect(path, timeout=BUSY_SECONDS)
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
    """Copy a store file while it may be in use, consistently, to a new file, mode 0600.

    Raises `FileExistsError` where anything has its name, another `OSError`, or `sqlite3.Error`; then there is no copy.
    """
    make_private(copy)
    try:
        with closing(connect(path, timeout=BUSY_SECONDS)) as source, closing(connect(copy)) as target:
            source.backup(target)
    except BaseException:
        remove_copy(copy)
        raise


def remove_copy(copy: Path) -> None:
    """Take away a copy that could not be made whole, with what SQLite has put beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def put_in_place(path: Path, copy: Path) -> None:
    """Let a store file hold what a copy holds, in one transaction. Raises `sqlite3.Error`."""
    with (
        closing(connect(copy, timeout=BUSY_SECONDS)) as source,
        closing(connect(path, timeout=BUSY_SECONDS)) as target,
    ):
        source.backup(target)


def vacuum(path: Path) -> None:
    """Write a store file anew without the room that is no longer used. Raises `sqlite3.Error`."""
    connection = connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def damage(path: Path) -> list[str]:
    """Tell what SQLite finds wrong with a file itself, and which rows name others that are not there."""
    connection = connect(path, timeout=BUSY_SECONDS)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        rows = connection.execute("PRAGMA foreign_key_check").fetchall()
        return found + [f"row {row} of {table} names one of {other} that is not there" for table, row, other, _ in rows]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    finally:
        connection.close()


def definitions(path: Path) -> dict[str, str]:
    """Give how every table, index and trigger of a store is defined, by name."""
    connection = connect(path, timeout=BUSY_SECONDS)
    try:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        return {f"{kind} {name}": str(sql) for kind, name, sql in rows}
    finally:
        connection.close()
