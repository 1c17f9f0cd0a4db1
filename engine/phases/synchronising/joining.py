"""Join CSOs to MVOs by their rules' ordered joins, or project new MVOs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.contributions.contexts import Contexts
from engine.errors import ObjectError, ObjectFailed
from engine.labels import label_of, label_of_mvo
from engine.phases.synchronising.page import Scoped
from engine.phases.synchronising.parted import may_be_the_same
from engine.rules.compiled import Flow, InboundRule, Join
from engine.rules.joins import source_key, target_key
from engine.rules.lifecycle import Cause, cause_left, has_another_person
from engine.statistics import Statistic
from engine.step import Step
from engine.workspace import Workspace
from storage import clock, counters, join_keys, key_owners, metaverse, objects
from storage.join_keys import JoinKey
from storage.records import Cso, JoinedBy, Mvo
from storage.store import Transaction

Index = dict[tuple[str, str], dict[str, list[int]]]
"""(MVO type, name of the join) → key → the MVOs that have it."""


@dataclass(slots=True)
class Joins:
    """What was found for the objects of a page: who joins whom, who is projected, and who waits."""

    links: list[tuple[int, int, JoinedBy]] = field(default_factory=list)
    """(CSO, MVO, how it came to it)."""
    new: list[Mvo] = field(default_factory=list)
    """The MVOs projected, without attributes and not stored yet."""
    changed: dict[int, Mvo] = field(default_factory=dict)
    """MVOs that are brought back, or whose deletion has fewer causes left."""
    waiting: list[JoinKey] = field(default_factory=list)
    """The keys of MVOs that somebody would join if there were any."""
    failures: dict[int, ObjectError] = field(default_factory=dict)


async def find_joins(tx: Transaction, step: Step, contexts: Contexts, scoped: list[Scoped]) -> Joins:
    """Find whom the objects of a page join, or project; nobody wins at random."""
    return await _Joiner(step.workspace, contexts).join(tx, scoped) if scoped else Joins()


async def write_joins(tx: Transaction, step: Step, scoped: list[Scoped], joins: Joins) -> None:
    """Write down who joins whom, and who waits for somebody; new MVOs are stored when their attributes are known."""
    await objects.join(tx, joins.links)
    await _keep_waiting(tx, scoped, joins.waiting)
    await metaverse.change(tx, list(joins.changed.values()))
    step.count_deleted((), brought_back=[mvo.id for mvo in joins.changed.values() if not mvo.deleted])
    counted = {
        Statistic.JOINS: sum(how is JoinedBy.JOIN for _, _, how in joins.links),
        Statistic.PROJECTIONS: sum(how is JoinedBy.PROJECTION for _, _, how in joins.links),
        Statistic.FILTERED_DISCONNECTORS: len(scoped) - len(joins.links) - len(joins.failures),
    }
    step.statistics.update({what: count for what, count in counted.items() if count})


async def _keep_waiting(tx: Transaction, scoped: list[Scoped], waiting: list[JoinKey]) -> None:
    """Keep the keys by which an MVO that appears later finds the CSOs that wait for it."""
    for mvo_type in {rule.mvo_type for _, rules in scoped for rule in rules if not rule.project and rule.joins}:
        owner = key_owners.waiting_for(mvo_type)
        own = [key for key in waiting if key.owner == owner]
        await join_keys.replace(tx, owner, [cso.id for cso, _ in scoped], own)


class _Joiner:
    """Finds the joins of one page: what the page itself projects can be joined too."""

    def __init__(self, workspace: Workspace, contexts: Contexts) -> None:
        self._workspace = workspace
        self._contexts = contexts
        self._keys: dict[tuple[int, str, str], str | None] = {}
        self._index: Index = {}
        self._taken: dict[int, dict[tuple[str, str], Cso]] = {}
        """MVO → type → the object of it that the MVO has."""
        self._projecting: dict[str, tuple[list[Join], frozenset[str]]] = {}
        """Rule that projects → the joins by which what it gives can be found, and which attributes those read."""
        self._going: dict[int, Mvo] = {}
        """MVOs that are deleted, or will be, as the joins of the page leave them."""
        self._parted: dict[int, Mvo] = {}
        """MVOs whose number is another person's by decision, as they were before the page."""
        self._former: Index = {}
        self._mvos: dict[int, Mvo] = {}
        self._joins = Joins()

    async def join(self, tx: Transaction, scoped: list[Scoped]) -> Joins:
        """Find for every CSO the MVO that it joins, or project one."""
        await self._look_up(tx, scoped)
        at = clock.now()
        next_id = await counters.allocate(tx, "metaverse", len(scoped))
        for offset, (cso, rules) in enumerate(scoped):
            try:
                self._join_one(cso, rules, next_id + offset, at)
            except ObjectFailed as failure:
                self._joins.failures[cso.id] = failure.error
        return self._joins

    def _join_one(self, cso: Cso, rules: list[InboundRule], new_id: int, at: str) -> None:
        joined, how = self._find(cso, rules), JoinedBy.JOIN
        projecting = next((rule for rule in rules if rule.project), None)
        if joined is None and projecting is not None:
            joined, how = self._project(new_id, projecting, cso, at), JoinedBy.PROJECTION
        if joined is None:
            self._joins.waiting += self._waiting(cso, rules)
            return
        self._take(joined, cso)
        self._call_off(joined, cso)
        self._joins.links.append((cso.id, joined, how))

    def _waiting(self, cso: Cso, rules: list[InboundRule]) -> list[JoinKey]:
        """Give the keys of an MVO that a CSO would join if there were one."""
        keys = [(rule, join, self._key(cso, rule, join)) for rule in rules for join in rule.joins]
        found = {
            JoinKey(key_owners.waiting_for(rule.mvo_type), join.name, key, cso.id) for rule, join, key in keys if key
        }
        return sorted(found)

    async def _look_up(self, tx: Transaction, scoped: list[Scoped]) -> None:
        """Read, for each kind of key all at once, the MVOs that the page's objects may join, and who has them."""
        for (mvo_type, name), keys in self._sought(scoped).items():
            self._index[mvo_type, name] = await join_keys.find(tx, key_owners.of_metaverse(mvo_type), name, keys)
            self._former[mvo_type, name] = await join_keys.find(tx, key_owners.formerly(mvo_type), name, keys)
        every = (*self._index.values(), *self._former.values())
        await self._read_people(tx, {mvo_id for found in every for ids in found.values() for mvo_id in ids})

    def _sought(self, scoped: list[Scoped]) -> dict[tuple[str, str], set[str]]:
        """Give the keys by which the page's objects look for somebody: (MVO type, name of the join) → keys."""
        sought: dict[tuple[str, str], set[str]] = {}
        for cso, rules in scoped:
            for rule in rules:
                for join in rule.joins:
                    if key := self._key(cso, rule, join):
                        sought.setdefault((rule.mvo_type, join.name), set()).add(key)
        return sought

    async def _read_people(self, tx: Transaction, mvo_ids: set[int]) -> None:
        """Read those whom the page's objects may join, and what is joined to them."""
        for cso in await objects.joined_to(tx, mvo_ids):
            self._take(cso.mvo_id or 0, cso)
        found = await metaverse.get(tx, mvo_ids)
        self._going = {mvo.id: mvo for mvo in found if mvo.deleted or mvo.delete_after or mvo.deletion_cause}
        self._parted = {mvo.id: mvo for mvo in found if has_another_person(mvo)}
        self._mvos = {mvo.id: mvo for mvo in found}

    def _take(self, mvo_id: int, cso: Cso) -> None:
        """Note that an MVO has an object of a type, unless it may have several."""
        kind = cso.system, cso.type
        if kind not in self._workspace.rules.several:
            self._taken.setdefault(mvo_id, {})[kind] = cso

    def _source_key(self, cso: Cso, rule: InboundRule, join: Join) -> str | None:
        """Give the key that a CSO looks for. Raises `ObjectFailed`."""
        asked = cso.id, rule.name, join.name
        if asked not in self._keys:
            self._keys[asked] = source_key(join, rule.flows, cso.attributes, lambda: self._contexts(cso))
        return self._keys[asked]

    def _key(self, cso: Cso, rule: InboundRule, join: Join) -> str | None:
        try:
            return self._source_key(cso, rule, join)
        except ObjectFailed:
            return None  # told when the object itself is joined

    def _find(self, cso: Cso, rules: list[InboundRule]) -> int | None:
        """Find the one MVO that a CSO joins. Raises `ObjectFailed` where it is not one, or taken."""
        for rule in rules:
            for join in rule.joins:
                key = self._source_key(cso, rule, join)
                candidates = self._candidates(cso, rule, join, key) if key else []
                if len(candidates) > 1:
                    raise _ambiguous(join, [self._label(one) for one in candidates])
                if candidates:
                    if holder := self._taken.get(candidates[0], {}).get((cso.system, cso.type)):
                        raise _taken(cso, join, self._label(candidates[0]), label_of(holder))
                    return candidates[0]
        return None

    def _candidates(self, cso: Cso, rule: InboundRule, join: Join, key: str) -> list[int]:
        """Give the MVOs that have a key; where none has it, those that had it before who gave it left them."""
        index = rule.mvo_type, join.name
        found = [one for one in self._index.get(index, {}).get(key, []) if self._may_join(one, cso, join)]
        return found or self._former_candidates(cso, rule, join, key)

    def _former_candidates(self, cso: Cso, rule: InboundRule, join: Join, key: str) -> list[int]:
        """Give the MVOs that had a key before. Raises `ObjectFailed` where another key speaks against one of them."""
        kind = cso.system, cso.type
        former = self._former.get((rule.mvo_type, join.name), {}).get(key, [])
        free = [one for one in former if kind not in self._taken.get(one, {}) and self._may_join(one, cso, join)]
        for mvo_id in free:
            self._refuse_contradiction(cso, rule, join, mvo_id)
        return free

    def _refuse_contradiction(self, cso: Cso, rule: InboundRule, join: Join, mvo_id: int) -> None:
        """Raise `ObjectFailed` where a key that an MVO had before speaks for it, and one that it has now against it."""
        mvo, workspace = self._mvos[mvo_id], self._workspace
        differing = []
        for other in rule.joins:
            mine = self._key(cso, rule, other)
            theirs = target_key(other, mvo.attributes, workspace.seen_mvo(mvo.type, mvo.attributes))
            if other.name == join.name or mine is None or theirs is None:
                continue
            if mine == theirs:
                return
            differing.append(other.words)
        if differing:
            label = self._label(mvo_id)
            raise ObjectFailed(
                "ambiguous-join",
                f"{label} had the same {join.words} before, but has another {differing[0]} now",
                f"if it is the same person, correct one of the two, or 'interlock join cso-{cso.id} mvo-{mvo_id}'; "
                f"if not, give this one another {join.words}",
            )

    def _may_join(self, mvo_id: int, cso: Cso, join: Join) -> bool:
        """Tell whether a CSO may join an MVO: one that is deleted only by bringing it back."""
        parted = self._parted.get(mvo_id)
        if parted is not None and not may_be_the_same(self._workspace, parted, cso, join):
            return False
        mvo = self._going.get(mvo_id)
        if mvo is None:
            return True
        return not mvo.deleted or self._cause_left(mvo, cso) is None

    def _cause_left(self, mvo: Mvo, cso: Cso) -> Cause | None:
        return cause_left(self._workspace.config, self._workspace.rules, mvo, cso)

    def _call_off(self, mvo_id: int, cso: Cso) -> None:
        """Bring an MVO back that is deleted or in its grace period, if it is this CSO's going that caused it."""
        mvo = self._going.get(mvo_id)
        if mvo is None or (mvo_id in self._parted and not mvo.deleted and not mvo.delete_after):
            return
        cause = self._cause_left(mvo, cso)
        if cause is None:
            self._joins.changed[mvo_id] = brought_back(mvo)
            del self._going[mvo_id]
        elif cause != mvo.deletion_cause:
            self._going[mvo_id] = self._joins.changed[mvo_id] = mvo._replace(deletion_cause=cause)

    def _label(self, mvo_id: int) -> str:
        mvo = self._mvos.get(mvo_id)
        return label_of_mvo(mvo) if mvo else f"mvo-{mvo_id}"

    def _project(self, mvo_id: int, rule: InboundRule, cso: Cso, at: str) -> int:
        """Make a new MVO, which the rest of the page can find by its keys."""
        for name, key in self._projected_keys(cso, rule):
            self._index.setdefault((rule.mvo_type, name), {}).setdefault(key, []).append(mvo_id)
        self._joins.new.append(Mvo(mvo_id, rule.mvo_type, {}, {}, False, None, None, True, at, at))
        return mvo_id

    def _projected_keys(self, cso: Cso, rule: InboundRule) -> Iterator[tuple[str, str]]:
        """Give the keys under which an MVO will be found once it has what the projecting object contributes.

        Each comes with the name of its join. Raises `ObjectFailed`.
        """
        joins, read = self._found_by(rule)
        if not joins:
            return
        attributes = {flow.attribute: self._contexts.values(cso, flow) for flow in _told_by(rule, cso, read)}
        seen = self._workspace.seen_mvo(rule.mvo_type, attributes)
        for join in joins:
            if key := target_key(join, attributes, seen):
                yield join.name, key

    def _found_by(self, rule: InboundRule) -> tuple[list[Join], frozenset[str]]:
        """Give the joins by which what a rule gives can be found, and which attributes their keys read."""
        known = self._projecting.get(rule.name)
        if known is None:
            given = {flow.attribute for flow in rule.flows}
            every = self._workspace.rules.joins.get(key_owners.of_metaverse(rule.mvo_type), ())
            joins = [join for join in every if any(part.target.names <= given for part in join.parts)]
            read = frozenset(name for join in joins for part in join.parts for name in part.target.names)
            known = self._projecting[rule.name] = joins, read
        return known


