"""What an approval would lead to, across all systems: carried out on a copy of the store, and told as a tree."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from engine.approvals.identity_questions import LEFT
from engine.approvals.stages import sentence
from engine.configuration.steps import StepPlan
from engine.decisions import review
from engine.decisions.deciding import Outcome, decidable
from engine.errors import DecisionRefused
from engine.planning.plan import Plan, planning
from engine.planning.records import METAVERSE, PlannedChange
from engine.runs.profile import execute_run
from engine.workspace import Workspace
from storage import exports, lease, metaverse, objects, reviews, tombstones
from storage.labels import labelled
from storage.records import CsoStatus, ReviewItem, ReviewKind

STEPS = [StepPlan("sync"), StepPlan("evaluate")]
"""What carries an approval out, up to the point where something would be sent."""
FIRST, SECOND = "the first of two on a copy", "the second of two on a copy"


class Total(NamedTuple):
    """How many objects of a type one thing would happen to."""

    where: str
    """A system, or `metaverse`."""
    type: str
    what: str
    objects: int
    later: bool
    """Only when the period of grace has ended."""


@dataclass(slots=True)
class Branch:
    """Something that would happen to one object, and what follows from it."""

    id: str
    where: str
    what: str
    name: str
    later: bool = False
    attributes: list[str] = field(default_factory=list)
    """The names of those that change."""
    follows: list["Branch"] = field(default_factory=list)


class Foresight(NamedTuple):
    """What approving some items would lead to."""

    items: int
    totals: list[Total]
    trees: list[Branch]
    """One for each item, the first ones."""
    others: list[Branch]
    """What would happen to objects that no item asks about: groups, those whose manager goes; the first ones."""


async def foresee(path: Path, ids: Sequence[int], limit: int = 100) -> Foresight:
    """Work out what approving some review items would lead to; nothing is changed.

    What the next run would do without the approval is done first and not told. Raises what `planning` raises, and
    `DecisionRefused` where there is nothing to approve.
    """
    async with planning(path) as plan:
        workspace = plan.workspace
        async with workspace.store.transaction() as tx:
            await lease.clear(tx)  # the copy of one that a living run holds
            _refuse_if_any((await decidable(tx, ids, reviews.UNDECIDED))[1])
        async for _ in execute_run(workspace, "before", STEPS, FIRST):
            pass
        items = await _approve(workspace, ids)
        await _take_numbers(workspace, items)
        asked = await _mvos_of(workspace, items)
        await _follow(plan)
        ending = await _end_grace(workspace, asked.values())
        at_once = len(plan.steps)
        if ending:
            await _follow(plan)
        return await _tell(plan, items, asked, at_once, limit)


async def _approve(workspace: Workspace, ids: Sequence[int]) -> list[ReviewItem]:
    """Approve on the copy, with the consequences as they are, and by as many people as it takes."""
    left, outcomes = list(ids), []
    for operator in (FIRST, FIRST, SECOND):  # what has grown is asked again, and some want a second person
        if left:
            outcomes = await review.approve(workspace, left, operator=operator, reason="foreseen", count=len(left))
            left = [one.item_id for one in outcomes if one.refusal or one.note]
    _refuse_if_any([one for one in outcomes if one.refusal])
    async with workspace.store.reading() as tx:
        return await reviews.get(tx, ids)


async def _take_numbers(workspace: Workspace, items: Sequence[ReviewItem]) -> None:
    """Take on the copy their numbers from those who are gone by decision, as the next import would."""
    changed = [one.object_id for one in items if one.kind == ReviewKind.IDENTITY and LEFT not in one.evidence]
    async with workspace.store.transaction() as tx:
        there = [cso.id for cso in await objects.get(tx, changed) if cso.status == CsoStatus.NORMAL]
        await objects.release_id(tx, there)


def _refuse_if_any(outcomes: list[Outcome]) -> None:
    """Raise `DecisionRefused` with what keeps the first of some items from being approved."""
    if outcomes:
        first, more = outcomes[0], f"; so it is with {len(outcomes) - 1:,} more" if len(outcomes) > 1 else ""
        raise DecisionRefused(f"rev-{first.item_id} cannot be approved: {first.refusal}{more}")


async def _mvos_of(workspace: Workspace, items: list[ReviewItem]) -> dict[int, int]:
    """Give the MVO that each item's object is joined to: item id → MVO id."""
    async with workspace.store.reading() as tx:
        csos = {cso.id: cso for cso in await objects.get(tx, [item.object_id for item in items])}
    joined = {item.id: csos[item.object_id].mvo_id for item in items if item.object_id in csos}
    return {item_id: mvo_id for item_id, mvo_id in joined.items() if mvo_id is not None}


async def _follow(plan: Plan) -> None:
    async for _ in plan.run("after", STEPS, FIRST):
        pass


async def _end_grace(workspace: Workspace, mvo_ids: Iterable[int]) -> bool:
    """Let the periods of grace that have just begun be over on the copy; tell whether there are any."""
    async with workspace.store.transaction() as tx:
        found = await metaverse.get(tx, mvo_ids)
        waiting = [mvo._replace(delete_after=mvo.changed_at) for mvo in found if mvo.delete_after and not mvo.deleted]
        await metaverse.change(tx, waiting)
    return bool(waiting)


