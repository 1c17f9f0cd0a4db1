"""What waits for a person: review items, and batches that a gate of the deletion detection held."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, insert, or_, select, update

from storage import clock, counters, dialect
from storage.documents import decode, encode
from storage.records import HeldBatch, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.tables import held_batches, held_candidates, review_items

UNDECIDED = (ReviewState.OPEN, ReviewState.DEFERRED)
"""States in which an item can still be decided."""
LIVE = (*UNDECIDED, ReviewState.APPROVED)
"""States of an item that is not closed."""


async def open_items(tx: Transaction, items: list[ReviewItem]) -> list[ReviewItem]:
    """Open review items; they are given back with their ids."""
    if not items:
        return []
    first = await counters.allocate(tx, "review", len(items))
    numbered = [item._replace(id=first + index) for index, item in enumerate(items)]
    await tx.execute(insert(review_items), [_row(item) for item in numbered])
    return numbered


def _row(item: ReviewItem) -> dict[str, Any]:
    return {
        **item._asdict(),
        "evidence": encode(item.evidence),
        "consequences": encode(item.consequences),
    }


async def get(tx: Transaction, ids: Iterable[int]) -> list[ReviewItem]:
    """Read review items."""
    return await _items(tx, select(review_items).where(dialect.among(review_items.c.id, ids)))


async def of_objects(
    tx: Transaction, object_ids: Iterable[int], kind: ReviewKind, states: Sequence[ReviewState]
) -> dict[int, ReviewItem]:
    """Read the items about some CSOs: CSO id → item."""
    query = select(review_items).where(
        dialect.among(review_items.c.object_id, object_ids),
        review_items.c.kind == kind.value,
        review_items.c.state.in_([state.value for state in states]),
    )
    return {item.object_id: item for item in await _items(tx, query)}


async def all_of(tx: Transaction, object_id: int) -> list[ReviewItem]:
    """List everything that was ever asked about an object, newest first."""
    query = select(review_items).where(review_items.c.object_id == object_id)
    return await _items(tx, query.order_by(review_items.c.id.desc()))


async def in_state(tx: Transaction, kind: ReviewKind, state: ReviewState, after: int, limit: int) -> list[ReviewItem]:
    """Read the next page of items of a kind in a state, by id."""
    query = select(review_items).where(
        review_items.c.kind == kind.value, review_items.c.state == state.value, review_items.c.id > after
    )
    return await _items(tx, query.order_by(review_items.c.id).limit(limit))


async def decide(
    tx: Transaction,
    ids: Iterable[int],
    *,
    expected: Sequence[ReviewState],
    state: ReviewState,
    operator: str | None,
    reason: str | None,
    deferred_until: str | None = None,
) -> list[int]:
    """Move items from an expected state to another, and give the ids of those that could be moved."""
    values: dict[str, Any] = {
        "state": state.value,
        "decided_by": operator,
        "decided_at": clock.now(),
        "reason": reason,
        "deferred_until": deferred_until,
    }
    if state is ReviewState.CARRIED_OUT:
        values = {"state": state.value, "carried_out_at": clock.now()}
    moved = update(review_items).where(
        dialect.among(review_items.c.id, ids), review_items.c.state.in_([known.value for known in expected])
    )
    return list((await tx.execute(moved.values(values).returning(review_items.c.id))).scalars())


async def set_consequences(tx: Transaction, item_id: int, consequences: dict[str, Any]) -> None:
    """Keep what an approval covers."""
    change = update(review_items).where(review_items.c.id == item_id)
    await tx.execute(change.values(consequences=encode(consequences)))


def waiting() -> ColumnElement[bool]:
    """Give the condition of waiting for a decision: open, or deferred until now."""
    deferred = and_(review_items.c.state == ReviewState.DEFERRED.value, review_items.c.deferred_until <= clock.now())
    return or_(review_items.c.state == ReviewState.OPEN.value, deferred)


async def count_waiting(tx: Transaction) -> int:
    """Count the items that wait for a decision."""
    return int((await tx.execute(select(func.count()).select_from(review_items).where(waiting()))).scalar_one())


async def count_to_carry_out(tx: Transaction) -> int:
    """Count the approved absences that the next synchronisation carries out."""
    approved = (review_items.c.kind == ReviewKind.ABSENCE.value, review_items.c.state == ReviewState.APPROVED.value)
    return int((await tx.execute(select(func.count()).select_from(review_items).where(*approved))).scalar_one())


async def hold(tx: Transaction, batch: HeldBatch, candidates: list[int]) -> int:
    """Keep the candidates that a gate refused to mark, and give the batch's id."""
    values = batch._asdict()
    del values["id"]
    batch_id = int((await tx.execute(insert(held_batches).values(values).returning(held_batches.c.id))).scalar_one())
    rows = [{"batch_id": batch_id, "object_id": candidate} for candidate in candidates]
    if rows:
        await tx.execute(insert(held_candidates), rows)
    return batch_id


async def supersede(tx: Transaction, system: str, object_type: str | None = None) -> None:
    """Close the held batches of a system, or of one type in it, because it has been looked at again."""
    chosen = select(held_batches.c.id).where(held_batches.c.system == system, held_batches.c.state == "held")
    if object_type is not None:
        chosen = chosen.where(held_batches.c.type == object_type)
    await tx.execute(delete(held_candidates).where(held_candidates.c.batch_id.in_(chosen)))
    await tx.execute(update(held_batches).where(held_batches.c.id.in_(chosen)).values(state="superseded"))


async def held(tx: Transaction, run_id: int | None = None) -> list[HeldBatch]:
    """List the batches that wait for an operator, of all runs or of one."""
    query = select(held_batches).where(held_batches.c.state == "held").order_by(held_batches.c.id)
    if run_id is not None:
        query = query.where(held_batches.c.run_id == run_id)
    return [HeldBatch(*row) for row in await tx.execute(query)]


async def candidates_of(tx: Transaction, batch_id: int) -> list[int]:
    """List the CSO ids of a held batch."""
    query = select(held_candidates.c.object_id).where(held_candidates.c.batch_id == batch_id)
    return list((await tx.execute(query.order_by(held_candidates.c.object_id))).scalars())


async def release(tx: Transaction, batch_id: int, *, operator: str, reason: str) -> None:
    """Close a held batch as released."""
    change = update(held_batches).where(held_batches.c.id == batch_id)
    await tx.execute(change.values(state="released", decided_by=operator, reason=reason))


async def _items(tx: Transaction, query: Select[Any]) -> list[ReviewItem]:
    return [_item(row) for row in await tx.execute(query)]


def _item(row: Row[Any]) -> ReviewItem:
    values = row._asdict()
    values["kind"] = ReviewKind(row.kind)
    values["state"] = ReviewState(row.state)
    values["evidence"] = decode(row.evidence)
    values["consequences"] = decode(row.consequences)
    return ReviewItem(**values)
