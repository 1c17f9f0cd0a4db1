"""What objects last held that are no longer in the connector space."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Select, or_, select, update

from storage.dialects.sqlite import dialect
from storage.documents import decode
from storage.labels import labelled, name_of
from storage.records import Attributes
from storage.store import Transaction
from storage.tables import tombstones


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
        dialect.among(tombstones.c.external_id, external_ids), dialect.among(tombstones.c.secondary_key, secondary_keys)
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
        dialect.among(tombstones.c.external_id, external_ids),
        tombstones.c.mvo_id.is_not(None),
    )
    return await _tombstones(tx, query.order_by(tombstones.c.id))


async def mark_restored(tx: Transaction, tombstone_id: int, cso_id: int) -> None:
    """Say as which CSO an object was restored."""
    await tx.execute(update(tombstones).where(tombstones.c.id == tombstone_id).values(restored_as=cso_id))


async def _tombstones(tx: Transaction, query: Select[Any]) -> list[Tombstone]:
    return [Tombstone._make((*row[:6], decode(row[6]), *row[7:12], bool(row[12]))) for row in await tx.execute(query)]