def _told_by(rule: InboundRule, cso: Cso, read: frozenset[str]) -> Iterator[Flow]:
    """Give the flows that say whether an object can be projected: those that keys read, or that may go wrong.

    Most others copy one value.
    """
    held = cso.attributes
    for flow in rule.flows:
        if flow.refers or (flow.attribute not in read and flow.copies and len(held.get(flow.copies, ())) < 2):
            continue
        yield flow


def brought_back(mvo: Mvo) -> Mvo:
    """Give an MVO whose deletion is called off: the deletes staged for its accounts will be withdrawn."""
    return mvo._replace(deleted=False, delete_after=None, approval_id=None, deletion_cause=None, due=True)


def _ambiguous(join: Join, candidates: list[str]) -> ObjectFailed:
    return ObjectFailed(
        "ambiguous-join",
        f"{len(candidates)} metaverse objects match by {join.words}: {', '.join(candidates[:5])}",
        "make the values unique at the source, or join by something that is",
    )


def _taken(cso: Cso, join: Join, candidate: str, holder: str) -> ObjectFailed:
    return ObjectFailed(
        "join-already-taken",
        f"{candidate} matches by {join.words}, but the {cso.type} '{holder}' of '{cso.system}' is joined to it",
        "see whether both are the same person; correct the one whose value is wrong at the source",
    )
