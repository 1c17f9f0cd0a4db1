"""Ids that are never used twice, dense enough to index a bitmap."""

from sqlalchemy import select, update

from storage import writing
from storage.store import Transaction
from storage.tables import counters


async def allocate(tx: Transaction, name: str, count: int) -> int:
    """Reserve `count` ids in the named sequence and give the first."""
    await writing.insert_new(tx, counters, {"name": name, "value": 0})
    take = update(counters).where(counters.c.name == name).values(value=counters.c.value + count)
    last = (await tx.execute(take.returning(counters.c.value))).scalar_one()
    return int(last) - count + 1


async def last(tx: Transaction, name: str) -> int:
    """Give the last id that was reserved in the named sequence; 0 if none was."""
    found = (await tx.execute(select(counters.c.value).where(counters.c.name == name))).scalar_one_or_none()
    return int(found or 0)
