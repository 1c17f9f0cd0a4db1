"""Objects that are proved gone leave the connector space, and with them the people whom nothing is joined to."""

from typing import Any

from storage import given_values, join_keys, key_owners, metaverse, objects, references
from storage.records import Cso
from storage.store import Transaction


async def forget(tx: Transaction, gone: list[Cso], review_ids: dict[int, int | None], *, deleted: bool = False) -> None:
    """Take CSOs out of the connector space, and with them the deleted MVOs that nothing is joined to any more.

    `deleted` says that our own approved deletes took them from their system.
    """
    await objects.remove(tx, gone, review_ids=review_ids, deleted=deleted)
    await _forget_keys(tx, gone)
    mvo_ids = [cso.mvo_id for cso in gone if cso.mvo_id is not None]
    await metaverse.set_due(tx, {*mvo_ids, *await references.referrers(tx, mvo_ids)}, due=True)
    await remove_empty_mvos(tx, mvo_ids)


async def _forget_keys(tx: Transaction, gone: list[Cso]) -> None:
    """Let nobody find CSOs by their keys any more."""
    owners: dict[str, list[int]] = {}
    for cso in gone:
        owners.setdefault(key_owners.of_system(cso.system, cso.type), []).append(cso.id)
    for owner, ids in owners.items():
        await join_keys.replace(tx, owner, ids, [])


async def remove_empty_mvos(tx: Transaction, mvo_ids: list[Any]) -> None:
    """Remove deleted MVOs that nothing is joined to any more, with their join keys; they have no values any more."""
    types = {mvo.id: mvo.type for mvo in await metaverse.get(tx, mvo_ids)}
    removed: dict[str, list[int]] = {}
    for mvo_id in await metaverse.remove_empty(tx, mvo_ids):
        removed.setdefault(types[mvo_id], []).append(mvo_id)
    await given_values.end(tx, [mvo_id for ids in removed.values() for mvo_id in ids])
    for mvo_type, ids in removed.items():
        await join_keys.replace(tx, key_owners.of_metaverse(mvo_type), ids, [])
        await join_keys.replace(tx, key_owners.formerly(mvo_type), ids, [])
