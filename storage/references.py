"""References between metaverse objects, and those that are owed because what they name is not there yet."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Text, and_, bindparam, case, cast, delete, exists, func, or_, select, update

from storage import clock, writing
from storage.dialects import expressions
from storage.labels import LABEL
from storage.store import Transaction
from storage.tables import metaverse, objects, owed, pending_exports, references
from storage.tables.base import Number

IN, OUT = "in", "out"
"""Owed by a CSO, whose reference names an object of its own system; or by an MVO to a target."""

_DELETED = select(metaverse.c.id).where(metaverse.c.deleted)


class Edge(NamedTuple):
    """One reference of an MVO to another."""

    mvo_id: int
    attribute: str
    target_id: int


class Owed(NamedTuple):
    """One reference that cannot be paid yet: whose it is, and what it names in which system.

    Inbound the owner is a CSO and the key an external id, or a DN in its normal form; outbound the owner is an
    MVO and the key the id of the MVO that has no account there.
    """

    direction: str
    owner_id: int
    attribute: str
    system: str
    key: str
    since: str = ""
    told: bool = False


class ListedOwed(NamedTuple):
    """An owed reference with what a person calls whose it is, and whom it names."""

    id: int
    owed: Owed
    label: str
    named: str


class Address(NamedTuple):
    """What an MVO's account in a system is called, or will be once its open export is carried out."""

    mvo_id: int
    cso_id: int
    type: str
    external_id: str | None
    secondary_id: str | None
    new_secondary_id: str | None


_KEY = ("direction", "owner_id", "attribute", "system", "key")
_ROW = tuple(owed.c[name] for name in Owed._fields)

_PERSON = "mvo-" + cast(owed.c.owner_id, Text)
_NAME = func.min(func.nullif(objects.c.name, ""))
_OF_PERSON = select(_NAME).where(objects.c.mvo_id == owed.c.owner_id).scalar_subquery()
_OF_OBJECT = select(LABEL).where(objects.c.id == owed.c.owner_id).scalar_subquery()
OWNER = case(
    (owed.c.direction == OUT, func.coalesce(_OF_PERSON + " (" + _PERSON + ")", _PERSON)),
    else_=func.coalesce(_OF_OBJECT, "cso-" + cast(owed.c.owner_id, Text)),
)
"""What a person calls whose reference it is, as the store works it out."""
_OTHER = case((owed.c.direction == OUT, cast(owed.c.key, Number)))
_OF_OTHER = select(_NAME).where(objects.c.mvo_id == _OTHER).scalar_subquery()
NAMED = case(
    (owed.c.direction == OUT, func.coalesce(_OF_OTHER + " (mvo-" + owed.c.key + ")", "mvo-" + owed.c.key)),
    else_=owed.c.key,
)
"""What a person calls whom it names."""


async def change(tx: Transaction, gone: list[Edge], come: list[Edge]) -> None:
    """Take references away and add others."""
    if gone:
        await writing.delete_many(tx, references, Edge._fields, [tuple(edge) for edge in gone])
    if come:
        await writing.insert_many(tx, references, Edge._fields, [tuple(edge) for edge in come])


async def drop(tx: Transaction, mvo_ids: Iterable[int]) -> None:
    """Forget all references of MVOs that are gone, and what they owed."""
    if not (ids := list(mvo_ids)):
        return
    await tx.execute(delete(references).where(expressions.among(references.c.mvo_id, ids)))
    await tx.execute(delete(owed).where(owed.c.direction == OUT, expressions.among(owed.c.owner_id, ids)))


async def referrers(tx: Transaction, target_ids: Iterable[int]) -> set[int]:
    """Give the MVOs that refer to some MVOs."""
    if not (target_ids := list(target_ids)):
        return set()
    query = select(references.c.mvo_id).where(expressions.among(references.c.target_id, target_ids)).distinct()
    return set((await tx.execute(query)).scalars())


async def edges_to(tx: Transaction, target_ids: Iterable[int]) -> list[Edge]:
    """Give every reference to some MVOs."""
    query = select(references).where(expressions.among(references.c.target_id, target_ids))
    return [Edge(*row) for row in await tx.execute(query.order_by(references.c.mvo_id, references.c.attribute))]


async def lost(tx: Transaction, mvo_id: int, attribute: str) -> set[int]:
    """Give those that an MVO refers to by an attribute which are deleted, or gone."""
    there = exists().where(metaverse.c.id == references.c.target_id, ~metaverse.c.deleted)
    query = select(references.c.target_id).where(
        references.c.mvo_id == mvo_id, references.c.attribute == attribute, ~there
    )
    return set((await tx.execute(query)).scalars())


