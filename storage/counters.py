"""Ids that are never used twice, dense enough to index a bitmap."""

from sqlalchemy import update

from storage import dialect
from storage.store import Transaction
from storage.tables import counters

_START = dialect.insert_new(counters)


async def allocate(tx: Transaction, name: str, count: int) -> int:
    """Reserve `count` ids in the named sequence and give the first."""
    await tx.execute(_START, {"name": name, "value": 0})
    take = update(counters).where(counters.c.name == name).values(value=counters.c.value + count)
    last = (await tx.execute(take.returning(counters.c.value))).scalar_one()
    return int(last) - count + 1
