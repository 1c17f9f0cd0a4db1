"""Write many rows at once, as the database of a transaction does that best."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy import Table

from storage.dialects.asynchronous import AsyncConnection

Row = tuple[Any, ...]


class _Writing(Protocol):
    """What a database's module `writing` has."""

    async def insert_many(
        self, tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row], same: Mapping[str, str | int]
    ) -> None: ...

    async def insert_at_once(
        self, tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row], same: Mapping[str, str | int]
    ) -> None: ...

    async def delete_many(self, tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row]) -> None: ...

    async def update_many(self, tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row]) -> None: ...

    async def upsert(
        self, tx: AsyncConnection, table: Table, keys: Sequence[str], rows: list[dict[str, Any]]
    ) -> None: ...

    async def insert_new(self, tx: AsyncConnection, table: Table, row: dict[str, Any]) -> None: ...


@cache
def _of(dialect: str) -> _Writing:
    found: Any = import_module(f"storage.dialects.{dialect}.writing")
    return found  # type: ignore[no-any-return]


async def insert_many(
    tx: AsyncConnection,
    table: Table,
    names: Sequence[str],
    rows: list[Row],
    same: Mapping[str, str | int] | None = None,
) -> None:
    """Insert rows of plain values; `same` are those that all rows share."""
    await _of(tx.dialect.name).insert_many(tx, table, names, rows, same or {})


async def insert_at_once(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row], same: Mapping[str, str | int]
) -> None:
    """Insert many rows likewise, while this process can compute."""
    await _of(tx.dialect.name).insert_at_once(tx, table, names, rows, same)


async def delete_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Delete the rows in which some columns, that identify one, have the given values."""
    await _of(tx.dialect.name).delete_many(tx, table, names, rows)


async def update_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Update rows by id: each row holds the values in the order of the names, then the id."""
    await _of(tx.dialect.name).update_many(tx, table, names, rows)


async def upsert(tx: AsyncConnection, table: Table, keys: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Insert rows that name the same columns, or replace the rest of a row where the keys are taken."""
    await _of(tx.dialect.name).upsert(tx, table, keys, rows)


async def insert_new(tx: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or leave the one alone that is there already."""
    await _of(tx.dialect.name).insert_new(tx, table, row)
