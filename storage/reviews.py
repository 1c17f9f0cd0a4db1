"""What waits for a person: review items, and batches that a gate of the deletion detection held."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, insert, or_, select, union, update

from storage import clock, counters, writing
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.records import BatchState, HeldBatch, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.tables import held_batches, held_candidates, metaverse, pending_exports, review_items

UNDECIDED = (ReviewState.OPEN, ReviewState.DEFERRED, ReviewState.HALF_APPROVED)
"""States in which an item can still be decided."""
PAGE = 5_000
BEFORE_EXPORT = "the look before deleting"
"""The gate before the first delete of an export."""
BEFORE_CHANGING = "the look before changing"
"""How the gate before a mass change of exports begins; the attribute follows."""
AFTER_RESTORE = "the look before creating"
"""What is unsent in a store that was put back may have been created since."""
MASS_CHANGE = "gate 6 (mass change"
"""How the gate before a mass change by an import begins; the attribute follows."""
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
    if not (ids := list(ids)):
        return []
    return await _items(tx, select(review_items).where(expressions.among(review_items.c.id, ids)))


async def of_objects(
    tx: Transaction, object_ids: Iterable[int], kind: ReviewKind, states: Sequence[ReviewState]
) -> dict[int, ReviewItem]:
    """Read the items about some CSOs: CSO id → item."""
    if not (object_ids := list(object_ids)):
        return {}
    query = select(review_items).where(
        expressions.among(review_items.c.object_id, object_ids),
        review_items.c.kind == kind.value,
        review_items.c.state.in_([state.value for state in states]),
    )
    return {item.object_id: item for item in await _items(tx, query)}


async def asked_about(tx: Transaction, system: str, kind: ReviewKind) -> set[int]:
    """Give the CSOs of a system about which an item of a kind asks that is not closed."""
    query = select(review_items.c.object_id).where(
        review_items.c.state.in_([state.value for state in LIVE]),
        review_items.c.system == system,
        review_items.c.kind == kind.value,
    )
    return set((await tx.execute(query)).scalars())


async def all_of(tx: Transaction, object_id: int) -> list[ReviewItem]:
    """List everything that was ever asked about an object, newest first."""
    query = select(review_items).where(review_items.c.object_id == object_id)
    return await _items(tx, query.order_by(review_items.c.id.desc()))


async def in_state(
    tx: Transaction, kinds: Sequence[ReviewKind], state: ReviewState, after: int, limit: int
) -> list[ReviewItem]:
    """Read the next page of items of some kinds in a state, by id."""
    query = select(review_items).where(
        review_items.c.kind.in_([kind.value for kind in kinds]),
        review_items.c.state == state.value,
        review_items.c.id > after,
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
    audit_id: int | None = None,
) -> list[int]:
    """Move items from an expected state to another, and give the ids of those that could be moved.

    Who approved an item first, where a second has to, stays with it once it is approved.
    """
    values: dict[str, Any] = {
        "state": state.value,
        "decided_by": operator,
        "decided_at": clock.now(),
        "reason": reason,
        "deferred_until": deferred_until,
        "audit_id": audit_id,
    }
    if state is not ReviewState.APPROVED:
        values["first_by"] = operator if state is ReviewState.HALF_APPROVED else None
    if state is ReviewState.CARRIED_OUT:
        values = {"state": state.value, "carried_out_at": clock.now()}
    moved = update(review_items).where(
        expressions.among(review_items.c.id, ids), review_items.c.state.in_([known.value for known in expected])
    )
    return list((await tx.execute(moved.values(values).returning(review_items.c.id))).scalars())


async def set_consequences(tx: Transaction, consequences: dict[int, dict[str, Any]]) -> None:
    """Keep what approvals cover: item id → consequences."""
    if consequences:
        rows = [(encode(shown), item_id) for item_id, shown in consequences.items()]
        await writing.update_many(tx, review_items, ("consequences",), rows)


async def set_labels(tx: Transaction, labels: dict[int, str]) -> None:
    """Call items' objects by other names: item id → label."""
    if labels:
        await writing.update_many(tx, review_items, ("label",), [(label, item_id) for item_id, label in labels.items()])


