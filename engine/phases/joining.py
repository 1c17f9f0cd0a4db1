"""Join CSOs to MVOs by their rules' ordered joins, or project new MVOs."""

from collections.abc import Callable
from typing import Any

from engine.errors import ObjectFailed
from engine.rules.compiled import InboundRule, JoinNames
from engine.rules.joins import inbound_values, join_key
from engine.steps import Step
from storage import clock, counters, join_keys, metaverse, objects
from storage.records import Cso, Mvo
from storage.store import Transaction

Scoped = tuple[Cso, list[InboundRule]]
Index = dict[tuple[str, JoinNames], dict[str, list[int]]]
"""(MVO type, attributes) → key → the MVOs that have it."""


class Joiner:
    """Joins one page: nobody wins at random, and what the page itself projects can be joined too."""

    def __init__(
        self, step: Step, context: Callable[[Cso], dict[str, Any]], fail: Callable[[Cso, ObjectFailed], None]
    ) -> None:
        self._step = step
        self._context = context
        self._fail = fail
        self._index: Index = {}
        self._taken: dict[int, set[tuple[str, str]]] = {}
        self._revived: set[int] = set()
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
                continue
            self._taken.setdefault(joined, set()).add((cso.system, cso.type))
            self._step.statistics["joins" if how == "join" else "projections"] += 1
            joins.append((cso.id, joined, how))
        await objects.join(tx, joins)
        await self._revive(tx)
        return [(cso_id, mvo_id) for cso_id, mvo_id, _ in joins if mvo_id is not None]

    async def _look_up(self, tx: Transaction, scoped: list[Scoped]) -> None:
        """Read, in a query for each kind of key, the MVOs that the page's objects may join, and who has them."""
        wanted: dict[tuple[str, JoinNames], set[str]] = {}
        for cso, rules in scoped:
            for rule in rules:
                for names in rule.joins:
                    if key := self._key(cso, rule, names):
                        wanted.setdefault((rule.mvo_type, names), set()).add(key)
        for (mvo_type, names), keys in wanted.items():
            found = await join_keys.find(tx, f"metaverse.{mvo_type}", "+".join(names), keys)
            self._index[mvo_type, names] = found
        candidates = {mvo_id for found in self._index.values() for ids in found.values() for mvo_id in ids}
        for cso in await objects.joined_to(tx, candidates):
            self._taken.setdefault(cso.mvo_id or 0, set()).add((cso.system, cso.type))
        self._revived = {mvo.id for mvo in await metaverse.get(tx, candidates) if mvo.deleted or mvo.delete_after}

    def _key(self, cso: Cso, rule: InboundRule, names: JoinNames) -> str | None:
        try:
            return join_key(inbound_values(rule, names, cso.attributes, self._context(cso)), names)
        except ObjectFailed:
            return None  # told when the object itself is joined

    def _find(self, cso: Cso, rules: list[InboundRule]) -> int | None:
        """Find the one MVO that a CSO joins. Raises `ObjectFailed` where it is not one, or taken."""
        for rule in rules:
            for names in rule.joins:
                key = join_key(inbound_values(rule, names, cso.attributes, self._context(cso)), names)
                candidates = self._index.get((rule.mvo_type, names), {}).get(key, []) if key else []
                if len(candidates) > 1:
                    raise _ambiguous(names, candidates)
                if candidates:
                    if (cso.system, cso.type) in self._taken.get(candidates[0], set()):
                        raise _taken(cso, names, candidates[0])
                    return candidates[0]
        return None

    def _project(self, mvo_id: int, rule: InboundRule, cso: Cso, at: str) -> int:
        """Make a new MVO, which the rest of the page can find by its keys."""
        for names in self._step.workspace.rules.joins.get(f"metaverse.{rule.mvo_type}", ()):
            key = join_key(inbound_values(rule, names, cso.attributes, self._context(cso)), names)
            if key:
                self._index.setdefault((rule.mvo_type, names), {}).setdefault(key, []).append(mvo_id)
        self.new.append(Mvo(mvo_id, rule.mvo_type, {}, {}, False, None, None, True, at, at))
        return mvo_id

    async def _revive(self, tx: Transaction) -> None:
        """Bring deleted MVOs back that somebody has joined: their staged deletes will be withdrawn."""
        back = [mvo for mvo in await metaverse.get(tx, self._revived) if mvo.id in self._taken]
        returned = [
            mvo._replace(deleted=False, delete_after=None, approval_id=None, due=True)
            for mvo in back
            if any(source in self._step.workspace.rules.inbound for source in self._taken[mvo.id])
        ]
        await metaverse.change(tx, returned)


def _ambiguous(names: JoinNames, candidates: list[int]) -> ObjectFailed:
    listed = ", ".join(f"mvo-{mvo_id}" for mvo_id in candidates[:5])
    return ObjectFailed(
        "ambiguous-join",
        f"{len(candidates)} metaverse objects match by {', '.join(names)}: {listed}",
        "make the values unique at the source, or join by something that is",
    )


def _taken(cso: Cso, names: JoinNames, mvo_id: int) -> ObjectFailed:
    return ObjectFailed(
        "join-already-taken",
        f"mvo-{mvo_id} matches by {', '.join(names)}, but another {cso.type} of '{cso.system}' is joined to it",
        "see whether both are the same person; correct the one whose value is wrong at the source",
    )
