"""Phase 2, finding: which object of a target is an MVO's, or could be, and whether a planned one's name is free."""

from contextlib import suppress

from engine.errors import ObjectFailed
from engine.labels import label_of
from engine.pending_exports.changes import PERHAPS_WRITTEN
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.name_turns import Claim, Turns, may_be_vacated
from engine.phases.evaluating.page import EvaluationPage, Joined
from engine.phases.evaluating.provisioning import NameTaken, refuse_taken_name, refuse_wanted_name
from engine.phases.join_index import waiting_for
from engine.rules.compiled import Join, ObjectType, OutboundRule
from engine.rules.joins import source_key
from engine.rules.lifecycle import has_another_person
from engine.step import Step
from storage import exports, join_keys, metaverse, objects, wanted_marks
from storage.join_keys import JoinKey
from storage.records import Cso, CsoStatus, JoinedBy, Mvo
from storage.store import Transaction

NO_TURNS: Turns = {}


async def load_page(tx: Transaction, step: Step, mvos: list[Mvo], turns: Turns | None = NO_TURNS) -> EvaluationPage:
    """Read what is joined to some MVOs, with their open exports and what was last wanted of them."""
    joined: Joined = {}
    ids = []
    for cso in await objects.joined_to(tx, [mvo.id for mvo in mvos]):
        joined.setdefault(cso.mvo_id or 0, {})[cso.system, cso.type] = cso
        ids.append(cso.id)
    staged, marks = await exports.of_objects(tx, ids), await wanted_marks.get(tx, ids)
    return EvaluationPage(step, joined, staged, marks=marks, turns=turns)


async def look_up(tx: Transaction, page: EvaluationPage, wanted: list[Desired]) -> None:
    """Read who has the wanted DNs, and which unjoined objects outbound joins could find."""
    keys: dict[str, set[str]] = {}
    joins: dict[tuple[ObjectType, str], set[str]] = {}
    for desired in wanted:
        if not desired.rules or desired.disabling:
            continue
        if desired.secondary_key is not None:
            keys.setdefault(desired.target[0], set()).add(desired.secondary_key)
        if desired.target in page.joined.get(desired.mvo.id, {}):
            continue
        for rule, join in _joins_of(desired):
            key = None
            with suppress(ObjectFailed):  # told when the object itself is looked for
                key = _key(page, desired, rule, join)
            if key:
                joins.setdefault((desired.target, join.name), set()).add(key)
    for system, wanted_keys in keys.items():
        held = page.holders.setdefault(system, {})
        for cso in await objects.holders_of(tx, system, wanted_keys):
            held.setdefault(page.step.workspace.secondary_key(system, cso.type, cso.secondary_id) or "", []).append(cso)
    for (target, name), wanted_keys in joins.items():
        owner = f"{target[0]}.{target[1]}"
        page.candidates[target, name] = await join_keys.find(tx, owner, name, wanted_keys)
    ids = {cso_id for found in page.candidates.values() for csos in found.values() for cso_id in csos}
    page.candidate_csos = {cso.id: cso for cso in await objects.get(tx, ids)}
    await _look_up_left_behind(tx, page)


async def _look_up_left_behind(tx: Transaction, page: EvaluationPage) -> None:
    """Find the candidates whose person is deleted, and that were not deleted with it: who joins them may have them.

    Not where another person has the deleted one's number by decision.
    """
    holders = {cso.mvo_id for cso in page.candidate_csos.values() if cso.mvo_id is not None}
    deleted = {mvo.id for mvo in await metaverse.get(tx, holders) if mvo.deleted and not has_another_person(mvo)}
    left = {cso.id for cso in page.candidate_csos.values() if cso.mvo_id in deleted}
    free = {cso.id for cso in page.candidate_csos.values() if cso.mvo_id is None}
    staged = await exports.of_objects(tx, left | free)  # of one that is joined to nobody, a delete that awaits approval
    page.exports |= staged
    page.left_behind = {one for one in left if one not in staged or staged[one].status not in PERHAPS_WRITTEN}


def _joins_of(desired: Desired) -> list[tuple[OutboundRule, Join]]:
    return [(rule, join) for rule in desired.rules for join in rule.joins]


def _key(page: EvaluationPage, desired: Desired, rule: OutboundRule, join: Join) -> str | None:
    """Give the key by which an MVO looks for its account. Raises `ObjectFailed`."""
    seen = page.step.workspace.seen_mvo(desired.mvo.type, desired.mvo.attributes)
    return source_key(join, rule.flows, desired.mvo.attributes, seen)


