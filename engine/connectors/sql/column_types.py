"""How a column's values are given and taken, and what kind of attribute it is, where SQLAlchemy means it otherwise."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ARRAY, Column, Date, DateTime, LargeBinary, Numeric, Text, Time
from sqlalchemy import types as sql
from sqlalchemy.dialects.mysql import SET
from sqlalchemy.exc import SAWarning


@contextmanager
def of_any_type() -> Iterator[None]:
    """Let columns be described whose type SQLAlchemy has no name for: they are read as the driver gives them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type", SAWarning)
        yield


class _Figure(Numeric[Any]):
    """A column of numbers in which there may be texts, as SQLite lets there be: those are given as they are."""

    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        """Give what makes a value of what the driver gives."""
        number = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return lambda value: value if number is None or isinstance(value, (str, bytes)) else number(value)


def _as_of_sqlite(_inspector: Any, _table: Any, found: Any) -> None:
    """Take dates and numbers of SQLite as what they are there: what is none is one row's error, and no other's."""
    kind = found["type"]
    if isinstance(kind, (Date, DateTime, Time)):
        found["info"] = {"kind": kind_of(kind)}
        found["type"] = Text()
    elif isinstance(kind, Numeric) and kind.asdecimal:
        found["type"] = _Figure(kind.precision, kind.scale)


class _Span(sql.UserDefinedType[Any]):
    """A column of a span of time, given as the driver gives it."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Give its name."""
        return "TIME"


class Members(sql.TypeDecorator[list[str]]):
    """A column that holds some of a few names, which MySQL calls SET, as a list in the order of their declaration."""

    impl = sql.String
    cache_ok = True

    def __init__(self, names: tuple[str, ...]) -> None:
        """Take the names that there are."""
        super().__init__()
        self.names = names

    def process_result_value(self, value: str | None, dialect: object) -> list[str] | None:
        """Give the names that a text holds."""
        return None if value is None else [one for one in value.split(",") if one]

    def process_bind_param(self, value: list[str] | None, dialect: object) -> str | None:
        """Give names as the database writes them; those it does not know stand behind, to be refused."""
        if value is None:
            return None
        known = [one for one in self.names if one in value]
        return ",".join([*known, *(one for one in value if one not in known)])


def _as_of_mysql(_inspector: Any, _table: Any, found: Any) -> None:
    """Take times as the spans that they are there: SQLAlchemy would drop the days of one; and a SET in its order."""
    if isinstance(found["type"], Time):
        found["type"] = _Span()
    elif isinstance(found["type"], SET):
        found["type"] = Members(tuple(found["type"].values))


class _Padded(sql.TypeDecorator[str]):
    """A column of a fixed width, given without the blanks that fill it, which count for nothing there."""

    impl = sql.CHAR
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: object) -> str | None:
        """Give a value as it was meant."""
        return None if value is None else value.rstrip(" ")


def _as_of_postgresql(_inspector: Any, _table: Any, found: Any) -> None:
    """Take no value of a JSON document as NULL, and not as the document `null`; and fixed widths without blanks."""
    if isinstance(found["type"], sql.JSON):
        found["type"].none_as_null = True
    elif isinstance(found["type"], sql.CHAR):
        found["type"] = _Padded(found["type"].length)
    elif isinstance(found["type"], ARRAY) and isinstance(found["type"].item_type, sql.CHAR):
        found["type"] = ARRAY(_Padded(found["type"].item_type.length))


AS_THEY_ARE = {
    "sqlite": _as_of_sqlite,
    "mysql": _as_of_mysql,
    "mariadb": _as_of_mysql,
    "postgresql": _as_of_postgresql,
}
"""What has to be said of columns, by the name of the dialect, before their values are read."""


def kind_of_column(one: Column[Any]) -> str:
    """Give the kind of attribute that a column is."""
    return str(one.info.get("kind") or kind_of(one.type))


def python_type_of(type_: sql.TypeEngine[Any]) -> type | None:
    """Give the type that the driver has for a column's values, where that is known."""
    if isinstance(type_, sql.JSON):
        return dict
    try:
        found = type_.python_type
    except NotImplementedError:
        return None
    return None if found is object else found


def kind_of(type_: sql.TypeEngine[Any]) -> str:
    """Give the kind of attribute that a column's type stands for."""
    inner = type_.item_type if isinstance(type_, ARRAY) else type_
    for known, kind in _KINDS:
        if isinstance(inner, known):
            return kind
    return "text"


_KINDS: tuple[tuple[type[Any], str], ...] = (
    (sql.Boolean, "boolean"),
    (sql.Integer, "integer"),
    (Numeric, "decimal"),
    (sql.Float, "decimal"),
    (DateTime, "datetime"),
    (Date, "date"),
    (LargeBinary, "binary"),
    (sql.BINARY, "binary"),
    (sql.VARBINARY, "binary"),
)
