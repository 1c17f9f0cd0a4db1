"""The join index: the keys that objects are found by, those they were found by, and those that somebody waits for."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.contributions.origins import givers_of
from engine.errors import ObjectFailed
from engine.rules.compiled import Join
from engine.rules.joins import target_key
from engine.step import Step
from engine.workspace import Workspace
from storage import join_keys, key_owners, metaverse, objects
from storage.join_keys import JoinKey
from storage.objects import PlannedCso
from storage.records import Attributes, Cso, JoinedBy, Mvo
from storage.store import Transaction


def index_keys(workspace: Workspace, owner: str, found: Sequence[Cso | Mvo]) -> list[JoinKey]:
    """Give every key by which some objects of an owner can be found; who has none that can be computed has none."""
    if owner not in workspace.rules.joins:
        return []
    return [key for one in found for key in _keys_of(workspace, owner, one.id, one.attributes, _seen(workspace, one))]


def _keys_of(
    workspace: Workspace, owner: str, object_id: int, attributes: Attributes, context: Callable[[], dict[str, Any]]
) -> list[JoinKey]:
    keys: list[JoinKey] = []
    for join in workspace.rules.joins.get(owner, ()):
        try:
            key = target_key(join, attributes, context)
        except ObjectFailed:
            continue  # it cannot be found by that key; a rule that reads it tells what is wrong
        if key is not None:
            keys.append(JoinKey(owner, join.name, key, object_id))
    return keys


def _seen(workspace: Workspace, one: Cso | Mvo) -> Callable[[], dict[str, Any]]:
    """Give the way in which expressions see an object."""
    if isinstance(one, Mvo):
        return workspace.seen_mvo(one.type, one.attributes)
    return workspace.seen(one.system, one.type, one.attributes)


async def index_mvos(tx: Transaction, step: Step, mvos: list[Mvo], new: set[int]) -> set[int]:
    """Keep the keys by which inbound joins find MVOs, and unique values their holders.

    The CSOs that were waiting for one of the keys are due again, and given.
    """
    woken: set[int] = set()
    for kind in {mvo.type for mvo in mvos}:
        owner = key_owners.of_metaverse(kind)
        own = [mvo for mvo in mvos if mvo.type == kind]
        keys = index_keys(step.workspace, owner, own)
        await join_keys.replace(tx, owner, [mvo.id for mvo in own if mvo.id not in new], keys)
        woken |= await _waiting(tx, kind, keys)
    if woken:
        await objects.set_due(tx, woken, due=True)
    return woken


async def keep_former_keys(tx: Transaction, step: Step, changes: list[tuple[Mvo, Mvo]], present: set[int]) -> None:
    """Let MVOs be found by the keys that they had before those who gave them left: whoever returns finds them.

    A key that its giver corrects is not kept: it may be somebody else's now. `present` are the CSOs joined by now.
    """
    for kind in {old.type for old, _ in changes}:
        own = [(old, mvo) for old, mvo in changes if old.type == kind and _gave(old, old.contributors) - present]
        if own:
            await _keep_former_keys(tx, step.workspace, kind, own, present)


async def _keep_former_keys(
    tx: Transaction, workspace: Workspace, kind: str, changes: list[tuple[Mvo, Mvo]], present: set[int]
) -> None:
    """Keep the keys that MVOs of a type had by those who left, but for those that they have all the same."""
    ids = [old.id for old, _ in changes]
    have = {_text_of(key) for key in index_keys(workspace, key_owners.of_metaverse(kind), [mvo for _, mvo in changes])}
    kept = await join_keys.of(tx, key_owners.formerly(kind), ids)
    lost = _lost_keys(workspace, kind, [old for old, _ in changes], present)
    keys = {key for key in (*kept, *lost) if _text_of(key) not in have}
    await join_keys.replace(tx, key_owners.formerly(kind), ids, sorted(keys))


def _text_of(key: JoinKey) -> tuple[str, str, int]:
    """Give what a key says of whom, whoever keeps it."""
    return key.attributes, key.key, key.object_id


def _lost_keys(workspace: Workspace, kind: str, olds: list[Mvo], present: set[int]) -> list[JoinKey]:
    """Give the keys that MVOs had by what CSOs gave that are not joined any more."""
    owner = key_owners.of_metaverse(kind)
    joins = {join.name: join for join in workspace.rules.joins.get(owner, ())}
    by_id = {old.id: old for old in olds}
    return [
        key._replace(owner=key_owners.formerly(kind))
        for key in index_keys(workspace, owner, olds)
        if _gave(by_id[key.object_id], _read_by(joins[key.attributes])) - present
    ]


async def forget_former_keys(tx: Transaction, mvo_ids: list[int]) -> None:
    """Let MVOs be found by what they have now alone."""
    for kind in {mvo.type for mvo in await metaverse.get(tx, mvo_ids)}:
        await join_keys.replace(tx, key_owners.formerly(kind), mvo_ids, [])


def _gave(mvo: Mvo, names: Iterable[str]) -> set[int]:
    """Give the CSOs that gave some attributes of an MVO."""
    return {one for name in names if (by := mvo.contributors.get(name)) for one in givers_of(by)}


def _read_by(join: Join) -> set[str]:
    return {name for part in join.parts for name in part.target.names}


async def _waiting(tx: Transaction, what: str, keys: list[JoinKey]) -> set[int]:
    """Give those who wait for one of a type under some of its keys."""
    by_name: dict[str, set[str]] = {}
    for key in keys:
        by_name.setdefault(key.attributes, set()).add(key.key)
    found = [await join_keys.find(tx, key_owners.waiting_for(what), name, own) for name, own in by_name.items()]
    return {one for waiting in found for ids in waiting.values() for one in ids}


async def index_objects(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Keep the keys by which outbound joins find target objects that exist already, and unique values their holders."""
    owners: dict[str, list[Cso]] = {}
    for cso in csos:
        owners.setdefault(key_owners.of_system(cso.system, cso.type), []).append(cso)
    for owner, own in owners.items():
        if step.workspace.rules.joins.get(owner):
            keys = index_keys(step.workspace, owner, own)
            await join_keys.replace(tx, owner, [cso.id for cso in own], keys)
            free = {cso.id for cso in own if cso.mvo_id is None and cso.joined_by != JoinedBy.EXCLUDED}
            waiting = await _waiting(tx, owner, [key for key in keys if key.object_id in free])
            await metaverse.set_due(tx, waiting, due=True)


async def index_planned(tx: Transaction, step: Step, planned: Iterable[PlannedCso]) -> None:
    """Let planned objects be found by the keys of their type, so that nobody else is given their names."""
    workspace = step.workspace
    owners: dict[str, list[PlannedCso]] = {}
    for one in planned:
        owner = key_owners.of_system(one.system, one.type)
        if workspace.rules.joins.get(owner):
            owners.setdefault(owner, []).append(one)
    for owner, own in owners.items():
        keys: list[JoinKey] = []
        for one in own:
            seen = workspace.seen(one.system, one.type, one.attributes)
            keys += _keys_of(workspace, owner, one.id, one.attributes, seen)
        await join_keys.replace(tx, owner, [one.id for one in own], keys)