def waiting() -> ColumnElement[bool]:
    """Give the condition of waiting for a decision: open, approved by one of two people, or deferred until now."""
    deferred = and_(review_items.c.state == ReviewState.DEFERRED.value, review_items.c.deferred_until <= clock.now())
    asked = review_items.c.state.in_([ReviewState.OPEN.value, ReviewState.HALF_APPROVED.value])
    return or_(asked, deferred)


async def count_waiting(tx: Transaction) -> int:
    """Count the items that wait for a decision."""
    return int((await tx.execute(select(func.count()).select_from(review_items).where(waiting()))).scalar_one())


async def count_there_again(tx: Transaction) -> int:
    """Count the waiting items about objects that were deleted under an approval and are there again."""
    again = review_items.c.evidence.contains('"there_again":', autoescape=True)
    return int((await tx.execute(select(func.count()).select_from(review_items).where(waiting(), again))).scalar_one())


async def approved_since(tx: Transaction, since: str) -> list[ReviewItem]:
    """Read the items that were approved, by one person at least, since a moment."""
    states = (ReviewState.HALF_APPROVED, ReviewState.APPROVED, ReviewState.CARRIED_OUT)
    query = select(review_items).where(
        review_items.c.decided_at >= since, review_items.c.state.in_([state.value for state in states])
    )
    return await _items(tx, query)


async def lost_since(tx: Transaction, system: str, object_type: str, since: str) -> tuple[int, int, str | None]:
    """Count the objects of a type that went missing since a moment and stayed away: how many, in how many runs, when.

    The moment given is that of the first.
    """
    back = (ReviewState.REAPPEARED, ReviewState.KEPT)
    query = select(
        func.count(), func.count(review_items.c.run_id.distinct()), func.min(review_items.c.opened_at)
    ).where(
        review_items.c.kind == ReviewKind.ABSENCE.value,
        review_items.c.system == system,
        review_items.c.type == object_type,
        review_items.c.opened_at >= since,
        review_items.c.state.not_in([state.value for state in back]),
    )
    count, among, first = (await tx.execute(query)).one()
    return count, among, first


async def that_still_allow(tx: Transaction) -> list[int]:
    """Give the ids of the items under which something may still be deleted or disconnected."""
    given = (ReviewState.APPROVED.value, ReviewState.HALF_APPROVED.value)
    rows = await tx.execute(
        union(
            select(review_items.c.id).where(review_items.c.state.in_(given)),
            select(pending_exports.c.approval_id).where(pending_exports.c.approval_id.is_not(None)),
            select(metaverse.c.approval_id).where(metaverse.c.approval_id.is_not(None)),
        )
    )
    return sorted(rows.scalars())


async def count_to_carry_out(tx: Transaction) -> int:
    """Count the approved absences that the next synchronisation carries out."""
    kinds = (ReviewKind.ABSENCE.value, ReviewKind.IDENTITY.value)
    approved = (review_items.c.kind.in_(kinds), review_items.c.state == ReviewState.APPROVED.value)
    return int((await tx.execute(select(func.count()).select_from(review_items).where(*approved))).scalar_one())


async def hold(tx: Transaction, batch: HeldBatch, candidates: list[int]) -> int:
    """Keep the candidates that a gate lets not pass, and give the batch's id."""
    values = {**batch._asdict(), "in_common": encode(batch.in_common)}
    del values["id"]
    batch_id = int((await tx.execute(insert(held_batches).values(values).returning(held_batches.c.id))).scalar_one())
    for start in range(0, len(candidates), PAGE):
        rows = [(batch_id, candidate) for candidate in candidates[start : start + PAGE]]
        await writing.insert_many(tx, held_candidates, ("batch_id", "object_id"), rows)
    return batch_id


