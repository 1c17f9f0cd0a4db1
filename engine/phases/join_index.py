"""The join index: the keys that objects are found by, those they were found by, and those that somebody waits for."""

from collections.abc import Iterable, Sequence

from engine.errors import ObjectFailed
from engine.rules.compiled import Join
from engine.rules.joins import keys_of
from engine.step import Step
from engine.workspace import Workspace
from storage import join_keys, metaverse, objects
from storage.join_keys import JoinKey
from storage.objects import PlannedCso
from storage.records import Cso, JoinedBy, Mvo
from storage.store import Transaction


def index_keys(workspace: Workspace, owner: str, found: Sequence[Cso | Mvo]) -> list[join_keys.JoinKey]:
    """Give every key by which some objects of an owner can be found; who has none that can be computed has none."""
    joins = workspace.rules.joins.get(owner, ())
    keys: list[join_keys.JoinKey] = []
    for one in found if joins else ():
        if isinstance(one, Mvo):
            context = workspace.seen_mvo(one.type, one.attributes)
        else:
            context = workspace.seen(one.system, one.type, one.attributes)
        for join in joins:
            try:
                keys += keys_of(owner, [join], one.id, one.attributes, context)
            except ObjectFailed:
                continue  # it cannot be found by that key; a rule that reads it tells what is wrong
    return keys


async def index_mvos(tx: Transaction, step: Step, mvos: list[Mvo], new: set[int]) -> set[int]:
    """Keep the keys by which inbound joins find MVOs, and unique values their holders.

    The CSOs that were waiting for one of the keys are due again, and given.
    """
    woken: set[int] = set()
    for kind in {mvo.type for mvo in mvos}:
        owner = f"metaverse.{kind}"
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
        owner = f"metaverse.{kind}"
        own = [(old, mvo) for old, mvo in changes if old.type == kind and _gave(old, old.contributors) - present]
        if not own:
            continue
        ids = [old.id for old, _ in own]
        joins = {join.name: join for join in step.workspace.rules.joins.get(owner, ())}
        olds = {old.id: old for old, _ in own}
        after = {
            (key.attributes, key.key, key.object_id)
            for key in index_keys(step.workspace, owner, [mvo for _, mvo in own])
        }
        lost = [
            key._replace(owner=formerly(kind))
            for key in index_keys(step.workspace, owner, list(olds.values()))
            if _gave(olds[key.object_id], _read_by(joins[key.attributes])) - present
        ]
        kept = await join_keys.of(tx, formerly(kind), ids)
        keys = {key for key in (*kept, *lost) if (key.attributes, key.key, key.object_id) not in after}
        await join_keys.replace(tx, formerly(kind), ids, sorted(keys))


async def forget_former_keys(tx: Transaction, mvo_ids: list[int]) -> None:
    """Let MVOs be found by what they have now alone."""
    for kind in {mvo.type for mvo in await metaverse.get(tx, mvo_ids)}:
        await join_keys.replace(tx, formerly(kind), mvo_ids, [])


def _gave(mvo: Mvo, names: Iterable[str]) -> set[int]:
    """Give the CSOs that gave some attributes of an MVO."""
    return {by[0] for name in names if (by := mvo.contributors.get(name)) and by[0] is not None}


def _read_by(join: Join) -> set[str]:
    return {name for part in join.parts for name in part.target.names}


def formerly(mvo_type: str) -> str:
    """Give the owner of the keys that MVOs of a type had while somebody gave them who has left."""
    return f"formerly metaverse.{mvo_type}"


async def _waiting(tx: Transaction, what: str, keys: list[JoinKey]) -> set[int]:
    """Give those who wait for one of a type under some of its keys."""
    by_name: dict[str, set[str]] = {}
    for key in keys:
        by_name.setdefault(key.attributes, set()).add(key.key)
    found = [await join_keys.find(tx, waiting_for(what), name, own) for name, own in by_name.items()]
    return {one for waiting in found for ids in waiting.values() for one in ids}


def waiting_for(what: str) -> str:
    """Give the owner of the keys of those who would join one of a type (`TYPE` or `SYSTEM.TYPE`), and found none."""
    return f"waiting for {what}"


async def index_objects(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Keep the keys by which outbound joins find target objects that exist already, and unique values their holders."""
    owners: dict[str, list[Cso]] = {}
    for cso in csos:
        owners.setdefault(f"{cso.system}.{cso.type}", []).append(cso)
    for owner, own in owners.items():
        if not step.workspace.rules.joins.get(owner):
            continue
        keys = index_keys(step.workspace, owner, own)
        await join_keys.replace(tx, owner, [cso.id for cso in own], keys)
        free = {cso.id for cso in own if cso.mvo_id is None and cso.joined_by != JoinedBy.EXCLUDED}
        waiting = await _waiting(tx, owner, [key for key in keys if key.object_id in free])
        await metaverse.set_due(tx, waiting, due=True)


async def index_planned(tx: Transaction, step: Step, planned: Iterable[PlannedCso]) -> None:
    """Let planned objects be found by the keys of their type, so that nobody else is given their names."""
    owners: dict[str, list[int]] = {}
    for one in planned:
        owner = f"{one.system}.{one.type}"
        if step.workspace.rules.joins.get(owner):
            owners.setdefault(owner, []).append(one.id)
    for owner, ids in owners.items():
        await join_keys.replace(tx, owner, ids, index_keys(step.workspace, owner, await objects.get(tx, ids)))
