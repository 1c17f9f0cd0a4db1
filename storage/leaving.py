"""Which target objects are leaving: since when, and when something is next to be done about it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import delete, select, update

from storage import clock, writing
from storage.dialects import expressions
from storage.store import Transaction
from storage.tables import leaving, metaverse, objects


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


async def get(tx: Transaction, owners: Mapping[int, int | None]) -> dict[int, Departure]:
    """Read what is kept of some CSOs: CSO id → the MVO that it is joined to now; what was another's says nothing."""
    if not owners:
        return {}
    rows = await tx.execute(select(leaving).where(expressions.among(leaving.c.id, owners)))
    return {row.id: Departure._make(row) for row in rows if row.mvo_id == owners[row.id]}


async def put(tx: Transaction, departures: Iterable[Departure]) -> None:
    """Write what is to be kept of some CSOs."""
    if rows := [one._asdict() for one in departures]:
        await writing.upsert(tx, leaving, ["id"], rows)


async def drop(tx: Transaction, cso_ids: Iterable[int]) -> None:
    """Forget that some CSOs were leaving."""
    if cso_ids := list(cso_ids):
        await tx.execute(delete(leaving).where(expressions.among(leaving.c.id, cso_ids)))


async def set_due(tx: Transaction) -> None:
    """Make the MVOs due of whose objects one has something to be done about by now."""
    joined = leaving.join(objects, (objects.c.id == leaving.c.id) & (objects.c.mvo_id == leaving.c.mvo_id))
    due = select(leaving.c.mvo_id).select_from(joined).where(leaving.c.next_at <= clock.now())
    await tx.execute(update(metaverse).where(metaverse.c.id.in_(due)).values(due=True))
