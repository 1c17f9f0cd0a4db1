"""Write many rows at once: by prepared statements, or by a document that SQLite takes apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import insert

from storage.dialects.asynchronous import AsyncConnection

ROWS_AT_ONCE = 1_000
"""How many rows one statement inserts: it holds them several times over."""


async def insert_many(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], same: Mapping[str, str | int]
) -> None:
    """Insert rows of plain values without SQLAlchemy looking at each: half as fast again as its executemany.

    `same` are the values that all rows share; they are not bound again for each.
    """
    marks = ["?"] * len(names) + [_literal(value) for value in same.values()]
    columns = ", ".join([*names, *same])
    await tx.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join(marks)})", rows)  # noqa: S608


async def insert_at_once(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], same: Mapping[str, str | int]
) -> None:
    """Insert many rows in one statement, during which this process can compute: SQLite needs nothing of Python.

    What is `same` is bound and not written into the statement: the driver keeps the statements that it saw last, by
    their text, together with all that was bound to them.
    """
    values = [f"value ->> {index}" for index in range(len(names))] + ["?"] * len(same)
    columns = ", ".join([*names, *same])
    statement = f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(values)} FROM json_each(?)"  # noqa: S608
    for start in range(0, len(rows), ROWS_AT_ONCE):
        listed = orjson.dumps(rows[start : start + ROWS_AT_ONCE]).decode()
        await tx.exec_driver_sql(statement, (*same.values(), listed))


def _literal(value: str | int) -> str:
    return str(int(value)) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


async def delete_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Delete the rows in which some columns, that identify one, have the given values."""
    chosen = " AND ".join(f"{name} = ?" for name in names)
    await tx.exec_driver_sql(f"DELETE FROM {table.name} WHERE {chosen}", rows)  # noqa: S608


async def update_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Update rows by id: each row holds the values in the order of the names, then the id."""
    changes = ", ".join(f"{name} = ?" for name in names)
    await tx.exec_driver_sql(f"UPDATE {table.name} SET {changes} WHERE id = ?", rows)  # noqa: S608


async def upsert(tx: AsyncConnection, table: Table, keys: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Insert rows, or replace the rest of a row where the keys are taken."""
    statement = insert(table)
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)


async def insert_new(tx: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or leave the one alone that is there already."""
    await tx.execute(insert(table).on_conflict_do_nothing(), row)
