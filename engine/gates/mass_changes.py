"""Gate 6 and the look before changing: one attribute changed or cleared on too many objects at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.configuration.models import ChangesConfig
from engine.gates.limits import Part, Stop, keep_stopped, share
from engine.labels import label_of
from engine.rules.compiled import ObjectType
from engine.step import Step
from engine.workspace import Workspace
from storage import census, clock, exports, metaverse, objects, reviews, transitions
from storage.documents import encode, fingerprint
from storage.records import (
    Attributes,
    BatchState,
    ChangeStatus,
    ChangeType,
    Cso,
    Entity,
    ExportStatus,
    PendingExport,
)
from storage.store import Transaction
from storage.transitions import Move

EXAMPLES = 3
PAGE = 5_000
Candidate = tuple[str, str]
"""An object type and an attribute of it."""


@dataclass(slots=True)
class Tally:
    """Which objects would have which attribute changed or cleared: eight bytes for each, and a few examples."""

    objects: dict[Candidate, list[int]] = field(default_factory=dict)
    cleared: Counter[Candidate] = field(default_factory=Counter)
    examples: dict[Candidate, list[str]] = field(default_factory=dict)
    digests: Counter[Candidate] = field(default_factory=Counter)
    """A number that stands for who would get which values, in whatever order they came."""

    def add(self, cso: Cso, name: str, before: Sequence[Any], after: Sequence[Any]) -> None:
        """Count one attribute of one object, unless it had no value, or keeps those that it has."""
        if not before or before == after or set(map(repr, before)) <= set(map(repr, after)):
            return
        what = cso.type, name
        self.objects.setdefault(what, []).append(cso.id)
        self.cleared[what] += not after
        mark = fingerprint(encode([cso.id, list(after)]))
        self.digests[what] = (self.digests[what] + int.from_bytes(mark[:8])) % 2**64
        shown = self.examples.setdefault(what, [])
        if len(shown) < EXAMPLES:
            shown.append(f"{label_of(cso)}: {_shown(before)} → {_shown(after)}")

    def clear(self) -> None:
        """Begin anew."""
        self.objects.clear()
        self.cleared.clear()
        self.examples.clear()
        self.digests.clear()


def _shown(values: Sequence[Any]) -> str:
    return ", ".join(str(value)[:40] for value in values[:2]) + (", …" if len(values) > 2 else "") or "no value"


def flowing(workspace: Workspace, system: str, object_type: str) -> frozenset[str]:
    """Name the attributes of a type that rules read, or write and compare: what else changes concerns nobody."""
    names: set[str] = set()
    for rule in workspace.rules.inbound.get((system, object_type), []):
        names |= rule.scope.names if rule.scope else frozenset()
        names.update(name for join in rule.joins for part in join.parts for name in part.source.names)
        names.update(name for flow in rule.flows for name in flow.expression.names)
    for targets in workspace.rules.outbound.values():
        for out in targets.get((system, object_type), []):
            names.update(flow.attribute for flow in (*out.flows, *out.disable))
    return frozenset(names)


def count_changes(tally: Tally, names: Iterable[str], cso: Cso, after: Attributes) -> None:
    """Count what an import would change of an object that it has found."""
    for name in names:
        tally.add(cso, name, cso.attributes.get(name, []), after.get(name, []))


class Held(NamedTuple):
    """What is held of one type: the gate and its arithmetic, the objects, examples, and what a release lets pass."""

    part: Part
    stop: Stop
    ids: list[int]
    examples: list[str]
    digest: str


async def stops_of(tx: Transaction, workspace: Workspace, system: str, tally: Tally, gate: str) -> list[Held]:
    """Give what is over its limits and was not released.

    A release for an import covers the very values that were held; of what was staged, the very exports.
    """
    if not tally.objects:
        return []
    normal = await census.count_types(tx, system)
    found = []
    for (kind, name), ids in sorted(tally.objects.items()):
        limits, part = workspace.config.changes_of(system, kind), Part(system, kind)
        if not _is_over(limits, len(ids), normal[kind]):
            continue
        named = f"{gate} of '{name}')" if "(" in gate else f"{gate} '{name}'"
        digest = f"{tally.digests[kind, name]:016x}"
        released = await reviews.released_candidates(tx, system, named)
        left = [one for one in ids if one not in released]
        if gate == reviews.MASS_CHANGE:
            left = [] if digest in await reviews.released_digests(tx, system, named) else ids
        if not _is_over(limits, len(left), normal[kind]):
            continue
        cleared = tally.cleared[kind, name]
        what = "cleared" if cleared == len(ids) else f"changed ({cleared:,} cleared)" if cleared else "changed"
        arithmetic = f"it would be {what} on {share(len(left), normal[kind])} {part}; {_allowed(limits)}"
        found.append(Held(part, Stop(named, arithmetic), left, tally.examples[kind, name], digest))
    return found


def _is_over(limits: ChangesConfig, count: int, normal: int) -> bool:
    return count >= max(limits.max_count, 1) and 100 * count > limits.max_percent * max(normal, 1)


def _allowed(limits: ChangesConfig) -> str:
    return f"from {limits.max_count:,} on at most {limits.max_percent:g} % go unasked"


async def hold(tx: Transaction, step: Step, stops: list[Held]) -> str:
    """Keep what the gate let not pass, and give the sentence that says so."""
    for one in stops:
        await keep_stopped(tx, step, one.part, one.stop, one.ids, in_common=one.examples, digest=one.digest)
    return "; ".join(f"{one.stop.gate}: {one.stop.arithmetic}, such as {one.examples[0]}" for one in stops)


async def close_released(tx: Transaction, system: str) -> None:
    """A release of a mass change lets one import pass, this one, and what follows from it in the targets.

    One of an earlier import is over once nothing of what it let pass waits for sync or evaluation any more.
    """
    applied = await reviews.in_batch_state(tx, system, reviews.MASS_CHANGE, BatchState.APPLIED)
    released = await reviews.in_batch_state(tx, system, reviews.MASS_CHANGE, BatchState.RELEASED)
    over = [one.id for one in applied if not await metaverse.any_due(tx, await reviews.candidates_of(tx, one.id))]
    await reviews.set_state(tx, over, BatchState.SUPERSEDED)
    await reviews.set_state(tx, [batch.id for batch in released], BatchState.APPLIED)


async def look_before_changing(tx: Transaction, step: Step, system: str) -> str:
    """Hold staged updates that change one attribute of too many objects; give why, or nothing.

    What an operator has released passes.
    """
    await _forget_settled(tx, system)
    tally = await _count_staged(tx, system, await _agreed(tx, step.workspace, system))
    stops = await stops_of(tx, step.workspace, system, tally, reviews.BEFORE_CHANGING)
    if not stops:
        return ""
    held = sorted({cso_id for one in stops for cso_id in one.ids})
    for start in range(0, len(held), PAGE):
        await _hold_exports(tx, step, held[start : start + PAGE])
    return await hold(tx, step, stops)


async def _count_staged(tx: Transaction, system: str, agreed: dict[Candidate, set[int]]) -> Tally:
    """Count what staged updates change, but for what follows from a change that was released already."""
    tally = Tally()
    after = 0
    waiting = [ExportStatus.PENDING]
    while page := await exports.with_status(tx, system, waiting, after, PAGE, ChangeType.UPDATE):
        after = page[-1].id
        updates = [one for one in page if not one.held]
        csos = {cso.id: cso for cso in await objects.get(tx, [one.cso_id for one in updates])}
        for export in updates:
            cso = csos[export.cso_id]
            for change in export.changes:
                known = cso.mvo_id in agreed.get((cso.type, change.name), ())
                if change.status == ChangeStatus.PENDING and change.remove and not known:
                    tally.add(cso, change.name, change.remove, change.add)
    return tally


async def _agreed(tx: Transaction, workspace: Workspace, target: str) -> dict[Candidate, set[int]]:
    """Give what follows in a target from changes that were released for an import: (type, attribute) → MVOs."""
    found: dict[Candidate, set[int]] = {}
    for system in workspace.config.systems:
        for batch in await reviews.in_batch_state(tx, system, reviews.MASS_CHANGE, BatchState.APPLIED):
            csos = await objects.get(tx, await reviews.candidates_of(tx, batch.id))
            mvos = {cso.mvo_id for cso in csos if cso.mvo_id is not None}
            for what in _fed_by(workspace, (system, batch.type), batch.gate.split("'", 1)[1].rsplit("'", 1)[0], target):
                found.setdefault(what, set()).update(mvos)
    return found


def _fed_by(workspace: Workspace, source: ObjectType, name: str, target: str) -> Iterable[Candidate]:
    """Give the attributes of a target's types that an attribute of a source flows to, by way of the metaverse."""
    for rule in workspace.rules.inbound.get(source, []):
        between = {flow.attribute for flow in rule.flows if name in flow.expression.names}
        for (system, kind), outbound in workspace.rules.outbound.get(rule.mvo_type, {}).items():
            for out in outbound if system == target else ():
                yield from ((kind, flow.attribute) for flow in out.flows if flow.expression.names & between)