async def joined_objects(
    tx: Transaction, system: str, types: Sequence[str], keys: Iterable[str], *, by_secondary: bool
) -> dict[str, list[tuple[str, int]]]:
    """Find what objects of a system are joined to: their ids (or normalised DNs) → their types and MVO ids.

    Objects that are joined to nobody, or to an MVO that was deleted, are not there.
    """
    column = objects.c.secondary_key if by_secondary else objects.c.external_id
    query = select(column, objects.c.type, objects.c.mvo_id).where(
        objects.c.system == system,
        objects.c.type.in_(types),
        expressions.among(column, keys),
        objects.c.mvo_id.is_not(None),
        objects.c.mvo_id.not_in(_DELETED),
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for key, kind, mvo_id in await tx.execute(query):
        found.setdefault(key, []).append((kind, mvo_id))
    return found


async def addresses(tx: Transaction, system: str, mvo_ids: Iterable[int]) -> list[Address]:
    """Give what the accounts of some MVOs in a system are called; those of deleted MVOs are on their way out."""
    query = (
        select(
            objects.c.mvo_id,
            objects.c.id,
            objects.c.type,
            objects.c.external_id,
            objects.c.secondary_id,
            pending_exports.c.new_secondary_id,
        )
        .outerjoin(pending_exports, pending_exports.c.cso_id == objects.c.id)
        .where(
            expressions.unindexed(objects.c.system) == system,
            expressions.among(objects.c.mvo_id, mvo_ids),
            objects.c.mvo_id.not_in(_DELETED),
        )
        .order_by(objects.c.id)
    )
    return [Address(*row) for row in await tx.execute(query)]


async def replace_owed(tx: Transaction, direction: str, owner_ids: Iterable[int], rows: list[Owed]) -> None:
    """Say all that some owners owe in one direction; what they owed before and still do keeps its age."""
    ids = list(owner_ids)
    query = select(*_ROW).where(owed.c.direction == direction, expressions.among(owed.c.owner_id, ids))
    before = {tuple(row[:5]) for row in await tx.execute(query)}
    after = {tuple(row[:5]): row for row in rows}
    paid = [key for key in before if key not in after]
    if paid:
        await writing.delete_many(tx, owed, _KEY, paid)
    at = clock.now()
    new = [(*key, at, row.told) for key, row in after.items() if key not in before]
    if new:
        await writing.insert_many(tx, owed, Owed._fields, new)


async def drop_owed_by(tx: Transaction, system: str, object_type: str) -> None:
    """Forget what the objects of a type owe: no rule reads them any more."""
    owners = select(objects.c.id).where(objects.c.system == system, objects.c.type == object_type)
    await tx.execute(delete(owed).where(owed.c.direction == IN, owed.c.owner_id.in_(owners)))


async def payable_inbound(tx: Transaction, system: str, types: Sequence[str], after: int, limit: int) -> list[int]:
    """Give the next CSOs of a system whose owed references name something that is joined by now, by id."""
    joined = (
        objects.c.system == owed.c.system,
        objects.c.type.in_(types),
        objects.c.mvo_id.is_not(None),
        objects.c.mvo_id.not_in(_DELETED),
    )
    named = or_(  # apart, so that each has its index
        exists().where(*joined, objects.c.external_id == owed.c.key),
        exists().where(*joined, objects.c.secondary_key == owed.c.key),
    )
    return await _owners(tx, IN, and_(owed.c.system == system, named), after, limit)


async def payable_outbound(tx: Transaction, after: int, limit: int) -> list[int]:
    """Give the next MVOs whose owed references name an MVO that has an account by now, by id."""
    there = exists().where(
        objects.c.mvo_id == cast(owed.c.key, Number),
        expressions.unindexed(objects.c.system) == owed.c.system,
        objects.c.mvo_id.not_in(_DELETED),
    )
    return await _owners(tx, OUT, there, after, limit)


async def still_owing(tx: Transaction, direction: str, owner_ids: Iterable[int]) -> set[int]:
    """Give those of some owners that owe anything."""
    if not (owner_ids := list(owner_ids)):
        return set()
    query = select(owed.c.owner_id).where(owed.c.direction == direction, expressions.among(owed.c.owner_id, owner_ids))
    return set((await tx.execute(query.distinct())).scalars())


async def _owners(tx: Transaction, direction: str, condition: ColumnElement[bool], after: int, limit: int) -> list[int]:
    query = select(owed.c.owner_id).where(owed.c.direction == direction, owed.c.owner_id > after, condition)
    return list((await tx.execute(query.distinct().order_by(owed.c.owner_id).limit(limit))).scalars())


async def untold(tx: Transaction, direction: str, limit: int) -> list[Owed]:
    """Give owed references that nobody was told about yet."""
    query = select(*_ROW).where(owed.c.direction == direction, ~owed.c.told).order_by(owed.c.owner_id).limit(limit)
    return [Owed(*row) for row in await tx.execute(query)]


async def mark_told(tx: Transaction, rows: list[Owed]) -> None:
    """Say that somebody was told about some."""
    if rows:
        chosen = [owed.c[name] == bindparam(f"own_{name}") for name in _KEY]
        named = [{f"own_{name}": value for name, value in zip(_KEY, row, strict=False)} for row in rows]
        await tx.execute(update(owed).where(*chosen).values(told=True), named)


async def listed(tx: Transaction, ids: Iterable[int]) -> list[ListedOwed]:
    """Read some of what is owed, by the numbers of the rows."""
    query = select(owed.c.id, *_ROW, OWNER, NAMED).where(expressions.among(owed.c.id, ids))
    return [ListedOwed(key, Owed(*row), label, named) for key, *row, label, named in await tx.execute(query)]


async def owed_by(tx: Transaction, direction: str, owner_id: int) -> list[Owed]:
    """List what one owner owes."""
    query = select(*_ROW).where(owed.c.direction == direction, owed.c.owner_id == owner_id).limit(100)
    return [Owed(*row) for row in await tx.execute(query)]


async def owed_since(tx: Transaction) -> tuple[int, str | None]:
    """Count what is owed, and tell since when the first of it is."""
    count, since = (await tx.execute(select(func.count(), func.min(owed.c.since)).select_from(owed))).one()
    return count, since


async def count_owed(tx: Transaction) -> int:
    """Count what is owed."""
    return int((await tx.execute(select(func.count()).select_from(owed))).scalar_one())
