"""The narrow index in which joins look objects up: (owner, attributes, key) → object id.

An owner is `metaverse.TYPE` or `SYSTEM.TYPE`; attributes are the joined names of a composite key.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, select

from storage import writing
from storage.dialects import expressions
from storage.store import Transaction
from storage.tables import join_keys


class JoinKey(NamedTuple):
    """One key under which an object can be found."""

    owner: str
    attributes: str
    key: str
    object_id: int


async def replace(tx: Transaction, owner: str, object_ids: Iterable[int], keys: list[JoinKey]) -> None:
    """Replace all keys of some objects; keys of others, which have none yet, are added."""
    await tx.execute(
        delete(join_keys).where(join_keys.c.owner == owner, expressions.among(join_keys.c.object_id, object_ids))
    )
    await add(tx, keys)


async def add(tx: Transaction, keys: list[JoinKey]) -> None:
    """Add keys of objects that have none yet."""
    if keys:
        await writing.insert_many(tx, join_keys, JoinKey._fields, list(keys))


async def clear(tx: Transaction, owner: str) -> None:
    """Drop all keys of an owner, before its index is built anew."""
    await tx.execute(delete(join_keys).where(join_keys.c.owner == owner))


async def all_of(tx: Transaction, owner: str) -> dict[str, list[int]]:
    """Give every key of an owner that has few: key → ids."""
    found: dict[str, list[int]] = {}
    query = select(join_keys.c.key, join_keys.c.object_id).where(join_keys.c.owner == owner)
    for key, object_id in await tx.execute(query):
        found.setdefault(key, []).append(object_id)
    return found


async def of(tx: Transaction, owner: str, object_ids: Iterable[int]) -> list[JoinKey]:
    """Give every key of some objects."""
    query = select(join_keys).where(join_keys.c.owner == owner, expressions.among(join_keys.c.object_id, object_ids))
    return [JoinKey(*row) for row in await tx.execute(query)]


async def find(tx: Transaction, owner: str, attributes: str, keys: Iterable[str]) -> dict[str, list[int]]:
    """Find the objects under some keys: key → ids, lowest first."""
    query = (
        select(join_keys.c.key, join_keys.c.object_id)
        .where(
            join_keys.c.owner == owner,
            join_keys.c.attributes == attributes,
            expressions.among(join_keys.c.key, keys),
        )
        .order_by(join_keys.c.object_id)
    )
    found: dict[str, list[int]] = {}
    for key, object_id in await tx.execute(query):
        found.setdefault(key, []).append(object_id)
    return found
