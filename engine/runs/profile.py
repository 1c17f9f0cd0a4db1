"""Run a profile, or a single step: lease, steps, results, recovery."""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import nullcontext, suppress
from time import monotonic
from typing import Any

from engine.approvals.audit import record
from engine.configuration.kept import MARK, as_kept
from engine.configuration.models import Config
from engine.configuration.steps import StepPlan
from engine.errors import StepFailed
from engine.events import Event, Progress, RunFinished, RunStarted, StepFinished, StepStarted
from engine.heap import give_memory_back, share_heap
from engine.maintenance.pruning import prune
from engine.phases.detecting.phase import detect_deletions
from engine.phases.evaluating.phase import evaluate_exports
from engine.phases.exporting.phase import execute_exports
from engine.phases.importing.phase import import_objects
from engine.phases.synchronising.phase import synchronise
from engine.roles import Role, require
from engine.runs import offering
from engine.runs.at_once import Chain, stages, together
from engine.runs.local_workers import LocalWorkers
from engine.step import Control, Step, awake_at
from engine.todo.acknowledging import forget_what_is_over
from engine.values import zones
from engine.worker_names import runs_elsewhere
from engine.workspace import Workspace
from storage import clock, exports, lease, reviews, runs
from storage.errors import LeaseLost, StoreError
from storage.records import CARRIED_THROUGH, Run, StepResult
from storage.store import Transaction

Phase = Callable[[Step], AsyncIterator[Progress]]
PHASES: dict[str, Phase] = {
    "import": import_objects,
    "delta": import_objects,
    "sync": synchronise,
    "evaluate": evaluate_exports,
    "export": execute_exports,
    "confirm": import_objects,
    "detect": detect_deletions,
}
"""A confirming import is a full import: every import reconciles the open exports of what it sees."""

_WITH_ERRORS = {
    "import": StepResult.DISCOVERY_ERRORS,
    "delta": StepResult.DISCOVERY_ERRORS,
    "detect": StepResult.DISCOVERY_ERRORS,
    "sync": StepResult.SYNC_ERRORS,
    "evaluate": StepResult.SYNC_ERRORS,
    "export": StepResult.EXPORT_ERRORS,
    "confirm": StepResult.EXPORT_ERRORS,
}
_EXIT_STATUS = {
    StepResult.SUCCESS: 0,
    StepResult.NO_OBJECTS: 0,
    StepResult.WARNINGS: 0,
    StepResult.STOPPED_THRESHOLD: 3,
    StepResult.STOPPED_CHANGES: 3,
    StepResult.NO_START_CREDENTIALS: 4,
    StepResult.NO_START_CONNECTION: 4,
    StepResult.NO_START_RUNNING: 4,
    StepResult.STOPPED_BY_OPERATOR: 5,
    StepResult.INTERRUPTED: 5,
}


CLOCK_TOLERANCE = 60.0
"""Seconds that the clock may be behind the last run before it is said: clocks are corrected all the time."""


def exit_status(result: StepResult) -> int:
    """Give the exit status that tells a script how a run ended."""
    return _EXIT_STATUS.get(result, 1)


def tune_interpreter() -> None:
    """Fit the interpreter to a process that only runs.

    The garbage collector must not walk pages of live objects again and again: what a page makes is dropped by
    reference counting alone, and each page has it look through what is left when it is over. And while one thread
    reads a page ahead, another must get its turn soon.
    """
    share_heap()
    sys.setswitchinterval(0.0005)
    if not gc.get_freeze_count():  # a process that runs more than once would keep what the last run left
        gc.freeze()
    gc.set_threshold(1_000_000, 50, 100)


async def execute_run(
    workspace: Workspace,
    profile: str,
    plans: Sequence[StepPlan],
    operator: str,
    control: Control | None = None,
    first: int = 0,
) -> AsyncIterator[Event]:
    """Run steps on the store, and tell what happens; `first` is where in a profile they begin.

    They follow each other, but for those that a profile lets workers carry out at once.

    A step that is stopped, or cannot start, ends the run where it stands. Raises `AlreadyRunning` if another
    run holds the lease, and `NotAllowed` if the operator may not run.
    """
    require(workspace.config, operator, Role.OPERATOR, "run")
    control = control or Control()
    control.operator = operator
    interrupted, behind = await _take_lease(workspace, control, profile, plans)
    yield RunStarted(control.run_id, profile, tuple(plans), tuple(interrupted), behind)
    began = monotonic()
    heart = asyncio.create_task(_beat(workspace, control))
    beside = LocalWorkers(workspace)
    result = StepResult.INTERRUPTED
    try:
        results: list[StepResult] = []
        for stage in _stages(workspace.config, profile, plans, first, beside):
            chains = await _chains(workspace, control, stage, results, beside)
            async for event in together(chains) if len(chains) > 1 else chains[0]:
                yield event
            if not _goes_on(results):
                break
        result = await _as_left(workspace, worst(results))
        with suppress(StoreError):  # history that stays a while longer harms nobody
            await prune(workspace, control.owner, monotonic() - began)
    finally:
        await beside.end()
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)
        with suppress(StoreError) if result == StepResult.INTERRUPTED else nullcontext():
            await _give_back(workspace, control, result)
    yield RunFinished(control.run_id, result)


