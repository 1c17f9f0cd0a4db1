"""What objects last held that are no longer in the connector space."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, insert, or_, select, update

from storage import clock
from storage.dialects import expressions
from storage.documents import decode
from storage.labels import labelled, name_of
from storage.records import Attributes
from storage.store import Transaction
from storage.tables import objects, review_items, tombstones


class Tombstone(NamedTuple):
    """A CSO as it was when it went, the approval it went under, and the CSO it was restored as."""

    id: int
    object_id: int
    system: str
    type: str
    external_id: str | None
    secondary_id: str | None
    attributes: Attributes
    mvo_id: int | None
    review_id: int | None
    at: str
    restored_as: int | None
    secondary_key: str | None
    deleted: bool
    """Whether it was our own approved delete that took it away."""

    @property
    def label(self) -> str:
        """What a person called it."""
        return labelled(name_of(self.attributes), self.secondary_id, self.external_id, f"cso-{self.object_id}")


class Listed(NamedTuple):
    """What is gone, with whoever approved that, and why."""

    gone: Tombstone
    by: str | None
    reason: str

    @property
    def id(self) -> int:
        """The number of what is kept of it."""
        return self.gone.id


async def listed(tx: Transaction, ids: Iterable[int]) -> list[Listed]:
    """Read what is gone with its approvals."""
    found = await _tombstones(tx, select(tombstones).where(expressions.among(tombstones.c.id, ids)))
    approved = expressions.among(review_items.c.id, [one.review_id for one in found if one.review_id is not None])
    query = select(review_items.c.id, review_items.c.decided_by, review_items.c.reason).where(approved)
    why = {row.id: (row.decided_by, row.reason or "") for row in await tx.execute(query)}
    return [Listed(one, *why.get(one.review_id or 0, (None, ""))) for one in found]


async def bury(tx: Transaction, cso_ids: Sequence[int], *, deleted: bool) -> None:
    """Keep what some CSOs hold, before they are taken out of the connector space.

    `deleted` says that it was our own approved delete that took them from their system.
    """
    held = select(
        objects.c.id,
        objects.c.system,
        objects.c.type,
        objects.c.external_id,
        objects.c.secondary_id,
        objects.c.attributes,
        objects.c.mvo_id,
        func.cast(bindparam("at", clock.now()), objects.c.created_at.type),
        objects.c.secondary_key,
        func.cast(bindparam("deleted", deleted), objects.c.kept.type),
    ).where(expressions.among(objects.c.id, cso_ids))
    names = ["object_id", "system", "type", "external_id", "secondary_id", "attributes", "mvo_id", "at"]
    names += ["secondary_key", "deleted"]
    await tx.execute(insert(tombstones).from_select(names, held))


async def cover(tx: Transaction, review_ids: Mapping[int, int | None]) -> None:
    """Say under which approvals CSOs went: CSO id → review item, where there was one."""
    covered = [{"b_id": cso, "review_id": review} for cso, review in review_ids.items() if review is not None]
    if covered:
        link = update(tombstones).where(tombstones.c.object_id == bindparam("b_id"))
        await tx.execute(link.values(review_id=bindparam("review_id")), covered)


async def of_object(tx: Transaction, object_id: int) -> list[Tombstone]:
    """Give what a CSO last held, if it is gone."""
    query = select(tombstones).where(tombstones.c.object_id == object_id)
    return await _tombstones(tx, query.order_by(tombstones.c.id.desc()).limit(1))


async def of_review(tx: Transaction, review_id: int) -> list[Tombstone]:
    """Give what went under one approval."""
    return await _tombstones(tx, select(tombstones).where(tombstones.c.review_id == review_id))


async def deleted_among(
    tx: Transaction, system: str, object_type: str, external_ids: Iterable[str], secondary_keys: Iterable[str]
) -> list[Tombstone]:
    """Give the objects that our approved deletes took away, and nobody restored, by either of their ids."""
    named = or_(
        expressions.among(tombstones.c.external_id, external_ids),
        expressions.among(tombstones.c.secondary_key, secondary_keys),
    )
    query = select(tombstones).where(
        tombstones.c.system == system,
        tombstones.c.type == object_type,
        tombstones.c.deleted,
        tombstones.c.restored_as.is_(None),
        named,
    )
    return await _tombstones(tx, query.order_by(tombstones.c.id))


async def with_ids(tx: Transaction, system: str, object_type: str, external_ids: Iterable[str]) -> list[Tombstone]:
    """Give what was joined to somebody and had one of some ids, the last one last."""
    query = select(tombstones).where(
        tombstones.c.system == system,
        tombstones.c.type == object_type,
        expressions.among(tombstones.c.external_id, external_ids),
        tombstones.c.mvo_id.is_not(None),
    )
    return await _tombstones(tx, query.order_by(tombstones.c.id))


async def mvos_of(tx: Transaction, ids: Iterable[int]) -> dict[int, int | None]:
    """Give what CSOs that are no longer there were joined to when they went: CSO id → MVO id."""
    query = select(tombstones.c.object_id, tombstones.c.mvo_id).where(expressions.among(tombstones.c.object_id, ids))
    return {cso_id: mvo_id for cso_id, mvo_id in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def mark_restored(tx: Transaction, tombstone_id: int, cso_id: int) -> None:
    """Say as which CSO an object was restored."""
    await tx.execute(update(tombstones).where(tombstones.c.id == tombstone_id).values(restored_as=cso_id))


async def _tombstones(tx: Transaction, query: Select[Any]) -> list[Tombstone]:
    return [Tombstone._make((*row[:6], decode(row[6]), *row[7:12], bool(row[12]))) for row in await tx.execute(query)]


async def deleted_since(tx: Transaction, system: str, since: str) -> dict[str, list[int]]:
    """Give the CSOs of a system whose approved delete was proved since a moment, by type."""
    query = select(tombstones.c.type, tombstones.c.object_id).where(
        tombstones.c.system == system, tombstones.c.at >= since, tombstones.c.review_id.is_not(None)
    )
    gone: dict[str, list[int]] = {}
    for kind, object_id in await tx.execute(query):
        gone.setdefault(kind, []).append(object_id)
    return gone
