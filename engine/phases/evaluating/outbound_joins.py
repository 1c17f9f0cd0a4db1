"""Phase 2, outbound joins: which object of a target is an MVO's, or could be."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from engine.errors import ObjectFailed
from engine.labels import label_of
from engine.pending_exports.changes import PERHAPS_WRITTEN
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.ids import wanted_id
from engine.phases.evaluating.page import Decisions, EvaluationPage, with_reviews
from engine.rules.compiled import Join, ObjectType, OutboundRule
from engine.rules.joins import can_be_found, source_key
from engine.rules.lifecycle import has_another_person
from engine.statistics import Statistic
from engine.workspace import Workspace
from storage import accounts, exports, join_keys, key_owners, metaverse, objects
from storage.join_keys import JoinKey
from storage.records import Cso, JoinedBy, Mvo
from storage.store import Transaction


class _Sought(NamedTuple):
    """What is looked up for the wanted states of a page: DNs by system, ids by target, and keys by target and join."""

    names: dict[str, set[str]]
    ids: dict[ObjectType, set[str]]
    keys: dict[tuple[ObjectType, str], set[str]]
    key_of: dict[tuple[int, int], str]
    """By MVO and join."""


async def look_up(tx: Transaction, page: EvaluationPage, wanted: list[Desired]) -> EvaluationPage:
    """Give a page that knows who has the wanted DNs and ids, and which objects outbound joins could find."""
    sought = _sought(page, wanted)
    candidates: dict[tuple[ObjectType, str], dict[str, list[int]]] = {}
    holders = {system: await _holders(tx, page, system, names) for system, names in sought.names.items()}
    id_holders = {
        (target, cso.external_id or ""): cso
        for target, ids in sought.ids.items()
        for cso in await accounts.with_external_ids(tx, *target, ids)
    }
    for (target, name), keys in sought.keys.items():
        candidates[target, name] = await join_keys.find(tx, key_owners.of_system(*target), name, keys)
    ids = {cso_id for found in candidates.values() for csos in found.values() for cso_id in csos}
    csos = {cso.id: cso for cso in await objects.get(tx, ids)}
    page = replace(page, holders=holders, id_holders=id_holders, join_keys=sought.key_of)
    page = replace(page, candidates=candidates, candidate_csos=csos)
    return await with_reviews(tx, await _with_left_behind(tx, page), csos)


async def _holders(tx: Transaction, page: EvaluationPage, system: str, names: set[str]) -> dict[str, list[Cso]]:
    """Give the objects of a system that have some names, by name."""
    held: dict[str, list[Cso]] = {}
    configured = page.step.workspace.config.systems[system].objects
    for cso in await objects.holders_of(tx, system, names):
        if cso.type not in configured and cso.mvo_id is None:
            continue  # nobody looks any more whether it is there
        key = page.step.workspace.secondary_key(system, cso.type, cso.secondary_id)
        held.setdefault(key or "", []).append(cso)
    return held


def _sought(page: EvaluationPage, wanted: list[Desired]) -> _Sought:
    found = _Sought({}, {}, {}, {})
    for desired in wanted:
        account = page.account_of(desired.mvo, desired.target)
        new_id = wanted_id(page.step.workspace, desired, account)
        if new_id is not None and (account is None or account.external_id != new_id):
            found.ids.setdefault(desired.target, set()).add(new_id)
        if desired.secondary_key is not None:
            found.names.setdefault(desired.target[0], set()).add(desired.secondary_key)
        if desired.going is None and account is None:
            for join, key in _keys(page, desired):
                found.keys.setdefault((desired.target, join.name), set()).add(key)
                found.key_of[desired.mvo.id, id(join)] = key
    return found


def _keys(page: EvaluationPage, desired: Desired) -> Iterator[tuple[Join, str]]:
    """Give the keys by which an MVO looks for its account, each with its join."""
    for rule, join in _joins_of(desired):
        key: str | None = None
        with suppress(ObjectFailed):  # told when the object itself is looked for
            key = _key(page, desired, rule, join)
        if key:
            yield join, key


async def _with_left_behind(tx: Transaction, page: EvaluationPage) -> EvaluationPage:
    """Find the candidates whose person is deleted, and that were not deleted with it: who joins them may have them.

    Not where another person has the deleted one's number by decision.
    """
    csos = page.candidate_csos.values()
    deleted = await _deleted_people(tx, csos)
    left = {cso.id for cso in csos if cso.mvo_id in deleted}
    free = {cso.id for cso in csos if cso.mvo_id is None}
    staged = await exports.of_objects(tx, left | free)  # of one that is joined to nobody, a delete that awaits approval
    left_behind = frozenset(one for one in left if one not in staged or staged[one].status not in PERHAPS_WRITTEN)
    return replace(page, exports=page.exports | staged, left_behind=left_behind)


async def _deleted_people(tx: Transaction, csos: Iterable[Cso]) -> set[int]:
    """Give those whom some objects are joined to who are deleted, and known to be nobody else."""
    holders = {cso.mvo_id for cso in csos if cso.mvo_id is not None}
    return {mvo.id for mvo in await metaverse.get(tx, holders) if mvo.deleted and not has_another_person(mvo)}


def _joins_of(desired: Desired) -> list[tuple[OutboundRule, Join]]:
    return [(rule, join) for rule in desired.rules for join in rule.joins]


def _key(page: EvaluationPage, desired: Desired, rule: OutboundRule, join: Join) -> str | None:
    """Give the key by which an MVO looks for its account. Raises `ObjectFailed`."""
    seen = page.step.workspace.seen_mvo(desired.mvo.type, desired.mvo.attributes, desired.target[0])
    return source_key(join, rule.flows, desired.mvo.attributes, seen)


def find_to_join(page: EvaluationPage, decided: Decisions, desired: Desired) -> Cso | None:
    """Find the object of a target that an outbound join matches and that nobody has, instead of making a double.

    Raises `ObjectFailed`: `ambiguous-join`, `join-already-taken`.
    """
    for rule, join in _joins_of(desired):
        known = _found_by(page, decided, desired, rule, join)
        free = [cso for cso in known if cso.mvo_id is None or _is_left_behind(page, decided, cso)]
        if len(free) > 1:
            raise _ambiguous(desired, join, free)
        if free:
            return free[0]
        if known:
            raise _taken(join, known[0])
    return None


def _found_by(page: EvaluationPage, decided: Decisions, desired: Desired, rule: OutboundRule, join: Join) -> list[Cso]:
    """Give the objects that one outbound join matches, as the page leaves them. Raises `ObjectFailed`."""
    key = page.join_keys.get((desired.mvo.id, id(join))) or _key(page, desired, rule, join)
    ids = page.candidates.get((desired.target, join.name), {}).get(key, []) if key else []
    csos = [decided.joined_now.get(one) or page.candidate_csos[one] for one in ids if one in page.candidate_csos]
    return [cso for cso in csos if can_be_found(cso)]


def _is_left_behind(page: EvaluationPage, decided: Decisions, cso: Cso) -> bool:
    return cso.id in page.left_behind and cso.id not in decided.taken_over


def _ambiguous(desired: Desired, join: Join, free: list[Cso]) -> ObjectFailed:
    return ObjectFailed(
        "ambiguous-join",
        f"{len(free)} objects of '{desired.target[0]}' match by {join.words}: "
        + ", ".join(label_of(cso) for cso in free[:5]),
        "make the values unique in the target, or join by something that is",
    )


def _taken(join: Join, cso: Cso) -> ObjectFailed:
    return ObjectFailed(
        "join-already-taken",
        f"{label_of(cso)} matches by {join.words}, but belongs to mvo-{cso.mvo_id}",
        "see whether both are the same person; correct the one whose value is wrong at the source",
    )


def join_account(page: EvaluationPage, decided: Decisions, desired: Desired, found: Cso) -> Cso:
    """Join an object to the MVO that wants it, and give it as it is then."""
    if found.mvo_id is not None:
        decided.taken_over[found.id] = found.mvo_id
    joined = found._replace(mvo_id=desired.mvo.id, joined_by=JoinedBy.OUTBOUND_JOIN)
    decided.joins.append((joined.id, joined.mvo_id, joined.joined_by))
    decided.joined_now[joined.id] = joined
    decided.renamed.add(desired.mvo.id)
    page.step.statistics[Statistic.JOINS] += 1
    return joined


def keys_to_wait_for(page: EvaluationPage, desired: Desired) -> list[JoinKey]:
    """Give the keys of an account that an MVO would join if there were one."""
    owner = key_owners.waiting_for(key_owners.of_system(*desired.target))
    keys = [(join.name, _key(page, desired, rule, join)) for rule, join in _joins_of(desired)]
    return sorted({JoinKey(owner, name, key, desired.mvo.id) for name, key in keys if key})


async def keep_waiting(tx: Transaction, workspace: Workspace, mvos: list[Mvo], waiting: list[JoinKey]) -> None:
    """Keep the keys by which an account that appears later finds the MVO that waits for it."""
    outbound = workspace.rules.outbound
    targets = {target for mvo in mvos for target, rules in outbound.get(mvo.type, {}).items() if _have_joins(rules)}
    for target in targets:
        owner = key_owners.waiting_for(key_owners.of_system(*target))
        own = [key for key in waiting if key.owner == owner]
        await join_keys.replace(tx, owner, [mvo.id for mvo in mvos], own)


def _have_joins(rules: list[OutboundRule]) -> bool:
    return any(rule.joins for rule in rules)