def find_or_name(page: EvaluationPage, desired: Desired) -> Cso | None:
    """Find the object that is wanted; where there is none and it may be created, see to it that its name is free."""
    cso = page.joined.get(desired.mvo.id, {}).get(desired.target)
    if not desired.rules or desired.disabling:
        return cso
    if cso is None:
        cso = _join_existing(page, desired)
    system = desired.target[0]
    if cso is not None:
        return cso
    excluded = any(one.joined_by == JoinedBy.EXCLUDED for one in standing_there(page, desired))
    if excluded:
        page.left_out.add((desired.mvo.id, desired.target))
    if excluded or not desired.provision:
        page.waiting += _waiting(page, desired)
    else:
        claim_name(page, desired, None)
        if desired.secondary_id is not None:
            page.addresses[system, desired.mvo.id] = desired.secondary_id
    return None


def claim_name(page: EvaluationPage, desired: Desired, cso: Cso | None) -> bool:
    """See to it that a wanted name is free, or becomes free in this run; False where that is still to be found out.

    Raises `NameTaken`.
    """
    system = desired.target[0]
    planned = page.planned.setdefault(system, {})
    if page.turns and (desired.mvo.id, desired.target) in page.turns:
        refuse_wanted_name(desired, planned)
        return True
    try:
        refuse_taken_name(desired, page.holders.get(system, {}), planned)
    except NameTaken as taken:
        if page.turns is not None or taken.holder is None or not may_be_vacated(taken.holder):
            raise
        name, key = desired.secondary_id or "", desired.secondary_key or ""
        claim = Claim(desired.mvo.id, desired.target, cso.id if cso else None, name, key, taken.holder.id)
        page.claims.append(claim)
        page.postponed.add((desired.mvo.id, desired.target))
        page.still_due.add(desired.mvo.id)
        return False
    return True


def _waiting(page: EvaluationPage, desired: Desired) -> list[JoinKey]:
    """Give the keys of an account that an MVO would join if there were one."""
    owner = waiting_for(".".join(desired.target))
    keys = [(join.name, _key(page, desired, rule, join)) for rule, join in _joins_of(desired)]
    return sorted({JoinKey(owner, name, key, desired.mvo.id) for name, key in keys if key})


async def keep_waiting(tx: Transaction, page: EvaluationPage, mvos: list[Mvo]) -> None:
    """Keep the keys by which an account that appears later finds the MVO that waits for it."""
    outbound = page.step.workspace.rules.outbound
    targets = {target for mvo in mvos for target, rules in outbound.get(mvo.type, {}).items() if _have_joins(rules)}
    for target in targets:
        owner = waiting_for(".".join(target))
        own = [key for key in page.waiting if key.owner == owner]
        await join_keys.replace(tx, owner, [mvo.id for mvo in mvos], own)


def _have_joins(rules: list[OutboundRule]) -> bool:
    return any(rule.joins for rule in rules)


def standing_there(page: EvaluationPage, desired: Desired) -> list[Cso]:
    """Give the objects that have the wanted name."""
    return page.holders.get(desired.target[0], {}).get(desired.secondary_key or "", [])


def _join_existing(page: EvaluationPage, desired: Desired) -> Cso | None:
    """Find the unjoined target object that an outbound join matches, and join it instead of making a double."""
    for rule, join in _joins_of(desired):
        key = _key(page, desired, rule, join)
        found = page.candidates.get((desired.target, join.name), {}).get(key, []) if key else []
        csos = [page.candidate_csos[cso_id] for cso_id in found if cso_id in page.candidate_csos]
        known = [cso for cso in csos if cso.status == CsoStatus.NORMAL and cso.joined_by != JoinedBy.EXCLUDED]
        free = [cso for cso in known if cso.mvo_id is None or cso.id in page.left_behind]
        if len(free) > 1:
            raise ObjectFailed(
                "ambiguous-join",
                f"{len(free)} objects of '{desired.target[0]}' match by {join.words}: "
                + ", ".join(label_of(cso) for cso in free[:5]),
                "make the values unique in the target, or join by something that is",
            )
        if known and not free:
            raise ObjectFailed(
                "join-already-taken",
                f"{label_of(known[0])} matches by {join.words}, but belongs to mvo-{known[0].mvo_id}",
                "see whether both are the same person; correct the one whose value is wrong at the source",
            )
        if free:
            if free[0].mvo_id is not None:
                page.taken_over[free[0].id] = free[0].mvo_id
                page.left_behind.discard(free[0].id)
            page.joins.append((free[0].id, desired.mvo.id, "outbound join"))
            joined = free[0]._replace(mvo_id=desired.mvo.id, joined_by=JoinedBy.OUTBOUND_JOIN)
            page.candidate_csos[joined.id] = joined
            page.renamed.add(desired.mvo.id)
            page.step.statistics["joins"] += 1
            return joined
    return None
