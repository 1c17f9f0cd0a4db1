"""Take away history that is older than it has to be kept: never what is open, or what anything still rests on."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, func, or_, select, union

from storage.dialects import expressions
from storage.records import BatchState, Entity
from storage.reviews import LIVE
from storage.store import Transaction
from storage.tables import (
    held_batches,
    held_candidates,
    imports,
    item_errors,
    lease,
    metaverse,
    notifications,
    pending_exports,
    review_items,
    runs,
    steps,
    tombstones,
    transitions,
)


async def prune_transitions(tx: Transaction, before: str, limit: int) -> int:
    """Take old transitions away, but none of a review item or an export that is open; give how many rows."""
    live = [state.value for state in LIVE]
    open_items = select(review_items.c.id).where(review_items.c.state.in_(live))
    open_one = or_(
        and_(transitions.c.entity == Entity.REVIEW, transitions.c.entity_id.in_(open_items)),
        and_(transitions.c.entity == Entity.EXPORT, transitions.c.entity_id.in_(select(pending_exports.c.id))),
    )
    old = and_(transitions.c.id < await _first_since(tx, before), transitions.c.at < before, ~open_one)
    return await _delete(tx, transitions, old, limit)


async def _first_since(tx: Transaction, moment: str) -> int:
    """Find the first transition since a moment by halving: they are in the order of time, and no index tells it."""
    low, high = 1, int((await tx.execute(select(func.coalesce(func.max(transitions.c.id), 0)))).scalar_one()) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(transitions.c.at).where(transitions.c.id >= middle).order_by(transitions.c.id).limit(1)
        if (await tx.execute(query)).scalar_one() < moment:
            low = middle + 1
        else:
            high = middle
    return low


async def prune_items(tx: Transaction, before: str, limit: int) -> int:
    """Take away what deleted objects last held, then closed review items that nothing refers to; give how many rows."""
    gone = await _delete(tx, tombstones, tombstones.c.at < before, limit)
    if gone:
        return gone
    closed = and_(
        review_items.c.decided_at < before,
        review_items.c.state.not_in([state.value for state in LIVE]),
        *(
            ~exists().where(column == review_items.c.id)
            for column in (pending_exports.c.approval_id, metaverse.c.approval_id, tombstones.c.review_id)
        ),
    )
    return await _delete(tx, review_items, closed, limit)


async def prune_batches(tx: Transaction, before: str, limit: int) -> int:
    """Take away what gates once held, but nothing that still waits for an operator; give how many rows."""
    old = and_(held_batches.c.at < before, held_batches.c.state != BatchState.HELD.value)
    oldest = select(held_batches.c.id).where(old).order_by(held_batches.c.id).limit(1)
    batch_id = (await tx.execute(oldest)).scalar_one_or_none()
    if batch_id is None:
        return 0
    of_batch = held_candidates.c.batch_id == batch_id
    some = select(held_candidates.c.object_id).where(of_batch).limit(limit)
    gone = await tx.execute(delete(held_candidates).where(of_batch, held_candidates.c.object_id.in_(some)))
    if gone.rowcount < limit:
        await tx.execute(delete(held_batches).where(held_batches.c.id == batch_id))
    return gone.rowcount + 1


async def prune_runs(tx: Transaction, before: str, limit: int) -> int:
    """Take the oldest run away that nothing rests on, with its steps and what went wrong in it; give how many rows.

    Where it has more errors than the limit, only so many of them go.
    """
    old = select(runs.c.id).where(runs.c.ended_at < before, runs.c.id.not_in(_needed_runs()))
    run_id = (await tx.execute(old.order_by(runs.c.id).limit(1))).scalar_one_or_none()
    if run_id is None:
        return 0
    own_steps = select(steps.c.id).where(steps.c.run_id == run_id)
    gone = await _delete(tx, item_errors, item_errors.c.step_id.in_(own_steps), limit)
    if gone == limit:
        return gone
    for table, chosen in (
        (imports, imports.c.step_id.in_(own_steps)),
        (steps, steps.c.run_id == run_id),
        (notifications, notifications.c.run_id == run_id),
        (runs, runs.c.id == run_id),
    ):
        gone += (await tx.execute(delete(table).where(chosen))).rowcount
    return gone


def _needed_runs() -> Any:
    """Select the runs that stay, however old.

    They are the newest, one that goes on, those with an import that deletion detection compares with, and those that
    an open item or a batch is from.
    """
    live = [state.value for state in LIVE]
    return union(
        select(func.max(runs.c.id)),
        select(lease.c.run_id),
        select(steps.c.run_id).where(steps.c.id.in_(_needed_imports())),
        select(review_items.c.run_id).where(review_items.c.state.in_(live), review_items.c.run_id.is_not(None)),
        select(held_batches.c.run_id),
    )


def _needed_imports() -> Any:
    """Select the latest import of each system, the latest complete ones, and the complete one before that."""
    whole = and_(imports.c.complete, imports.c.full)
    latest = select(func.max(imports.c.step_id).label("step_id")).group_by(imports.c.system)
    complete = latest.where(whole)
    before = latest.where(whole, imports.c.step_id.not_in(complete))
    marked = latest.where(imports.c.complete)  # a delta goes on from there
    return union(latest, complete, before, marked, _with_sightings())


def _with_sightings() -> Select[Any]:
    return select(imports.c.step_id).where(imports.c.sightings.is_not(None))


async def _delete(tx: Transaction, table: Table, chosen: ColumnElement[bool], limit: int) -> int:
    ids = (await tx.execute(select(table.c.id).where(chosen).order_by(table.c.id).limit(limit))).scalars().all()
    if ids:
        await tx.execute(delete(table).where(expressions.among(table.c.id, ids)))
    return len(ids)
