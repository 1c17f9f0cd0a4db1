"""A store's rows in a form in which a plan's copy and the real store after the run can be compared."""

import re
from typing import Any

from sqlalchemy import select

from storage.store import Store
from storage.tables import (
    held_batches,
    item_errors,
    metaverse,
    objects,
    pending_exports,
    review_items,
    runs,
    steps,
    tombstones,
    transitions,
)

TABLES = (objects, metaverse, pending_exports, review_items, held_batches, tombstones, item_errors, steps)
_GIVEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
_LEFT_OUT = {"hash", "pid", "host"}


async def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Give what a store holds: moments and the ids that a target gives by itself count as equal."""
    found = {}
    async with store.reading() as tx:
        for table in (*TABLES, runs, transitions):
            columns = [column for column in table.columns if column.name not in _LEFT_OUT]
            rows = [tuple(map(_plain, row)) for row in await tx.execute(select(*columns).order_by(*table.primary_key))]
            found[table.name] = sorted(rows, key=repr) if table is transitions else rows
    return found


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _MOMENT.sub("<moment>", _GIVEN.sub("<given>", value))
