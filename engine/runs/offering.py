"""Steps that a run lets workers carry out: offered in the store, and waited for.

The run goes on as if it had carried the step out itself: it waits for the end that the worker writes down. Each page of
a worker renews the run's lease, so that it writes nothing once another run has begun.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from importlib.metadata import version
from time import monotonic

from engine.configuration.kept import plain
from engine.configuration.models import Config
from engine.configuration.steps import StepPlan
from engine.errors import StepFailed
from engine.events import Event, Progress, StepFinished
from engine.step import Control
from engine.worker_names import own_name
from engine.workspace import Workspace
from storage import lease, runs, workers
from storage.documents import octets
from storage.records import StepRecord, StepResult
from storage.store import Store, Transaction
from storage.workers import Offer, Worker

LOOK_SECONDS = 0.25
"""How often somebody who waits looks, whether or not anything has changed: whoever has died writes nothing."""
GLANCE_SECONDS = 0.05
"""How often they ask, while a run goes on, whether the store has changed: for longer it would take 2 % of a core."""
ANSWER_SECONDS = 3 * lease.HEARTBEAT_SECONDS
"""How long a stop waits for a worker that is not heard of; without a stop it is `STALE_SECONDS`."""
PATIENCE_SECONDS = 15.0
"""How long a run waits for a worker that is not there."""
_OF_A_MACHINE = frozenset({"store", "engine", "console", "notify", "metrics", "profiles"})
"""What of a configuration may differ from machine to machine: nothing that decides what a step does."""


class TakenBack(Exception):
    """No worker has taken a step that the run may carry out itself, and now does."""


def settings_of(config: Config) -> str:
    """Give what stands for a configuration: those of a run and its workers have to mean the same by every step."""
    said = {name: table for name, table in plain(config).items() if name not in _OF_A_MACHINE}
    return blake2b(octets([said, config.store.timezone]), digest_size=8).hexdigest()


async def offer(
    tx: Transaction, workspace: Workspace, control: Control, step_id: int, plan: StepPlan, names: Sequence[str]
) -> None:
    """Offer a step that has begun to the workers that can carry it out."""
    config = workspace.config
    step = Offer(
        step_id,
        control.run_id,
        control.owner,
        control.operator,
        plan.phase,
        plan.system,
        names,
        version("interlock"),
        settings_of(config),
    )
    await workers.withdraw_all_but(tx, control.owner)
    await workers.offer(tx, step)


async def await_worker(
    workspace: Workspace, control: Control, step_id: int, plan: StepPlan, hands: asyncio.Lock | None = None
) -> AsyncIterator[Event]:
    """Wait until a worker has carried a step out, and tell how far it is.

    Where the run may carry it out itself, `hands` are held while it does another. Raises `TakenBack` where it does
    this one now, and `StepFailed` where none takes it, or the one that has dies; then it is offered no longer.
    """
    try:
        async for event in _await(workspace, control, step_id, plan, hands):
            yield event
    finally:
        async with workspace.store.transaction() as tx:
            await workers.withdraw(tx, step_id)


async def _await(
    workspace: Workspace, control: Control, step_id: int, plan: StepPlan, hands: asyncio.Lock | None
) -> AsyncIterator[Event]:
    waited, done, is_told = 0.0, -1, False
    store = workspace.store
    silence = _Silence()
    while True:
        seen, began = await store.changes(), monotonic()
        async with store.reading() as tx:
            step, offered = await runs.step(tx, step_id), await workers.offered(tx, step_id)
            there, busy = await workers.every(tx), await workers.at_work(tx)
            asked = await runs.stop_requested_by(tx, control.run_id) or control.stop_requested_by
            counted = await runs.count_errors(tx, step_id) if step.result is not None else (0, 0)
        if step.result is not None:
            yield StepFinished(step_id, plan, step.result, step.message, step.statistics, *counted)
            return
        is_told = is_told or await _has_passed_on_stop(store, control)
        if step.done != done:
            done = step.done
            yield Progress(plan, step.done, step.total, step.statistics)
        is_patient = True
        if offered is not None and offered.worker is not None:
            worker = {one.name: one for one in there}.get(offered.worker)
            _refuse_dead(step, offered.worker, worker, silence.seconds(worker), asked)
        elif hands is None:
            is_patient = any(one.name in busy and lease.is_heard_of(one) for one in there if _is_for(offered, one))
            _refuse_waiting(plan, offered, there, waited, asked)
        else:
            await _take_back(store, step_id, hands, asked)
        await until_changed(store, seen, GLANCE_SECONDS)
        waited += 0 if is_patient else monotonic() - began


async def _has_passed_on_stop(store: Store, control: Control) -> bool:
    """Let a wish to stop reach the worker, if there is one; tell whether there is."""
    if control.stop_requested_by is None:
        return False
    async with store.transaction() as tx:
        await runs.request_stop(tx, control.stop_requested_by)
    return True


async def _take_back(store: Store, step_id: int, hands: asyncio.Lock, asked: str | None) -> None:
    """Take a step that was offered, if the run has nothing else to do, or is to stop. Raises `TakenBack` then."""
    if hands.locked() and asked is None:
        return
    async with store.transaction() as tx:
        is_mine = await workers.take(tx, step_id, own_name())
    if is_mine:
        raise TakenBack


class _Silence:
    """How long a worker was not heard of, by this machine's clock while it is awake."""

    def __init__(self) -> None:
        self._heard = ""
        self._since = monotonic()

    def seconds(self, worker: Worker | None) -> float:
        """Give the seconds since its last heartbeat came."""
        if worker is not None and worker.heartbeat_at != self._heard:
            self._heard, self._since = worker.heartbeat_at, monotonic()
        return monotonic() - self._since