def _stages(
    config: Config, profile: str, plans: Sequence[StepPlan], first: int, beside: LocalWorkers
) -> list[list[Chain]]:
    settings = config.profiles.get(profile)
    at_once = settings is not None and settings.at_once
    return stages(plans, first, lambda plan: bool(beside.names or runs_elsewhere(config, plan.system)), at_once=at_once)


async def _chains(
    workspace: Workspace, control: Control, stage: list[Chain], results: list[StepResult], beside: LocalWorkers
) -> list[AsyncIterator[Event]]:
    """Begin the chains of a stage: of those that no worker elsewhere has, the first here, the others beside."""
    here = [chain for chain in stage if not runs_elsewhere(workspace.config, chain[0][1].system)]
    await beside.start(len(here) - 1)
    others = here[1:]
    return [
        _execute_chain(workspace, control, chain, results, beside if chain in others else None, beside.hands)
        for chain in stage
    ]


async def _execute_chain(
    workspace: Workspace,
    control: Control,
    chain: Chain,
    results: list[StepResult],
    beside: LocalWorkers | None,
    hands: asyncio.Lock,
) -> AsyncIterator[Event]:
    """Execute steps one after the other, for as long as none has stopped the run, here or beside; collect results."""
    for position, plan in chain:
        if not _goes_on(results):
            return
        async for event in _execute_step(workspace, control, position, plan, beside, hands):
            if isinstance(event, StepFinished):
                results.append(event.result)
            yield event


def _goes_on(results: Sequence[StepResult]) -> bool:
    return all(result in CARRIED_THROUGH for result in results)


def worst(results: Sequence[StepResult]) -> StepResult:
    """Give the result of a run: that of the step which stopped it, else the first with errors."""
    if not results:
        return StepResult.SUCCESS
    if stopped := [result for result in results if result not in CARRIED_THROUGH]:
        return stopped[0]
    return max(results, key=lambda result: (exit_status(result), result == StepResult.SUCCESS))


async def _as_left(workspace: Workspace, result: StepResult) -> StepResult:
    """Give the result of a run as it leaves the queue: while any export is given up, no run has ended well."""
    if exit_status(result):
        return result
    async with workspace.store.reading() as tx:
        return StepResult.EXPORT_ERRORS if await exports.any_failed(tx) else result


async def _take_lease(
    workspace: Workspace, control: Control, profile: str, plans: Sequence[StepPlan]
) -> tuple[list[int], float]:
    """Take the lease, and give the runs that had died, and by how many seconds the clock was set back."""
    async with workspace.store.transaction() as tx:
        await lease.ensure_free(tx)
        await forget_what_is_over(tx, workspace)
        behind = _seconds_behind(await runs.newest(tx, 1))
        interrupted = await runs.interrupt_dead(tx, "its process died; whole pages were kept")
        control.run_id = await runs.start(
            tx, profile=profile, operator=control.operator, host=socket.gethostname(), pid=os.getpid()
        )
        await runs.set_rule_mark(tx, MARK, as_kept(workspace.config, control.run_id))
        await lease.take(tx, owner=control.owner, run_id=control.run_id)
        details: dict[str, Any] = {
            "profile": profile,
            "steps": [str(plan) for plan in plans],
            "interrupted": interrupted,
        }
        if behind:
            details["clock_behind_seconds"] = behind
        await _record(tx, workspace, control, "run", details)
    return interrupted, behind


def _seconds_behind(last: Sequence[Run]) -> float:
    moments = [moment for run in last for moment in (run.ended_at or run.started_at,)]
    behind = max((clock.seconds_between(clock.now(), moment) for moment in moments), default=0.0)
    return behind if behind > CLOCK_TOLERANCE else 0.0


