"""Carry a whole store from one place to another, and prove that both hold the same."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table

from storage.dialects.base import Contents, Place
from storage.errors import StoreError
from storage.tables import lease, metadata, runs


class Carried(NamedTuple):
    """A table that was carried over: how many rows, and the SHA-256 of all of them."""

    table: str
    rows: int
    digest: str


def carry(source: Place, target: Place) -> list[Carried]:
    """Carry everything, all or nothing: every table, compared row by row before the target is there.

    Nobody can write to the source meanwhile. Raises `StoreError` where a run is open, or where what arrived is not
    what was sent; and whatever the drivers raise.
    """
    with source.read_out() as out:
        _require_no_run(out)
        with target.take_in() as into:
            for table in metadata.sorted_tables:
                for rows in out.rows(table):
                    into.put(table, rows)
            return [_proved(table, out, into) for table in metadata.sorted_tables]


def copy(source: Place, target: Place) -> None:
    """Copy everything into another place, to look at; the source goes on as it does."""
    with source.snapshot() as out, target.take_in() as into:
        for table in metadata.sorted_tables:
            for rows in out.rows(table):
                into.put(table, rows)


def _require_no_run(out: Contents) -> None:
    ended = list(runs.columns).index(runs.c.result)
    open_runs = [row[0] for rows in out.rows(runs) for row in rows if row[ended] is None]
    held = [row for rows in out.rows(lease) for row in rows]
    if open_runs or held:
        raise StoreError(
            f"run {open_runs[-1] if open_runs else held[0][2]} is not over; wait for it, or settle what it left with "
            "'interlock run', then move the store"
        )


def _proved(table: Table, out: Contents, into: Contents) -> Carried:
    sent, arrived = _digest(table, out), _digest(table, into)
    if sent != arrived:
        raise StoreError(f"{table.name}: what arrived is not what was sent; nothing was moved")
    return sent


def _digest(table: Table, contents: Contents) -> Carried:
    mark, count = sha256(), 0
    for row in _rows(table, contents):
        mark.update(orjson.dumps([_plain(value) for value in row]) + b"\n")
        count += 1
    return Carried(str(table.name), count, mark.hexdigest())


def _rows(table: Table, contents: Contents) -> Iterator[tuple[Any, ...]]:
    for rows in contents.rows(table):
        yield from rows


def _plain(value: Any) -> Any:
    """Give a value in the form that is the same in every database."""
    if isinstance(value, bool):
        return int(value)
    return ["bytes", value.hex()] if isinstance(value, bytes) else value
