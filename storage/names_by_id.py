"""What a person calls things that are known by their ids: one query for all of a kind."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from storage.dialects import expressions
from storage.documents import decode
from storage.labels import name_in, name_of
from storage.store import Transaction
from storage.tables import metaverse, objects, pending_exports, review_items, tombstones, transitions

_NAME = func.coalesce(
    func.nullif(objects.c.name, ""), func.nullif(objects.c.secondary_id, ""), func.nullif(objects.c.external_id, "")
)


async def of_objects(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """Name CSOs, those that are gone by what they were called."""
    found = {id_: name for id_, name in await tx.execute(_named(objects.c.id, ids)) if name}
    if left := set(ids) - found.keys():
        held = tombstones.c.object_id, tombstones.c.attributes, tombstones.c.secondary_id, tombstones.c.external_id
        gone = select(*held).where(expressions.among(tombstones.c.object_id, left)).order_by(tombstones.c.id)
        for id_, attributes, secondary_id, external_id in await tx.execute(gone):
            if name := name_of(decode(attributes)) or secondary_id or external_id:
                found[id_] = name
    return found


async def of_people(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """Name MVOs."""
    query = select(metaverse.c.id, metaverse.c.attributes).where(expressions.among(metaverse.c.id, ids))
    named = ((id_, name_of(decode(attributes))) for id_, attributes in await tx.execute(query))
    return {id_: name for id_, name in named if name}


async def of_exports(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """Name the objects of exports, those that were confirmed or withdrawn by what their last transition says."""
    query = (
        _named(pending_exports.c.id, ids)
        .select_from(objects)
        .join(pending_exports, objects.c.id == pending_exports.c.cso_id)
    )
    found = {id_: name for id_, name in await tx.execute(query) if name}
    if left := set(ids) - found.keys():
        of_exports = transitions.c.entity == "export", expressions.among(transitions.c.entity_id, left)
        moved = select(transitions.c.entity_id, transitions.c.label).where(*of_exports).order_by(transitions.c.id)
        found |= {id_: name_in(label) for id_, label in await tx.execute(moved)}
    return found


async def of_reviews(tx: Transaction, ids: Iterable[int]) -> dict[int, str]:
    """Name what review items are about."""
    query = select(review_items.c.id, review_items.c.label).where(expressions.among(review_items.c.id, ids))
    return {id_: name_in(label) for id_, label in await tx.execute(query)}


def _named(key: ColumnElement[int], ids: Iterable[int]) -> Select[int, Any]:
    return select(key, _NAME).where(expressions.among(key, ids))
