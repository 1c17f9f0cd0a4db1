"""The record of every status transition: when, from, to, by which step or operator, why."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import func, insert, literal, select

from storage import clock, writing
from storage.dialects import expressions
from storage.labels import LABEL
from storage.records import Entity, ExportStatus
from storage.store import Transaction
from storage.tables import objects, pending_exports, transitions


class Transition(NamedTuple):
    """One status transition of a CSO (`cso`), a pending export (`export`) or a review item (`review`)."""

    id: int
    at: str
    entity: str
    entity_id: int
    system: str
    label: str
    from_status: str | None
    to_status: str | None
    step_id: int | None
    operator: str | None
    reason: str


class Move(NamedTuple):
    """A transition about to be recorded."""

    entity: Entity
    entity_id: int
    system: str
    label: str
    from_status: str | None
    to_status: str | None
    reason: str


async def record(
    tx: Transaction, moves: list[Move], *, step_id: int | None = None, operator: str | None = None
) -> None:
    """Write transitions down, all at the present moment."""
    if not moves:
        return
    common = (clock.now(), step_id, operator)
    rows = [(*move, *common) for move in moves]
    await writing.insert_many(tx, transitions, (*Move._fields, "at", "step_id", "operator"), rows)


async def record_new_objects(tx: Transaction, first_id: int, *, step_id: int, reason: str) -> None:
    """Record that every CSO from an id on has just been created."""
    created = select(
        literal(clock.now()),
        literal(Entity.CSO.value),
        objects.c.id,
        objects.c.system,
        LABEL,
        objects.c.status,
        literal(step_id),
        literal(reason),
    ).where(objects.c.id >= first_id)
    names = ["at", "entity", "entity_id", "system", "label", "to_status", "step_id", "reason"]
    await tx.execute(insert(transitions).from_select(names, created.order_by(objects.c.id)))


async def record_exports(tx: Transaction, ids: Iterable[int], to_status: str, *, step_id: int, reason: str) -> None:
    """Record that open exports are about to get another status, all for one reason."""
    moved = (
        select(
            literal(clock.now()),
            literal(Entity.EXPORT.value),
            pending_exports.c.id,
            pending_exports.c.system,
            LABEL,
            pending_exports.c.status,
            literal(to_status),
            literal(step_id),
            literal(reason),
        )
        .join(objects, objects.c.id == pending_exports.c.cso_id)
        .where(expressions.among(pending_exports.c.id, ids))
        .order_by(pending_exports.c.id)
    )
    names = ["at", "entity", "entity_id", "system", "label", "from_status", "to_status", "step_id", "reason"]
    await tx.execute(insert(transitions).from_select(names, moved))


async def of(tx: Transaction, entity: str, entity_ids: Iterable[int]) -> list[Transition]:
    """List the transitions of some things of one kind, oldest first."""
    query = (
        select(transitions)
        .where(transitions.c.entity == entity, expressions.among(transitions.c.entity_id, entity_ids))
        .order_by(transitions.c.id)
    )
    return [_transition(row) for row in await tx.execute(query)]


async def newest_id(tx: Transaction) -> int:
    """Give the id of the newest transition, 0 where there is none."""
    return int((await tx.execute(select(func.max(transitions.c.id)))).scalar() or 0)


async def sent_in(tx: Transaction, step_id: int, after: int, limit: int) -> list[tuple[int, str]]:
    """List the next exports that a step sent, as (transition, label): later transitions than one."""
    wrote = transitions.c.entity == Entity.EXPORT.value, transitions.c.to_status == ExportStatus.EXPORTED.value
    query = select(transitions.c.id, transitions.c.label).where(transitions.c.id > after, *wrote)
    query = query.where(transitions.c.step_id == step_id).order_by(transitions.c.id).limit(limit)
    return [(row.id, row.label) for row in await tx.execute(query)]


async def among(tx: Transaction, ids: Iterable[int]) -> list[Transition]:
    """Read transitions."""
    query = select(transitions).where(expressions.among(transitions.c.id, ids))
    return [_transition(row) for row in await tx.execute(query)]


def _transition(row: Any) -> Transition:
    return Transition(*row)
