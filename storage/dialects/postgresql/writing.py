"""Write many rows at once: new ones by COPY, changes as a document that PostgreSQL takes apart in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import dialect, insert

from storage.dialects.asynchronous import AsyncConnection
from storage.errors import StoreError

ROWS_AT_ONCE = 5_000
"""How many rows one statement takes: both sides hold them several times over."""
_DIALECT = dialect()  # type: ignore[no-untyped-call]
quote = _DIALECT.identifier_preparer.quote
"""Gives a name as it stands in a statement."""
_NUL = b"\\u0000"


async def insert_many(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], same: Mapping[str, str | int]
) -> None:
    """Insert rows of plain values; `same` are those that all rows share."""
    driver: Any = (await tx.get_raw_connection()).driver_connection
    shared = tuple(same.values())
    command, types = copying(table, (*names, *same))
    async with driver.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row((*row, *shared))


insert_at_once = insert_many


async def delete_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Delete the rows in which some columns, that identify one, have the given values."""
    await _each(tx, _deleting(table, tuple(names)), table, names, rows)


async def update_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Update rows by id: each row holds the values in the order of the names, then the id."""
    await _each(tx, _updating(table, tuple(names)), table, (*names, "id"), rows)


async def upsert(tx: AsyncConnection, table: Table, keys: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Insert rows that name the same columns, or replace the rest of a row where the keys are taken."""
    names = tuple(rows[0])
    await _each(tx, _upserting(table, names, tuple(keys)), table, names, [tuple(row.values()) for row in rows])


async def insert_new(tx: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or leave the one alone that is there already."""
    await tx.execute(insert(table).on_conflict_do_nothing(), row)


async def _each(
    tx: AsyncConnection,
    statement: str,
    table: Table,
    names: Sequence[str],
    rows: list[tuple[Any, ...]],
) -> None:
    """Carry a statement out for rows, so many at a time."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        document = orjson.dumps(rows[start : start + ROWS_AT_ONCE], default=_octets)
        if _NUL in document:
            _refuse_nul(table, names, rows)
        await tx.exec_driver_sql(statement, (document.decode(),))


def _octets(value: Any) -> str:
    """Write octets as PostgreSQL reads them from a text."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(value)


def _refuse_nul(table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Raise `StoreError` for a text that PostgreSQL cannot hold; within a document the character is written out."""
    for row in rows:
        for name, value in zip(names, row, strict=True):
            if isinstance(value, str) and "\0" in value:
                raise StoreError(
                    f"{table.name}.{name}: {value!r} holds the character NUL, which no text of PostgreSQL can; "
                    "correct it at its source"
                )


@cache
def copying(table: Table, names: tuple[str, ...]) -> tuple[str, list[str]]:
    """Give the command that copies rows into a table, and the types of their values."""
    return f"COPY {table.name} ({_listed(names)}) FROM STDIN (FORMAT BINARY)", [_type(table, name) for name in names]


@cache
def _deleting(table: Table, names: tuple[str, ...]) -> str:
    given = f"(SELECT {', '.join(_fields(table, names))} {_ROWS})"
    return f"DELETE FROM {table.name} WHERE ({_listed(names)}) IN {given}"  # noqa: S608


@cache
def _updating(table: Table, names: tuple[str, ...]) -> str:
    *changed, key = _fields(table, (*names, "id"))
    changes = ", ".join(f"{quote(name)} = {value}" for name, value in zip(names, changed, strict=True))
    return f"UPDATE {table.name} SET {changes} {_ROWS} WHERE {table.name}.id = {key}"  # noqa: S608


@cache
def _upserting(table: Table, names: tuple[str, ...], keys: tuple[str, ...]) -> str:
    rest = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in names if name not in keys)
    given = f"INSERT INTO {table.name} ({_listed(names)}) SELECT {', '.join(_fields(table, names))} {_ROWS}"
    return f"{given} ON CONFLICT ({_listed(keys)}) DO UPDATE SET {rest}"


_ROWS = "FROM jsonb_array_elements(%s::jsonb) AS given (one)"
"""The rows of a document, an array each."""


def _fields(table: Table, names: tuple[str, ...]) -> list[str]:
    return [f"(given.one ->> {place})::{_type(table, name)}" for place, name in enumerate(names)]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(quote, names))


def _type(table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=_DIALECT).lower()
