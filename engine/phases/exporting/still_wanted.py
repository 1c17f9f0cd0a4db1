"""The last question before a delete: whether there is somebody by now for whom the account is wanted."""

from contextlib import suppress

from engine.approvals.review_items import move_items
from engine.approvals.stages import read_departures
from engine.errors import ObjectFailed
from engine.labels import label_of
from engine.rules.compiled import DELETE, ObjectType
from engine.rules.joins import source_key
from engine.rules.leaving import going, wanting
from engine.rules.lifecycle import has_another_person
from engine.statistics import Statistic
from engine.step import Step
from storage import clock, exports, join_keys, key_owners, metaverse, objects, reviews
from storage.leaving import Departure
from storage.records import Cso, Entity, Mvo, PendingExport, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

Keys = dict[str, dict[str, list[int]]]
"""Name of a join → key → the accounts that have it."""
PAGE = 1_000
WANTED = "its person is there: the account is wanted again"
NOT_YET = "it is not to be deleted yet"


async def withdraw_wanted(tx: Transaction, step: Step, deletes: list[PendingExport], csos: dict[int, Cso]) -> set[int]:
    """Drop the deletes of accounts that somebody is there for once more, with their approvals; give their exports.

    Its person may have come back since it was staged, or somebody else's rules look for it.
    """
    accounts = [csos[one.cso_id] for one in deletes]
    mvos = await _people_of(tx, accounts)
    seekers = await _seekers(tx, step, [cso for cso in accounts if _is_left_behind(cso, mvos)])
    known = await read_departures(tx, step.workspace.rules, accounts)
    called_off: dict[str, list[PendingExport]] = {}
    for one in deletes:
        sought = one.cso_id in seekers
        if why := WANTED if sought else _why_wanted(step, csos[one.cso_id], mvos, known.get(one.cso_id)):
            called_off.setdefault(why, []).append(one)
    for why, those in called_off.items():
        await _call_off(tx, step, those, csos, seekers, why)
    return {one.id for those in called_off.values() for one in those}


async def _people_of(tx: Transaction, accounts: list[Cso]) -> dict[int, Mvo]:
    """Read the MVOs that some accounts are joined to."""
    mvo_ids = {cso.mvo_id for cso in accounts if cso.mvo_id is not None}
    return {mvo.id: mvo for mvo in await metaverse.get(tx, mvo_ids)}


async def _call_off(
    tx: Transaction,
    step: Step,
    deletes: list[PendingExport],
    csos: dict[int, Cso],
    seekers: dict[int, set[int]],
    why: str,
) -> None:
    """Drop deletes with their approvals; evaluation has to look at whoever is there for the accounts."""
    await exports.remove(tx, [one.id for one in deletes])
    for one in deletes:
        step.moved(Move(Entity.EXPORT, one.id, step.system, label_of(csos[one.cso_id]), one.status, None, why))
    step.statistics[Statistic.DELETES_WITHDRAWN] += len(deletes)
    ids = [one.cso_id for one in deletes]
    asked = await reviews.of_objects(tx, ids, ReviewKind.DELETE, reviews.LIVE)
    await move_items(tx, step, asked.values(), ReviewState.WITHDRAWN, why)
    due: set[int] = set()
    for cso_id in ids:
        due.update(seekers.get(cso_id, ()))
        if (mvo_id := csos[cso_id].mvo_id) is not None:
            due.add(mvo_id)
    await metaverse.set_due(tx, due, due=True)


def _why_wanted(step: Step, cso: Cso, mvos: dict[int, Mvo], known: Departure | None) -> str | None:
    """Say why a rule wants an account for the person it is joined to, as that is now, or wants it still.

    Of one that leaves in stages that is so until the one that deletes has come.
    """
    mvo = mvos.get(cso.mvo_id or 0)
    if mvo is None:
        return None
    rules = step.workspace.rules.outbound.get(mvo.type, {}).get((cso.system, cso.type), [])
    how = step.workspace.rules.leaving.get(mvo.type, {}).get((cso.system, cso.type))
    staged = how if how is not None and how.is_staged else None
    if mvo.deleted and staged is None:
        return None
    context = step.workspace.seen_mvo(mvo.type, mvo.attributes, cso.system)()
    now = clock.now()
    try:
        if not mvo.deleted and not (staged and mvo.in_grace) and wanting(rules, context, now):
            return WANTED
        is_early = staged is not None and going(staged, mvo, rules, context, known, now).does != DELETE
        return NOT_YET if is_early else None
    except ObjectFailed:
        return None if mvo.deleted else WANTED  # a scope that cannot be told is no reason to delete