async def _hold_exports(tx: Transaction, step: Step, cso_ids: list[int]) -> None:
    staged = (await exports.of_objects(tx, cso_ids)).values()
    at = clock.now()
    await exports.change(tx, [export._replace(held=True, changed_at=at) for export in staged])
    moves = await _moves(tx, staged, "held: too many objects would change at once")
    await transitions.record(tx, moves, step_id=step.id)


async def _moves(tx: Transaction, staged: Iterable[PendingExport], reason: str) -> list[Move]:
    """Say why exports are held, or no longer; their status is what it was."""
    labels = {cso.id: label_of(cso) for cso in await objects.get(tx, [one.cso_id for one in staged])}
    return [
        Move(Entity.EXPORT, one.id, one.system, labels[one.cso_id], one.status, one.status, reason) for one in staged
    ]


async def _forget_settled(tx: Transaction, system: str) -> None:
    """Close the batches of which nothing is held any more."""
    for batch in await reviews.held(tx):
        if batch.system != system or not batch.gate.startswith(reviews.BEFORE_CHANGING):
            continue
        staged = await exports.of_objects(tx, await reviews.candidates_of(tx, batch.id))
        if not any(export.held for export in staged.values()):
            await reviews.supersede(tx, system, gate=batch.gate)


async def let_change(tx: Transaction, candidates: Sequence[int], operator: str) -> list[Move]:
    """Let the updates go that the look before changing has held; give the transitions."""
    staged = await exports.of_objects(tx, candidates)
    held = [one for one in staged.values() if one.held]
    await exports.change(tx, [one._replace(held=False, changed_at=clock.now()) for one in held])
    return await _moves(tx, held, f"released by {operator}")