async def until_changed(store: Store, seen: int, every: float) -> None:
    """Wait until something is committed after the store's `changes()` were `seen`, `LOOK_SECONDS` at most."""
    end = monotonic() + LOOK_SECONDS
    while monotonic() < end:
        await asyncio.sleep(every)
        if await store.changes() != seen:
            return


def _is_for(offered: Offer | None, worker: Worker) -> bool:
    return offered is not None and worker.name in offered.names


def _refuse_waiting(
    plan: StepPlan, offered: Offer | None, there: list[Worker], waited: float, asked: str | None
) -> None:
    """Raise `StepFailed` where a step that nobody has taken is not waited for any longer."""
    if asked is not None:
        raise StepFailed(f"stopped by {asked} before a worker took it", StepResult.STOPPED_BY_OPERATOR)
    if offered is None:
        raise StepFailed("it is offered no longer: another run has begun")
    if offered.refusal is not None:
        raise StepFailed(offered.refusal, StepResult.NO_START_CONNECTION)
    if waited < PATIENCE_SECONDS:
        return
    names = " or ".join(f"'{name}'" for name in offered.names)
    living = [one.name for one in there if one.name in offered.names and lease.is_heard_of(one)]
    if living:
        told = f"worker '{living[0]}' is there and has not taken it: look what it does"
    else:
        told = f"no worker {names} is there: start 'interlock worker --name {offered.names[0]}' where it can be reached"
    raise StepFailed(f"'{plan.system}' is reached by worker {names} alone, and {told}", StepResult.NO_START_CONNECTION)


def _refuse_dead(step: StepRecord, name: str, worker: Worker | None, silent: float, asked: str | None) -> None:
    """Raise `StepFailed` where the worker that has taken a step does not live any more, or hangs.

    `silent` are the seconds that this process has heard nothing of it. What hangs can write nothing later.
    """
    last = f", last heard of {worker.heartbeat_at[:19]}Z on {worker.host}" if worker is not None else ""
    done = f"{step.done:,} objects done; whole pages are kept"
    if worker is None or not lease.is_alive(worker):
        raise StepFailed(f"worker '{name}' died{last}, with {done}")
    if asked is not None and silent >= ANSWER_SECONDS:
        told = f"stopped by {asked}; worker '{name}' does not answer{last}, with {done}"
        raise StepFailed(told, StepResult.STOPPED_BY_OPERATOR)
    if silent >= lease.STALE_SECONDS:
        raise StepFailed(f"worker '{name}' does not answer{last}, with {done}; look what it does, or end it")