def _is_left_behind(cso: Cso, mvos: dict[int, Mvo]) -> bool:
    """Tell whether whoever finds an account may have it: its person is deleted, and known to be nobody else."""
    mvo = mvos.get(cso.mvo_id or 0)
    return mvo is None or (mvo.deleted and not has_another_person(mvo))


async def _seekers(tx: Transaction, step: Step, csos: list[Cso]) -> dict[int, set[int]]:
    """Give the other people whose rules look for an account that is about to go: CSO id → MVO ids."""
    owners: dict[ObjectType, list[int]] = {}
    for cso in csos:
        owners.setdefault((cso.system, cso.type), []).append(cso.id)
    found: dict[int, set[int]] = {}
    for target, ids in owners.items():
        if by_join := await _keys_of(tx, target, ids):
            await _add_waiting(tx, target, by_join, found)
            await _add_unevaluated(tx, step, target, by_join, found)
    return await _alive(tx, found)


async def _keys_of(tx: Transaction, target: ObjectType, ids: list[int]) -> Keys:
    """Give the keys by which some accounts can be found."""
    by_join: Keys = {}
    for key in await join_keys.of(tx, key_owners.of_system(*target), ids):
        by_join.setdefault(key.attributes, {}).setdefault(key.key, []).append(key.object_id)
    return by_join


async def _add_waiting(tx: Transaction, target: ObjectType, by_join: Keys, found: dict[int, set[int]]) -> None:
    """Add those who wait for an account that they could join."""
    for name, keys in by_join.items():
        waiting = await join_keys.find(tx, key_owners.waiting_for(key_owners.of_system(*target)), name, keys)
        for key, mvo_ids in waiting.items():
            for cso_id in keys[key]:
                found.setdefault(cso_id, set()).update(mvo_ids)


async def _alive(tx: Transaction, found: dict[int, set[int]]) -> dict[int, set[int]]:
    """Leave out those who are deleted, and accounts that nobody else looks for."""
    sought_by = {one for ids in found.values() for one in ids}
    people = {mvo.id for mvo in await metaverse.get(tx, sought_by) if not mvo.deleted}
    return {cso_id: alive for cso_id, ids in found.items() if (alive := ids & people)}


async def _add_unevaluated(
    tx: Transaction, step: Step, target: ObjectType, by_join: Keys, found: dict[int, set[int]]
) -> None:
    """Add those who have no account there, and whom evaluation has not looked at yet, or could not tell."""
    after = 0
    while mvos := await metaverse.due_after(tx, after, PAGE):
        after = mvos[-1].id
        sought = {mvo.id: own for mvo in mvos if not mvo.deleted and (own := _sought(step, mvo, target, by_join))}
        have = {cso.mvo_id for cso in await objects.joined_to(tx, sought) if (cso.system, cso.type) == target}
        for mvo_id, cso_ids in sought.items():
            for cso_id in cso_ids if mvo_id not in have else ():
                found.setdefault(cso_id, set()).add(mvo_id)


def _sought(step: Step, mvo: Mvo, target: ObjectType, by_join: Keys) -> list[int]:
    """Give the accounts that the outbound joins of an MVO would find."""
    sought: list[int] = []
    seen = step.workspace.seen_mvo(mvo.type, mvo.attributes, target[0])
    for rule in step.workspace.rules.outbound.get(mvo.type, {}).get(target, []):
        for join in rule.joins:
            with suppress(ObjectFailed):
                if wanting([rule], seen(), clock.now()):
                    key = source_key(join, rule.flows, mvo.attributes, seen)
                    sought += by_join.get(join.name, {}).get(key or "", [])
    return sought
