"""The metaverse: queries for metaverse objects."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, null, or_, select, update

from storage import clock, references, writing
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.records import Mvo
from storage.store import Transaction
from storage.tables import metaverse, objects

_WHOLE = (
    metaverse.c.id,
    metaverse.c.type,
    metaverse.c.attributes,
    metaverse.c.contributors,
    metaverse.c.deleted,
    metaverse.c.delete_after,
    metaverse.c.approval_id,
    metaverse.c.due,
    metaverse.c.created_at,
    metaverse.c.changed_at,
    metaverse.c.deletion_cause,
)
_WITHOUT_CONTRIBUTORS = tuple(null() if column is metaverse.c.contributors else column for column in _WHOLE)
NOT_READ: Mapping[str, list[Any]] = MappingProxyType({})
"""What stands for contributors that were not read; it cannot be written."""

_CHANGING = (
    "attributes",
    "contributors",
    "deleted",
    "delete_after",
    "approval_id",
    "due",
    "changed_at",
    "deletion_cause",
)


def _changing(mvo: Mvo) -> tuple[Any, ...]:
    documents = (encode(mvo.attributes), encode(mvo.contributors))
    cause = encode(mvo.deletion_cause) if mvo.deletion_cause else None
    return (*documents, mvo.deleted, mvo.delete_after, mvo.approval_id, mvo.due, mvo.changed_at, cause)


async def add(tx: Transaction, mvos: list[Mvo]) -> None:
    """Insert new MVOs."""
    if mvos:
        rows = [(mvo.id, mvo.type, mvo.created_at, *_changing(mvo)) for mvo in mvos]
        await writing.insert_many(tx, metaverse, ("id", "type", "created_at", *_CHANGING), rows)


async def change(tx: Transaction, mvos: list[Mvo]) -> None:
    """Write MVOs that exist."""
    if mvos:
        await writing.update_many(tx, metaverse, _CHANGING, [(*_changing(mvo), mvo.id) for mvo in mvos])


async def get(tx: Transaction, ids: Iterable[int]) -> list[Mvo]:
    """Read MVOs whole."""
    if not (ids := list(ids)):
        return []
    return await _mvos(tx, select(*_WHOLE).where(expressions.among(metaverse.c.id, ids)))


async def get_without_contributors(tx: Transaction, ids: Iterable[int]) -> list[Mvo]:
    """Read MVOs for whoever does not ask who gave what."""
    if not (ids := list(ids)):
        return []
    return await _mvos(tx, select(*_WITHOUT_CONTRIBUTORS).where(expressions.among(metaverse.c.id, ids)))


async def due_after(tx: Transaction, after: int, limit: int) -> list[Mvo]:
    """Read the next page of MVOs that export evaluation has to look at, by id, without their contributors."""
    query = select(*_WITHOUT_CONTRIBUTORS).where(metaverse.c.due, metaverse.c.id > after)
    return await _mvos(tx, query.order_by(metaverse.c.id).limit(limit))


async def sizes_of_due(tx: Transaction, after: int, limit: int) -> list[tuple[int, str, int]]:
    """Give id, type and the length of the stored attributes of the next page of `due_after`."""
    told = (metaverse.c.id, metaverse.c.type, func.length(metaverse.c.attributes))
    query = select(*told).where(metaverse.c.due, metaverse.c.id > after).order_by(metaverse.c.id).limit(limit)
    return [(mvo_id, kind, size) for mvo_id, kind, size in await tx.execute(query)]


async def grace_over(tx: Transaction, after: int, limit: int) -> list[Mvo]:
    """Read the next page of MVOs whose grace period has ended, by id."""
    by_id = expressions.unindexed(metaverse.c.id)  # those in grace are few: all are looked at sooner than all by id
    query = select(*_WHOLE).where(metaverse.c.delete_after <= clock.now(), ~metaverse.c.deleted, by_id > after)
    return await _mvos(tx, query.order_by(by_id).limit(limit))


async def in_grace(tx: Transaction, object_type: str, after: int, limit: int) -> list[Mvo]:
    """Read the next page of MVOs of a type that are in their grace period, by id."""
    by_id = expressions.unindexed(metaverse.c.id)
    query = select(*_WHOLE).where(
        metaverse.c.delete_after.is_not(None),
        ~metaverse.c.deleted,
        metaverse.c.type == object_type,
        by_id > after,
    )
    return await _mvos(tx, query.order_by(by_id).limit(limit))


async def ids_in_grace(tx: Transaction) -> set[int]:
    """Give the MVOs that are in their grace period."""
    query = select(metaverse.c.id).where(metaverse.c.delete_after.is_not(None), ~metaverse.c.deleted)
    return set((await tx.execute(query)).scalars())


async def approvals_resting_on(tx: Transaction, approval_ids: Iterable[int]) -> set[int]:
    """Give those of some approvals under which MVOs were, or will be, deleted whose objects are not all gone."""
    chosen = expressions.among(metaverse.c.approval_id, approval_ids)
    return set((await tx.execute(select(metaverse.c.approval_id).where(chosen))).scalars())


async def drop_approvals(tx: Transaction, approval_ids: Iterable[int]) -> None:
    """Let no object be deleted any more under some approvals because its MVO is."""
    chosen = expressions.among(metaverse.c.approval_id, approval_ids)
    await tx.execute(update(metaverse).where(chosen).values(approval_id=None))


async def count_due(tx: Transaction) -> int:
    """Count the MVOs that export evaluation has to look at."""
    return int((await tx.execute(select(func.count()).where(metaverse.c.due))).scalar_one())


async def set_due(tx: Transaction, ids: Iterable[int], *, due: bool) -> None:
    """Say of MVOs whether the next export evaluation has to look at them."""
    if not (ids := list(ids)):
        return
    await tx.execute(update(metaverse).where(expressions.among(metaverse.c.id, ids)).values(due=due))


async def set_type_due(tx: Transaction, object_type: str) -> None:
    """Make every MVO of a type due, because its rules changed."""
    await tx.execute(update(metaverse).where(metaverse.c.type == object_type).values(due=True))


async def set_due_of_objects(tx: Transaction, cso_ids: Iterable[int]) -> None:
    """Make the MVOs due that some CSOs are joined to."""
    await tx.execute(update(metaverse).where(_joined_by(cso_ids)).values(due=True))


async def any_due(tx: Transaction, cso_ids: Iterable[int]) -> bool:
    """Tell whether sync has to look at one of some CSOs, or evaluation at an MVO that one of them is joined to."""
    ids = list(cso_ids)
    waiting = exists().where(expressions.among(objects.c.id, ids), objects.c.due)
    following = exists().where(metaverse.c.due, _joined_by(ids))
    return bool((await tx.execute(select(or_(waiting, following)))).scalar_one())


def _joined_by(cso_ids: Iterable[int]) -> ColumnElement[bool]:
    joined = select(objects.c.mvo_id).where(expressions.among(objects.c.id, cso_ids), objects.c.mvo_id.is_not(None))
    return metaverse.c.id.in_(joined)


async def remove_empty(tx: Transaction, ids: Iterable[int]) -> list[int]:
    """Remove those of some deleted MVOs that no CSO is joined to any more, and give their ids."""
    if not (ids := list(ids)):
        return []
    still_joined = exists().where(objects.c.mvo_id == metaverse.c.id)
    gone = delete(metaverse).where(expressions.among(metaverse.c.id, ids), metaverse.c.deleted, ~still_joined)
    removed = list((await tx.execute(gone.returning(metaverse.c.id))).scalars())
    await references.drop(tx, removed)
    return removed


async def of_type(tx: Transaction, object_type: str, after: int, limit: int) -> list[Mvo]:
    """Read the next page of MVOs of a type, by id."""
    query = select(*_WHOLE).where(metaverse.c.type == object_type, metaverse.c.id > after)
    return await _mvos(tx, query.order_by(metaverse.c.id).limit(limit))


async def counts(tx: Transaction) -> list[tuple[str, int]]:
    """Count MVOs by type."""
    # with `deleted` as a condition, every row would have to be read; both of these are answered by an index
    query = select(metaverse.c.type, func.count()).group_by(metaverse.c.type)
    found = {kind: count for kind, count in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker
    for kind, count in await tx.execute(query.where(metaverse.c.deleted)):
        found[kind] -= count
    return [(kind, count) for kind, count in found.items() if count]


async def _mvos(tx: Transaction, query: Select[Any]) -> list[Mvo]:
    return [
        Mvo(
            one,
            kind,
            decode(text),
            NOT_READ if by is None else decode(by),
            bool(deleted),
            after,
            approval,
            bool(due),
            made,
            changed,
            _cause(cause),
        )
        for one, kind, text, by, deleted, after, approval, due, made, changed, cause in await tx.execute(query)
    ]


def _cause(text: str | None) -> dict[str, Any] | None:
    return decode(text) if text else None
