"""Run what was planned, and say at the end where the run differed from its plan."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.configuration.steps import StepPlan
from engine.events import Event, RunFinished, RunStarted
from engine.planning.world import files, moved_files, moved_since, world_of
from engine.workspace import Workspace
from storage import clock, kept_plans, runs, transitions
from storage.records import StepRecord, StepResult
from storage.store import Store

PAGE = 1000
NAMED = 10
"""Objects that are named where a step differs, of each way."""


class Difference(NamedTuple):
    """One way in which a run differed from its plan."""

    step: str
    says: str


class CannotFollow(ValueError):
    """There is no plan to be carried out; the message says why."""


def why_not(kept: Mapping[str, Any], moved: list[str]) -> str:
    """Say why a plan cannot be carried out; nothing where it can be."""
    if kept_plans.is_going_on(kept):
        return "the plan is still being made"
    if kept["ended_at"] is None or kept["failure"]:
        return "the plan came to no end, and is not whole"
    if kept["result"] == StepResult.STOPPED_BY_OPERATOR:
        return "the plan was stopped, and is not whole"
    if kept["run"] is not None:
        return f"the plan was carried out by run-{kept['run']['id']}"
    return f"the plan is old: {moved[0]}" if moved else ""


async def moved(workspace: Workspace, config: Path, kept: Mapping[str, Any]) -> list[str]:
    """Say what has moved since a plan was made."""
    before = world_of(kept["world"])
    async with workspace.store.reading() as tx:
        said = await moved_since(tx, before)
    return [*said, *moved_files(before, files(workspace, config, kept["systems"]))]


class CarryingOut:
    """Follows a run beside its plan."""

    def __init__(self, workspace: Workspace, kept: Store, about: dict[str, Any], since: int) -> None:
        self._workspace = workspace
        self._kept = kept
        self._about = about
        self._since = since
        self.differences: list[Difference] = []

    @classmethod
    async def begin(cls, workspace: Workspace, config: Path, profile: str | None, first: int) -> "CarryingOut":
        """Open the plan that is kept, for steps of a profile from one on. Raises `CannotFollow`, or a `StoreError`."""
        place = kept_plans.newest(workspace.store.place)
        if place is None:
            raise CannotFollow("no plan is kept: 'interlock plan --keep' makes one")
        kept = kept_plans.opened(place)
        async with kept.reading() as tx:
            found = await kept_plans.about(tx)
        if found is None or (found[0]["profile"], found[0]["first"]) != (profile, first):
            await kept.close()
            raise CannotFollow("the plan that is kept is of other steps: 'interlock plan --keep' makes a new one")
        about = found[0]
        if reason := why_not(about, await moved(workspace, config, about)):
            await kept.close()
            raise CannotFollow(f"{reason}; 'interlock plan --keep' makes a new one")
        async with workspace.store.reading() as tx:
            return cls(workspace, kept, about, await transitions.newest_id(tx))

    async def tell(self, event: Event) -> None:
        """Write down that the run has begun, and at its end where it differed."""
        if isinstance(event, RunStarted):
            await self._say(id=event.run_id, began=clock.now(), ended=None, result=None, differences=[])
        elif isinstance(event, RunFinished):
            self.differences = await self._compare(event.run_id)
            told = [one._asdict() for one in self.differences]
            await self._say(ended=clock.now(), result=event.result.value, differences=told)

    async def close(self) -> None:
        """Let go of the plan."""
        await self._kept.close()

    async def _say(self, **more: Any) -> None:
        self._about["run"] = {**(self._about["run"] or {}), **more}
        async with self._kept.transaction() as tx:
            await kept_plans.tell_about(tx, self._about)

    async def _compare(self, run_id: int) -> list[Difference]:
        async with self._kept.transaction() as tx:
            await kept_plans.forget_seen(tx)
            planned = await kept_plans.steps(tx)
        async with self._workspace.store.reading() as tx:
            done = {one.position - self._about["first"]: one for one in await runs.steps_of(tx, run_id)}
        found: list[Difference] = []
        for place, step in enumerate(planned):
            name = str(StepPlan(step["phase"], step["system"]))
            if (record := done.get(place)) is None:
                found.append(Difference(name, "was planned, and did not run"))
                continue
            said = [
                *_outcome(step, record),
                *await self._errors(run_id, step, record),
                *await self._sends(place, record),
            ]
            found += [Difference(name, one) for one in said]
        for place in sorted(done.keys() - set(range(len(planned)))):
            found.append(
                Difference(f"{done[place].phase} {done[place].system}".strip(), "ran, and the plan did not reach it")
            )
        return found

    async def _errors(self, run_id: int, step: Mapping[str, Any], record: StepRecord) -> list[str]:
        """Name the errors that the plan did not foresee, and count those that did not come."""
        async with self._workspace.store.reading() as tx:
            met = await runs.errors_of(tx, run_id, step_id=record.id, limit=PAGE)
        foreseen = {(one["code"], one["label"]) for one in step["first_errors"]}
        came = {(error.code, error.label): error.message for _, error in met}
        more_than_known = step["errors"] > len(step["first_errors"])
        new = [] if more_than_known else [key for key in came if key not in foreseen]
        said = [f"not foreseen: {code}: {label}: {came[code, label]}" for code, label in new[:NAMED]]
        if len(new) > NAMED:
            said.append(f"… and {len(new) - NAMED:,} errors more that were not foreseen")
        gone = [] if len(met) == PAGE else [key for key in foreseen if key not in came]
        if gone:
            said.append(
                f"foreseen, and did not come: {_listed([f'{code}: {label}' for code, label in gone], len(gone))}"
            )
        return said

    async def _sends(self, place: int, record: StepRecord) -> list[str]:
        """Name what was sent and not planned, and what was planned and not sent."""
        if record.phase != "export":
            return []
        after, more = self._since, 0
        first: list[str] = []
        while True:
            async with self._workspace.store.reading() as tx:
                page = await transitions.sent_in(tx, record.id, after, PAGE)
            if not page:
                break
            after = page[-1][0]
            async with self._kept.transaction() as tx:
                new = await kept_plans.see(tx, place, [label for _, label in page])
            more += len(new)
            first += new[: NAMED - len(first)]
        async with self._kept.reading() as tx:
            missing, left = await kept_plans.unseen(tx, place, NAMED)
        said = [f"sent, and not planned: {_listed(first, more)}"] if more else []
        return said + ([f"planned, and not sent: {_listed(left, missing)}"] if missing else [])


def _outcome(step: Mapping[str, Any], record: StepRecord) -> Iterator[str]:
    """Say where the end of a step, or what it counted, is not what was planned."""
    ended = record.result.value if record.result else "nothing"
    if ended != step["result"]:
        yield f"ended with {ended}, planned was {step['result']}" + (f": {record.message}" if record.message else "")
    planned, done = step["statistics"], record.statistics
    names = [name for name in {**planned, **done} if planned.get(name, 0) != done.get(name, 0)]
    if names:
        yield "; ".join(f"{done.get(name, 0):,} {name}, planned {planned.get(name, 0):,}" for name in names)


def _listed(names: list[str], number: int) -> str:
    more = f" and {number - len(names):,} more" if number > len(names) else ""
    return "; ".join(names) + more
