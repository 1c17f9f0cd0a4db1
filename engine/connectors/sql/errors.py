"""What a database's error means: for one object, or for the whole connection."""

import re
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused, ObjectError, StepFailed

_BY_SQLSTATE = {
    "23505": "existing-object",
    "23503": "constraint-violation",
    "23502": "constraint-violation",
    "23514": "constraint-violation",
    "23001": "constraint-violation",
    "22001": "syntax-violation",
    "42501": "permission-denied",
    "25006": "permission-denied",
    "40001": "server-busy",
    "40P01": "server-busy",
    "55P03": "server-busy",
    "57014": "limit-exceeded",
}
"""SQLSTATE (SQL standard, PostgreSQL appendix A) → code."""
_BY_NUMBER = {
    1062: "existing-object",
    1586: "existing-object",
    1451: "constraint-violation",
    1452: "constraint-violation",
    1048: "constraint-violation",
    1364: "constraint-violation",
    3819: "constraint-violation",
    4025: "constraint-violation",
    1406: "syntax-violation",
    1264: "syntax-violation",
    1292: "syntax-violation",
    1366: "syntax-violation",
    1142: "permission-denied",
    1143: "permission-denied",
    1290: "permission-denied",
    1205: "server-busy",
    1213: "server-busy",
    1054: "schema-violation",
    1146: "schema-violation",
}
"""Numbers of MySQL's and MariaDB's errors → code."""
_LOCKED = "database is locked"
_BY_TEXT = (
    ("UNIQUE constraint", "existing-object"),
    ("constraint failed", "constraint-violation"),
    ("readonly database", "permission-denied"),
    (_LOCKED, "server-busy"),
    ("datatype mismatch", "syntax-violation"),
    ("no such column", "schema-violation"),
    ("no such table", "schema-violation"),
)
"""What SQLite says → code."""
_ADVICE = {
    "existing-object": "join it by a rule, or correct the value that has to be unique",
    "constraint-violation": "correct the value at its source, or the rule's flow",
    "syntax-violation": "correct the value at its source, or declare the attribute as the column's type",
    "permission-denied": "grant the user of this system the right to do that",
    "server-busy": "it is sent again later",
    "limit-exceeded": "it took longer than the database allows",
    "schema-violation": "correct the rule's flow, or the table",
    "server-error": "look into the database's log",
}
_WHOLE_ROW = re.compile(r"DETAIL:\s+Failing row contains.*", re.DOTALL)
"""What PostgreSQL says besides: the values of all columns, those that nobody reads included."""
_REFUSED = frozenset({"28P01", "28000"})
_REFUSED_NUMBERS = frozenset({1044, 1045, 1698})


def object_error(error: SQLAlchemyError) -> ObjectError:
    """Say what is wrong with one object."""
    code = _code_of(error)
    return ObjectError(code, f"the database says: {told(error)}", _ADVICE[code])


def _code_of(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None)
    state = _sqlstate(original)
    if state in _BY_SQLSTATE:
        return _BY_SQLSTATE[state]
    if state.startswith("22"):
        return "syntax-violation"
    if state.startswith("42"):
        return "schema-violation"
    if (number := _number(original)) in _BY_NUMBER:
        return _BY_NUMBER[number]
    for part, code in _BY_TEXT:
        if part in str(original):
            return code
    # what never reached the database: a value that the column's type cannot take
    return "syntax-violation" if isinstance(error, StatementError) and not _is_of_driver(error) else "server-error"


def _is_of_driver(error: SQLAlchemyError) -> bool:
    return isinstance(error, DBAPIError)


def step_error(name: str, error: SQLAlchemyError, *, connecting: bool = False) -> StepFailed:
    """Say what an error means for a step: that nothing could begin, or that the connection broke."""
    original = getattr(error, "orig", None)
    said = f"{name}: {told(error)}"
    refused = _sqlstate(original) in _REFUSED or _number(original) in _REFUSED_NUMBERS
    if refused or (connecting and "password" in said and "authentication failed" in said):
        return CredentialsRefused(said)
    return CannotConnect(said) if connecting else ConnectionLost(said)


def is_broken(error: SQLAlchemyError) -> bool:
    """Tell whether an error broke the connection, and does not belong to one object."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def told(error: SQLAlchemyError) -> str:
    """Give what the database said, in one line, without the statement and its values, nor the row as it was to be."""
    original = getattr(error, "orig", None) or error
    text = str(original.args[-1] if _number(original) and len(getattr(original, "args", ())) > 1 else original)
    if text == _LOCKED:
        return f"{_LOCKED} by another program"
    return re.sub(r"\s+", " ", _WHOLE_ROW.sub("", text)).strip()[:500] or type(original).__name__


def _sqlstate(original: Any) -> str:
    return str(getattr(original, "sqlstate", None) or "")


def _number(original: Any) -> int:
    arguments = getattr(original, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
