"""Join CSOs to MVOs by their rules' ordered joins, or project new MVOs."""

from collections.abc import Callable
from typing import Any

from engine.errors import ObjectFailed
from engine.labels import label_of, label_of_mvo
from engine.phases.computing import waiting_for
from engine.rules.compiled import InboundRule, Join
from engine.rules.flows import evaluate_all
from engine.rules.joins import source_key, target_key
from engine.rules.lifecycle import may_revive
from engine.steps import Step
from storage import clock, counters, join_keys, metaverse, objects
from storage.join_keys import JoinKey
from storage.records import Cso, Mvo
from storage.store import Transaction

Scoped = tuple[Cso, list[InboundRule]]
Index = dict[tuple[str, str], dict[str, list[int]]]
"""(MVO type, name of the join) → key → the MVOs that have it."""


class Joiner:
    """Joins one page: nobody wins at random, and what the page itself projects can be joined too."""

    def __init__(
        self, step: Step, context: Callable[[Cso], dict[str, Any]], fail: Callable[[Cso, ObjectFailed], None]
    ) -> None:
        self._step = step
        self._context = context
        self._fail = fail
        self._index: Index = {}
        self._taken: dict[int, dict[tuple[str, str], str]] = {}
        self._revived: set[int] = set()
        self._deleted: set[int] = set()
        self._labels: dict[int, str] = {}
        self.new: list[Mvo] = []
        """The MVOs projected, without attributes and not stored yet."""

    async def join(self, tx: Transaction, scoped: list[Scoped]) -> list[tuple[int, int]]:
        """Join or project every CSO that can be, and give (CSO id, MVO id) for each."""
        if not scoped:
            return []
        await self._look_up(tx, scoped)
        at = clock.now()
        next_id = await counters.allocate(tx, "metaverse", len(scoped))
        joins: list[tuple[int, int | None, str | None]] = []
        waiting: list[JoinKey] = []
        for offset, (cso, rules) in enumerate(scoped):
            try:
                joined = self._find(cso, rules)
                how = "join"
                if joined is None and (rule := next((rule for rule in rules if rule.project), None)):
                    joined, how = self._project(next_id + offset, rule, cso, at), "projection"
            except ObjectFailed as failure:
                self._fail(cso, failure)
                continue
            if joined is None:
                self._step.statistics["filtered disconnectors"] += 1
                waiting += self._waiting(cso, rules)
                continue
            self._taken.setdefault(joined, {})[cso.system, cso.type] = label_of(cso)
            self._step.statistics["joins" if how == "join" else "projections"] += 1
            joins.append((cso.id, joined, how))
        await objects.join(tx, joins)
        for mvo_type in {rule.mvo_type for _, rules in scoped for rule in rules if not rule.project and rule.joins}:
            owner = waiting_for(mvo_type)
            own = [key for key in waiting if key.owner == owner]
            await join_keys.replace(tx, owner, [cso.id for cso, _ in scoped], own)
        await self._revive(tx)
        return [(cso_id, mvo_id) for cso_id, mvo_id, _ in joins if mvo_id is not None]

    def _waiting(self, cso: Cso, rules: list[InboundRule]) -> list[JoinKey]:
        """Give the keys of an MVO that a CSO would join if there were one."""
        keys = [(rule, join, self._key(cso, rule, join)) for rule in rules for join in rule.joins]
        found = {JoinKey(waiting_for(rule.mvo_type), join.name, key, cso.id) for rule, join, key in keys if key}
        return sorted(found)

    async def _look_up(self, tx: Transaction, scoped: list[Scoped]) -> None:
        """Read, in a query for each kind of key, the MVOs that the page's objects may join, and who has them."""
        wanted: dict[tuple[str, str], set[str]] = {}
        for cso, rules in scoped:
            for rule in rules:
                for join in rule.joins:
                    if key := self._key(cso, rule, join):
                        wanted.setdefault((rule.mvo_type, join.name), set()).add(key)
        for (mvo_type, name), keys in wanted.items():
            self._index[mvo_type, name] = await join_keys.find(tx, f"metaverse.{mvo_type}", name, keys)
        candidates = {mvo_id for found in self._index.values() for ids in found.values() for mvo_id in ids}
        for cso in await objects.joined_to(tx, candidates):
            self._taken.setdefault(cso.mvo_id or 0, {})[cso.system, cso.type] = label_of(cso)
        found_mvos = await metaverse.get(tx, candidates)
        self._revived = {mvo.id for mvo in found_mvos if mvo.deleted or mvo.delete_after}
        self._deleted = {mvo.id for mvo in found_mvos if mvo.deleted}
        self._labels = {mvo.id: label_of_mvo(mvo) for mvo in found_mvos}

    def _source_key(self, cso: Cso, rule: InboundRule, join: Join) -> str | None:
        return source_key(join, rule.flows, cso.attributes, lambda: self._context(cso))

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
                candidates = self._index.get((rule.mvo_type, join.name), {}).get(key, []) if key else []
                if not may_revive(self._step.workspace.config, rule.mvo_type, cso):
                    candidates = [one for one in candidates if one not in self._deleted]
                if len(candidates) > 1:
                    raise _ambiguous(join, [self._label(one) for one in candidates])
                if candidates:
                    if holder := self._taken.get(candidates[0], {}).get((cso.system, cso.type)):
                        raise _taken(cso, join, self._label(candidates[0]), holder)
                    return candidates[0]
        return None

    def _label(self, mvo_id: int) -> str:
        return self._labels.get(mvo_id, f"mvo-{mvo_id}")

    def _project(self, mvo_id: int, rule: InboundRule, cso: Cso, at: str) -> int:
        """Make a new MVO, which the rest of the page can find by its keys."""
        for join in self._step.workspace.rules.joins.get(f"metaverse.{rule.mvo_type}", ()):
            if key := self._projected_key(cso, rule, join):
                self._index.setdefault((rule.mvo_type, join.name), {}).setdefault(key, []).append(mvo_id)
        self.new.append(Mvo(mvo_id, rule.mvo_type, {}, {}, False, None, None, True, at, at))
        return mvo_id

    def _projected_key(self, cso: Cso, rule: InboundRule, join: Join) -> str | None:
        """Give the key under which an MVO will be found once it has what the projecting object contributes."""
        given = {flow.attribute for flow in rule.flows}
        if not any(part.target.names <= given for part in join.parts):
            return None
        attributes = evaluate_all([flow for flow in rule.flows if not flow.refers], cso.attributes, self._context(cso))
        seen = self._step.workspace.seen_mvo(rule.mvo_type, attributes)
        return target_key(join, attributes, seen)

    async def _revive(self, tx: Transaction) -> None:
        """Bring deleted MVOs back that somebody has joined: their staged deletes will be withdrawn."""
        back = [mvo for mvo in await metaverse.get(tx, self._revived) if mvo.id in self._taken]
        returned = [
            mvo._replace(deleted=False, delete_after=None, approval_id=None, due=True)
            for mvo in back
            if any(source in self._step.workspace.rules.inbound for source in self._taken[mvo.id])
        ]
        await metaverse.change(tx, returned)


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