async def _beat(workspace: Workspace, control: Control) -> None:
    """Renew the lease while a step waits for a slow system."""
    while True:
        await asyncio.sleep(lease.HEARTBEAT_SECONDS)
        began = awake_at()
        try:
            async with workspace.store.transaction() as tx:
                await lease.renew(tx, control.owner)
            control.sure_at = began
        except LeaseLost:
            return  # the next page of the step says so
        except StoreError:
            continue  # locked for once; the next beat, or the next page, will tell


async def _give_back(workspace: Workspace, control: Control, result: StepResult) -> None:
    async with workspace.store.transaction() as tx:
        await lease.renew(tx, control.owner)
        backlog = sum(count for *_, count in await exports.counts(tx))
        waiting = await reviews.count_waiting(tx)
        await runs.finish(tx, control.run_id, result, backlog=backlog, waiting=waiting)
        await _record(tx, workspace, control, "run-ended", {"result": result.value, "waiting": waiting})
        await lease.release(tx, control.owner)


async def _record(
    tx: Transaction, workspace: Workspace, control: Control, action: str, details: dict[str, Any]
) -> None:
    subject = f"run-{control.run_id}"
    await record(tx, workspace, operator=control.operator, action=action, subject=subject, details=details)


async def _execute_step(
    workspace: Workspace,
    control: Control,
    position: int,
    plan: StepPlan,
    beside: LocalWorkers | None,
    hands: asyncio.Lock,
) -> AsyncIterator[Event]:
    async with workspace.store.transaction() as tx:
        await lease.renew(tx, control.owner)
        step_id = await runs.start_step(tx, control.run_id, position, plan.phase, plan.system)
        names = beside.names if beside is not None else runs_elsewhere(workspace.config, plan.system)
        if names:
            await offering.offer(tx, workspace, control, step_id, plan, names)
    yield StepStarted(step_id, plan)
    if names:
        try:
            async for event in _await_worker(workspace, control, step_id, plan, beside):
                yield event
        except offering.TakenBack:
            pass
        else:
            return
    async with hands:
        async for event in carry_out(workspace, control, step_id, plan):
            yield event


async def _await_worker(
    workspace: Workspace, control: Control, step_id: int, plan: StepPlan, beside: LocalWorkers | None
) -> AsyncIterator[Event]:
    """Wait until a worker has carried a step out. Raises `TakenBack` where the run has to do it itself."""
    try:
        hands = beside.hands if beside is not None else None
        async for event in offering.await_worker(workspace, control, step_id, plan, hands):
            yield event
    except asyncio.CancelledError:
        step = Step(workspace, control, step_id, plan, message="nobody waits for it any more: the run was ended")
        await _close_step(workspace, step, StepResult.INTERRUPTED, lenient=True)
        raise
    except StepFailed as failure:
        step = Step(workspace, control, step_id, plan, message=str(failure))
        await _close_step(workspace, step, failure.result)
        yield StepFinished(step_id, plan, failure.result, step.message, {}, 0)


async def carry_out(workspace: Workspace, control: Control, step_id: int, plan: StepPlan) -> AsyncIterator[Event]:
    """Carry out a step that has begun, and tell what happens, to its end."""
    step = Step(workspace, control, step_id, plan)
    result: StepResult = StepResult.INTERRUPTED
    zones.use_for_step(workspace.zone_of(plan.system))
    try:
        async for progress in PHASES[plan.phase](step):
            yield progress
        result = step.result or (_WITH_ERRORS[plan.phase] if step.errors else StepResult.SUCCESS)
        if step.errors and result in (StepResult.SUCCESS, StepResult.NO_OBJECTS):
            result = _WITH_ERRORS[plan.phase]
        if (step.warnings or step.notes) and result in (StepResult.SUCCESS, StepResult.NO_OBJECTS):
            result = StepResult.WARNINGS
    except StepFailed as failure:
        result, step.message = failure.result, str(failure)
    except asyncio.CancelledError:
        step.message = "the run was ended in the middle of it; whole pages are kept"
        await _close_step(workspace, step, result, lenient=True)
        raise
    except Exception as failure:
        step.message = str(failure) if isinstance(failure, StoreError) else f"{type(failure).__name__}: {failure}"
        await _close_step(workspace, step, result, lenient=True)
        raise
    finally:
        zones.use_for_step(workspace.config.store.timezone)
        give_memory_back()
    await _close_step(workspace, step, result)
    yield StepFinished(step_id, plan, result, step.message, step.counted(), step.errors, step.warnings)


async def _close_step(workspace: Workspace, step: Step, result: StepResult, *, lenient: bool = False) -> None:
    try:
        async with workspace.store.transaction() as tx:
            await lease.renew(tx, step.control.owner)
            await runs.finish_step(tx, step.id, result, step.message)
    except StoreError:
        if not lenient:
            raise
