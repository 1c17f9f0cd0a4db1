"""The errors of SQLite."""

import sqlite3
from pathlib import Path

from storage.dialects.sqlite import dialect
from storage.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly, StoreUnreadable

DriverError = sqlite3.Error
"""What the driver raises where SQLAlchemy does not stand between."""


def error_name(error: BaseException) -> str:
    """Give SQLite's name of an error (`SQLITE_FULL`, …), or an empty text for any other error."""
    cause: BaseException | None = error
    while cause is not None:
        name = getattr(cause, "sqlite_errorname", None)
        if isinstance(name, str):
            return name
        cause = getattr(cause, "orig", None) or cause.__cause__
    return ""


def explain(error: Exception, path: Path) -> StoreError:
    """Give an error of the database as what it means for the store, and what to do about it."""
    name = error_name(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLocked(
            f"{path}: another program kept the store locked for {dialect.BUSY_SECONDS} s; "
            "end it or wait, then try again"
        )
    if name == "SQLITE_FULL":
        return StoreFull(f"{path}: the disk is full; free some room, then run again: nothing half-written was kept")
    if name.startswith("SQLITE_READONLY"):
        return StoreReadOnly(f"{path}: the store cannot be written; check owner, permissions and mount options")
    if name.startswith("SQLITE_IOERR"):
        return StoreFull(
            f"{path}: the disk refused to read or write ({name}); check free room and the disk's health, then run again"
        )
    if name.startswith("SQLITE_CONSTRAINT"):
        return StoreError(f"{path}: refused by a rule of the store itself: {getattr(error, 'orig', error)}")
    reason = getattr(error, "orig", None) or error
    return StoreUnreadable(f"{path}: cannot be used as a store: {reason}")
