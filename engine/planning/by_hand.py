"""What a decision by hand would lead to: taken on a copy of the store, carried through up to the queue, and told."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.decisions import manual_joins, restoring
from engine.events import RunFinished
from engine.planning.foresight import FIRST, STEPS
from engine.planning.plan import planning
from engine.planning.records import PlannedChange
from engine.runs.profile import execute_run
from engine.workspace import Workspace
from storage import lease, runs
from storage.records import ItemError

VERBS = ("join", "disconnect", "exclude", "include", "restore")
REASON = "foreseen on a copy"


class Counted(NamedTuple):
    """How many objects of a type one thing would happen to."""

    system: str
    """A system, or `metaverse`."""
    type: str
    what: str
    objects: int


class Followed(NamedTuple):
    """What a decision by hand would lead to."""

    says: list[str]
    """What the decision itself would say."""
    totals: list[Counted]
    changes: list[PlannedChange]
    """The first ones."""
    errors: list[ItemError]
    """What would go wrong that does not go wrong without it."""


async def follow(path: Path, verb: str, ids: Sequence[tuple[str, int]], limit: int = 100) -> Followed:
    """Work out what a decision of `VERBS` about things, (kind, number), would lead to; nothing is changed.

    What the next run would do without it is done first and not told. Raises what `planning` raises, and
    `DecisionRefused` where it cannot be taken.
    """
    async with planning(path) as plan:
        workspace = plan.workspace
        async with workspace.store.transaction() as tx:
            await lease.clear(tx)  # the copy of one that a living run holds
        known = await _run_before(workspace)
        says = await _decide(workspace, verb, ids)
        async for _ in plan.run("after", STEPS, FIRST):
            pass
        changes = [change async for change in plan.changes()]
        counted = Counter((one.system, one.type, one.told) for one in changes)
        totals = [Counted(*key, count) for key, count in sorted(counted.items(), key=_worst_first)]
        met = [error for step in plan.steps for error in step.first_errors]
        errors = [error for error in met if (error.code, error.label) not in known]
        return Followed(says, totals, changes[:limit], errors)


async def _run_before(workspace: Workspace) -> set[tuple[str, str]]:
    """Do what the next run would do anyway, and give what goes wrong then: (code, object)."""
    known: set[tuple[str, str]] = set()
    async for event in execute_run(workspace, "before", STEPS, FIRST):
        if isinstance(event, RunFinished):
            async with workspace.store.reading() as tx:
                known = {(error.code, error.label) for _, error in await runs.errors_of(tx, event.run_id)}
    return known


def _worst_first(entry: tuple[tuple[str, str, str], int]) -> tuple[bool, int, tuple[str, str, str]]:
    key, count = entry
    return not key[2].lower().startswith(("delete", "disconnect")), -count, key


async def _decide(workspace: Workspace, verb: str, ids: Sequence[tuple[str, int]]) -> list[str]:
    number = ids[0][1]
    match verb:
        case "join":
            return [await manual_joins.join(workspace, number, ids[1][1], operator=FIRST, reason=REASON)]
        case "disconnect":
            return [await manual_joins.disconnect(workspace, number, operator=FIRST, reason=REASON)]
        case "exclude":
            return [await manual_joins.exclude(workspace, number, operator=FIRST, reason=REASON)]
        case "include":
            return [await manual_joins.include(workspace, number, operator=FIRST, reason=REASON)]
    found = [
        one
        for kind, number in ids
        for one in await restoring.restore(workspace, kind, number, operator=FIRST, reason=REASON)
    ]
    return [line for one in found for line in _restored(one, named=len(found) > 1)]


def _restored(one: restoring.Restored, *, named: bool) -> list[str]:
    label = f"{one.label}: " if named else ""
    return [label + line for line in (*one.staged, *(f"cannot come back: {lost}" for lost in one.lost))]
