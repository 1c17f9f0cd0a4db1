"""The errors of SQLite."""

import sqlite3

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