async def _tell(plan: Plan, items: list[ReviewItem], asked: dict[int, int], at_once: int, limit: int) -> Foresight:
    changes = [(change, step >= at_once) for step in range(len(plan.steps)) async for change in plan.changes(step)]
    told = [change for change, _ in changes]
    objects_of = await _objects_of_exports(plan.workspace, told)
    owners = await _owners(plan.workspace, told, objects_of)
    # a delete that waits for nothing but its approval is sent as it is: no step changes anything about it before
    totals = Counter((item.system, item.type, "Delete", False) for item in items if item.kind == ReviewKind.DELETE)
    by_mvo: dict[int, list[Branch]] = {}
    for change, later in changes:
        totals[change.system, change.type, change.told, later] += 1
        by_mvo.setdefault(owners.get(change.id, 0), []).append(_branch(change, later))
    trees = [_tree(item, by_mvo.get(asked.get(item.id, -1), []), objects_of) for item in items[:limit]]
    mine = set(asked.values())
    others = [_rooted(branches) for mvo_id, branches in by_mvo.items() if mvo_id not in mine]
    listed = [Total(*key[:3], count, key[3]) for key, count in sorted(totals.items(), key=_worst_first)]
    return Foresight(len(items), listed, trees, others[:limit])


def _worst_first(entry: tuple[tuple[str, str, str, bool], int]) -> tuple[bool, bool, int, tuple[str, str, str]]:
    (where, kind, what, later), count = entry
    return later, not what.lower().startswith("delete"), -count, (where, kind, what)


def _branch(change: PlannedChange, later: bool) -> Branch:
    names = [] if change.told.lower().startswith("delete") else [one.name for one in change.attributes]
    label = labelled(change.name, change.dn, change.id)
    return Branch(change.id, change.system, change.told, label, later, names)


def _tree(item: ReviewItem, branches: list[Branch], objects_of: dict[str, int]) -> Branch:
    """Put what happens in the metaverse below an item, and what happens in the targets below that."""
    own = {f"cso-{item.object_id}"} | {export for export, cso_id in objects_of.items() if cso_id == item.object_id}
    root = Branch(
        f"rev-{item.id}", item.system, "Delete" if item.kind == ReviewKind.DELETE else "disconnect", item.label
    )
    rest = [one for one in branches if one.id not in own]
    if found := [one for one in branches if one not in rest and one.where != METAVERSE]:
        root.what = found[0].what
    root.follows = [_rooted(rest)] if any(one.where == METAVERSE for one in rest) else rest
    root.follows += [
        Branch(f"cso-{entry[0]}", entry[1], sentence(entry), entry[2]) for entry in item.consequences.get("stages", [])
    ]
    return root


def _rooted(branches: list[Branch]) -> Branch:
    """Put what happens in the targets below what happens to the metaverse object."""
    roots = [one for one in branches if one.where == METAVERSE] or branches[:1]
    root = roots[0]
    root.follows = [one for one in branches if one is not root]
    return root


def _numbers(changes: list[PlannedChange], kind: str) -> set[int]:
    """Give the ids of the changed things of a kind: `cso`, `exp` or `mvo`."""
    prefix = f"{kind}-"
    return {int(change.id.removeprefix(prefix)) for change in changes if change.id.startswith(prefix)}


async def _objects_of_exports(workspace: Workspace, changes: list[PlannedChange]) -> dict[str, int]:
    """Give the CSO that each changed export is for: `exp-1` → CSO id."""
    async with workspace.store.reading() as tx:
        staged = await exports.get(tx, _numbers(changes, "exp"))
    return {f"exp-{export.id}": export.cso_id for export in staged}


async def _owners(workspace: Workspace, changes: list[PlannedChange], objects_of: dict[str, int]) -> dict[str, int]:
    """Give the MVO that each changed thing belongs to: `cso-1`, `exp-1` or `mvo-1` → MVO id."""
    changed = _numbers(changes, "cso")
    async with workspace.store.reading() as tx:
        csos = {cso.id: cso.mvo_id for cso in await objects.get(tx, changed | set(objects_of.values()))}
        csos |= await tombstones.mvos_of(tx, changed - csos.keys())
    found = {f"mvo-{mvo_id}": mvo_id for mvo_id in _numbers(changes, "mvo")}
    found |= {f"cso-{cso}": mvo for cso in changed if (mvo := csos.get(cso)) is not None}
    found |= {export: mvo for export, cso in objects_of.items() if (mvo := csos.get(cso)) is not None}
    return found | {change.id: mvo for change in changes if (mvo := _left(change)) is not None}


def _left(change: PlannedChange) -> int | None:
    """Give the MVO that a change takes an object away from."""
    left = [str(value) for one in change.attributes if one.name == "mvo" for value in one.old]
    return int(left[0].removeprefix("mvo-")) if left and left[0].startswith("mvo-") else None
