"""What every screen knows at any moment: the run that is going on, what waits, how many objects stand where."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.configuration.steps import StepPlan
from engine.monitoring import paces
from engine.runs.due_work import Ahead, outlook
from engine.runs.unsent import LeftOver, left_over
from engine.workspace import Workspace
from storage import census, clock, exports, lease, metaverse, reviews, runs
from storage.records import ChangeType, CsoStatus, ExportStatus, HeldBatch, Run, StepRecord

RECENT_STEPS = 60


class Snapshot(NamedTuple):
    """The small facts, read whenever the store has changed: a few rows each."""

    at: str
    run: Run | None
    """The run that is going on, or that was when its process died."""
    alive: bool
    """Whether its process lives."""
    steps: list[StepRecord]
    """The newest steps of all runs, oldest first."""
    profiles: dict[int, str]
    """The profiles of the runs that those steps belong to."""
    last: Run | None
    """The newest run that has ended."""
    waiting: int
    """Review items that wait for a decision."""
    held: list[HeldBatch]
    """What a gate holds for an operator."""


class Counts(NamedTuple):
    """What has to be counted: read less often, since it takes longer in a large store."""

    at: str
    seconds: float
    """How long the counting took."""
    systems: list[tuple[str, str, CsoStatus, int]]
    metaverse: list[tuple[str, int]]
    exports: list[tuple[str, ChangeType, ExportStatus, bool, int]]
    ahead: list[Ahead]
    left_over: LeftOver
    sendable: dict[str, int]
    """What a run would send to each system that takes exports only at times, slowly, or a few."""

    @property
    def objects(self) -> int:
        """How many connected system objects there are."""
        return sum(count for *_, count in self.systems)


async def snapshot(workspace: Workspace) -> Snapshot:
    """Read the small facts."""
    async with workspace.store.reading() as tx:
        open_runs = await runs.open_runs(tx)
        newest = await runs.newest(tx, 2)
        steps = await runs.recent_steps(tx, RECENT_STEPS)
        ended = [run for run in newest if run.result is not None]
        return Snapshot(
            at=clock.now(),
            run=open_runs[-1] if open_runs else None,
            alive=bool(open_runs) and await lease.living_run(tx) == open_runs[-1].id,
            steps=steps,
            profiles={run.id: run.profile for run in await runs.among(tx, {step.run_id for step in steps})},
            last=ended[0] if ended else None,
            waiting=await reviews.count_waiting(tx),
            held=await reviews.held(tx),
        )


async def counts(workspace: Workspace, plans: Sequence[StepPlan]) -> Counts:
    """Count everything, and what each of some steps would touch."""
    started = clock.now()
    async with workspace.store.reading() as tx:
        systems = await census.counts(tx)
        mvos = await metaverse.counts(tx)
        queue = await exports.counts(tx)
        ahead = await outlook(tx, plans, systems, queue)
        left = await left_over(tx)
        held_up = await paces.sendable(tx, workspace.config)
    ended = clock.now()
    return Counts(ended, clock.seconds_between(started, ended), systems, mvos, queue, ahead, left, held_up)