async def supersede(
    tx: Transaction, system: str, *, state: BatchState = BatchState.HELD, gate: str | None = None
) -> None:
    """Close the batches of a system in a state, because it has been looked at again; by default whatever gate held."""
    chosen = select(held_batches.c.id).where(held_batches.c.system == system, held_batches.c.state == state)
    at_import = ~held_batches.c.gate.startswith("the look before", autoescape=True)
    chosen = chosen.where(held_batches.c.gate == gate if gate else at_import)
    batch_ids = list((await tx.execute(chosen)).scalars())
    if batch_ids:
        await tx.execute(delete(held_candidates).where(expressions.among(held_candidates.c.batch_id, batch_ids)))
        await set_state(tx, batch_ids, BatchState.SUPERSEDED)


async def released_candidates(tx: Transaction, system: str, gate: str) -> dict[int, str]:
    """Give the CSOs of a system that an operator has let pass a gate, and when that had held them last."""
    query = (
        select(held_candidates.c.object_id, func.max(held_batches.c.at))
        .join(held_batches, held_batches.c.id == held_candidates.c.batch_id)
        .where(
            held_batches.c.system == system,
            held_batches.c.gate == gate,
            held_batches.c.state == BatchState.RELEASED.value,
        )
        .group_by(held_candidates.c.object_id)
    )
    return {object_id: at for object_id, at in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def released_digests(tx: Transaction, system: str, gate: str) -> set[str]:
    """Give what an operator has let pass a gate of a system, as the digests of what was held."""
    released = held_batches.c.state == BatchState.RELEASED.value
    query = select(held_batches.c.digest).where(held_batches.c.system == system, held_batches.c.gate == gate, released)
    return set((await tx.execute(query)).scalars())


async def in_batch_state(tx: Transaction, system: str, gates: str, state: BatchState) -> list[HeldBatch]:
    """List the batches of a system in a state, of gates whose names begin so."""
    begins = held_batches.c.gate.startswith(gates, autoescape=True)
    chosen = held_batches.c.system == system, held_batches.c.state == state.value, begins
    return await _batches(tx, select(held_batches).where(*chosen).order_by(held_batches.c.id))


async def set_state(tx: Transaction, batch_ids: list[int], state: BatchState) -> None:
    """Move batches to a state."""
    if batch_ids:
        moved = update(held_batches).where(expressions.among(held_batches.c.id, batch_ids))
        await tx.execute(moved.values(state=state.value))


async def held(tx: Transaction, run_id: int | None = None) -> list[HeldBatch]:
    """List the batches that wait for an operator, of all runs or of one."""
    query = select(held_batches).where(held_batches.c.state == BatchState.HELD.value).order_by(held_batches.c.id)
    if run_id is not None:
        query = query.where(held_batches.c.run_id == run_id)
    return await _batches(tx, query)


async def stopped_in(tx: Transaction, run_id: int) -> list[HeldBatch]:
    """List everything that the gates let not pass in a run, whatever became of it."""
    return await _batches(tx, select(held_batches).where(held_batches.c.run_id == run_id).order_by(held_batches.c.id))


async def _batches(tx: Transaction, query: Select[Any]) -> list[HeldBatch]:
    return [HeldBatch._make((*row[:-2], decode(row[-2]), row[-1])) for row in await tx.execute(query)]


async def candidates_of(tx: Transaction, batch_id: int, limit: int | None = None) -> list[int]:
    """List the CSO ids of a held batch, at most so many."""
    query = select(held_candidates.c.object_id).where(held_candidates.c.batch_id == batch_id)
    return list((await tx.execute(query.order_by(held_candidates.c.object_id).limit(limit))).scalars())


async def release(tx: Transaction, batch_id: int, *, operator: str, reason: str) -> None:
    """Close a held batch as released."""
    change = update(held_batches).where(held_batches.c.id == batch_id)
    await tx.execute(change.values(state=BatchState.RELEASED.value, decided_by=operator, reason=reason))


async def _items(tx: Transaction, query: Select[Any]) -> list[ReviewItem]:
    return [_item(row) for row in await tx.execute(query)]


def _item(row: Row[Any]) -> ReviewItem:
    values = row._asdict()
    values["kind"] = ReviewKind(row.kind)
    values["state"] = ReviewState(row.state)
    values["evidence"] = decode(row.evidence)
    values["consequences"] = decode(row.consequences)
    return ReviewItem(**values)
