"""Which target objects are leaving: since when, and when something is next to be done about it."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, select, update

from storage import clock
from storage.dialects.sqlite import dialect
from storage.store import Transaction
from storage.tables import leaving, metaverse


class Departure(NamedTuple):
    """What is kept of a target object that is leaving, or that will be at a moment that is known."""

    id: int
    """Of the CSO."""
    mvo_id: int
    """Whose object it was then: for anybody else it says nothing."""
    since: str | None
    """When it began to leave; None where it is wanted still."""
    gone_at: str | None
    """When its MVO went, or left the scope; None where it leaves by a date alone."""
    next_at: str | None
    """When evaluation has to look at it again."""


async def get(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, Departure]:
    """Read what is kept of some CSOs, by their ids."""
    if not (cso_ids := list(cso_ids)):
        return {}
    query = select(leaving).where(dialect.among(leaving.c.id, cso_ids))
    return {row[0]: Departure._make(row) for row in await tx.execute(query)}


async def put(tx: Transaction, departures: Iterable[Departure]) -> None:
    """Write what is to be kept of some CSOs."""
    if rows := [one._asdict() for one in departures]:
        await tx.execute(dialect.upsert(leaving, keys=["id"]), rows)


async def drop(tx: Transaction, cso_ids: Iterable[int]) -> None:
    """Forget that some CSOs were leaving."""
    if cso_ids := list(cso_ids):
        await tx.execute(delete(leaving).where(dialect.among(leaving.c.id, cso_ids)))


async def set_due(tx: Transaction) -> None:
    """Make the MVOs due of whose objects one has something to be done about by now."""
    due = select(leaving.c.mvo_id).where(leaving.c.next_at <= clock.now())
    await tx.execute(update(metaverse).where(metaverse.c.id.in_(due)).values(due=True))
