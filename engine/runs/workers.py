"""Steps of systems that only certain workers can reach: offered by the run, carried out by a worker, wherever it is.

The run goes on as if it had carried the step out itself: it waits for the end that the worker writes down. Each page of
a worker renews the run's lease, so that it writes nothing once another run has begun.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import version
from time import monotonic

from engine.configuration.kept import plain
from engine.configuration.models import Config
from engine.configuration.steps import StepPlan
from engine.errors import StepFailed
from engine.events import Event, Progress, StepFinished, StepStarted
from engine.step import Control
from engine.worker_names import own_name
from engine.workspace import Workspace
from storage import lease, runs, workers
from storage.documents import octets
from storage.errors import LeaseLost, StoreError, StoreLocked, StoreLost
from storage.records import StepRecord, StepResult
from storage.store import Store, Transaction
from storage.workers import Offer, Worker

LOOK_SECONDS = 0.25
"""How often somebody who waits looks, whether or not anything has changed: whoever has died writes nothing."""
GLANCE_SECONDS = 0.05
"""How often they ask, while a run goes on, whether the store has changed: for longer it would take 2 % of a core."""
AGAIN_SECONDS = 5.0
"""How long a worker waits that cannot reach the store, before it tries again."""
_TAKEN = "another process is worker '{name}' by now"
ANSWER_SECONDS = 3 * lease.HEARTBEAT_SECONDS
"""How long a stop waits for a worker that is not heard of; without a stop it is `STALE_SECONDS`."""
PATIENCE_SECONDS = 15.0
"""How long a run waits for a worker that is not there."""
Tell = Callable[[Event, int], Awaitable[None]]
"""Takes what happens, and the run it happens in."""
_OF_A_MACHINE = frozenset({"store", "console", "notify", "metrics", "profiles"})
"""What of a configuration may differ from machine to machine: nothing that decides what a step does."""
CarryOut = Callable[[Workspace, Control, int, StepPlan], AsyncIterator[Event]]
"""Carries out a step that has begun."""


class WorkerRefused(Exception):
    """Somebody else is the worker of this name."""


def settings_of(config: Config) -> str:
    """Give what stands for a configuration: those of a run and its workers have to mean the same by every step."""
    said = {name: table for name, table in plain(config).items() if name not in _OF_A_MACHINE}
    return blake2b(octets([said, config.store.timezone]), digest_size=8).hexdigest()


# ---------------------------------------------------------------------------------- the run


async def offer(tx: Transaction, workspace: Workspace, control: Control, step_id: int, plan: StepPlan) -> None:
    """Offer a step that has begun to the workers that can carry it out."""
    config = workspace.config
    step = Offer(
        step_id,
        control.run_id,
        control.owner,
        control.operator,
        plan.phase,
        plan.system,
        config.systems[plan.system].runs_on,
        version("interlock"),
        settings_of(config),
    )
    await workers.withdraw_all_but(tx, control.owner)
    await workers.offer(tx, step)


async def await_worker(workspace: Workspace, control: Control, step_id: int, plan: StepPlan) -> AsyncIterator[Event]:
    """Wait until a worker has carried a step out, and tell how far it is.

    Raises `StepFailed` where none takes it, or the one that has dies; then it is offered no longer.
    """
    try:
        async for event in _await(workspace, control, step_id, plan):
            yield event
    finally:
        async with workspace.store.transaction() as tx:
            await workers.withdraw(tx, step_id)


async def _await(workspace: Workspace, control: Control, step_id: int, plan: StepPlan) -> AsyncIterator[Event]:
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
        if control.stop_requested_by is not None and not is_told:
            is_told = True
            async with store.transaction() as tx:  # so that it reaches the worker
                await runs.request_stop(tx, control.stop_requested_by)
        if step.done != done:
            done = step.done
            yield Progress(plan, step.done, step.total, step.statistics)
        is_patient = True
        if offered is None or offered.worker is None:
            is_patient = any(one.name in busy and lease.is_heard_of(one) for one in there if _is_for(offered, one))
            _refuse_waiting(plan, offered, there, waited, asked)
        else:
            worker = {one.name: one for one in there}.get(offered.worker)
            _refuse_dead(step, offered.worker, worker, silence.seconds(worker), asked)
        await _until_changed(store, seen, GLANCE_SECONDS)
        waited += 0 if is_patient else monotonic() - began


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


async def _until_changed(store: Store, seen: int, every: float) -> None:
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


# ---------------------------------------------------------------------------------- the worker


async def work(
    workspace: Workspace,
    name: str,
    carry_out: CarryOut,
    tell: Tell,
    stopping: asyncio.Event,
    complain: Callable[[str], None],
) -> None:
    """Be a worker until it is to stop: take the steps that are offered to it, one after the other.

    A step that is going on then ends at its next page. While the store cannot be reached it waits, which it complains
    of once. Raises `WorkerRefused` where somebody else who lives has its name.
    """
    settings = settings_of(workspace.config)
    async with workspace.store.transaction() as tx:
        if other := next((one for one in await workers.every(tx) if one.name == name and lease.is_alive(one)), None):
            raise WorkerRefused(f"worker '{name}' is there already: process {other.pid} on {other.host}")
        died = f"worker '{name}' died in the middle of it, and was started again; whole pages are kept"
        await workers.register(tx, name, version("interlock"), settings, died)
    heart = asyncio.create_task(_beat(workspace, name))
    is_lost = False
    try:
        while not stopping.is_set():
            if heart.done():
                raise WorkerRefused(_TAKEN.format(name=name))
            try:
                if is_lost:
                    await _come_back(workspace, name, settings)
                    is_lost = False
                seen = await workspace.store.changes()
                if (step := await _next(workspace, name, settings)) is not None:
                    await _carry_out(workspace, step, carry_out, tell, stopping)
                else:
                    await _until_changed(workspace.store, seen, await _pace(workspace.store))
            except (StoreLost, StoreLocked) as error:
                if not is_lost:
                    complain(f"{error}; worker '{name}' tries again every {AGAIN_SECONDS:.0f} s")
                is_lost = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), AGAIN_SECONDS)
    finally:
        was_mine = not heart.done()
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)
        if was_mine:
            with suppress(StoreError):  # its next heartbeat, which does not come, says the same
                async with workspace.store.transaction() as tx:
                    await workers.leave(tx, name)


async def _come_back(workspace: Workspace, name: str, settings: str) -> None:
    """Be the worker again whom the store knew, and give back the step that it had. Raises `WorkerRefused`."""
    why = f"worker '{name}' had lost the store in the middle of it; whole pages are kept"
    async with workspace.store.transaction() as tx:
        if not await workers.beat(tx, name):
            raise WorkerRefused(_TAKEN.format(name=name))
        await workers.register(tx, name, version("interlock"), settings, why)


async def _beat(workspace: Workspace, name: str) -> None:
    """Show that the worker lives, until somebody else has its name."""
    while True:
        await asyncio.sleep(lease.HEARTBEAT_SECONDS)
        try:
            async with workspace.store.transaction() as tx:
                if not await workers.beat(tx, name):
                    return
        except StoreError:
            continue  # for once; the next beat will tell


async def _pace(store: Store) -> float:
    """Give how often a worker that waits asks whether the store has changed: often only while a run goes on."""
    async with store.reading() as tx:
        return LOOK_SECONDS if await lease.living_run(tx) is None else GLANCE_SECONDS


async def _next(workspace: Workspace, name: str, settings: str) -> Offer | None:
    """Take the next step offered to a worker, unless it is not as the run is: then say so, if nobody else is."""
    async with workspace.store.reading() as tx:
        found = await _offered_to(tx, name)
        if found is None:
            return None
        there = [one for one in await workers.every(tx) if one.name != name and lease.is_heard_of(one)]
        wrong = await lease.wrong_clock(tx)
    why = _unlike(found, name, settings) or (f"worker '{name}': {wrong}" if wrong else "")
    if why and any(one.name in found.names and one.settings == found.settings for one in there):
        return None
    async with workspace.store.transaction() as tx:
        if why:
            await workers.refuse(tx, found.step_id, why)
            return None
        return found if await workers.take(tx, found.step_id, name) else None


async def _offered_to(tx: Transaction, name: str) -> Offer | None:
    """Give the step that the run which goes on offers to a worker, if it does."""
    held = await lease.current(tx)
    if held is None or not lease.is_alive(held):
        return None
    mine = [one for one in await workers.open_offers(tx) if name in one.names and one.owner == held.owner]
    return next((one for one in mine if one.refusal is None), None)


def _unlike(step: Offer, name: str, settings: str) -> str:
    own = version("interlock")
    if step.version != own:
        return f"worker '{name}' is Interlock {own}, and the run is {step.version}: install the same on both"
    if step.settings != settings:
        told = "give both the same files, and start it again"
        return f"worker '{name}' has another configuration than the run: {told}"
    return ""


async def _carry_out(
    workspace: Workspace, step: Offer, carry_out: CarryOut, tell: Tell, stopping: asyncio.Event
) -> None:
    control = Control(run_id=step.run_id, operator=step.operator, owner=step.owner)
    plan = StepPlan(step.phase, step.system)
    stop = asyncio.create_task(_stop(control, stopping))
    try:
        await tell(StepStarted(step.step_id, plan), step.run_id)
        async for event in carry_out(workspace, control, step.step_id, plan):
            await tell(event, step.run_id)
    except LeaseLost:
        return  # the run is over, or another one has begun: nothing of this step counts any more
    finally:
        stop.cancel()
        await asyncio.gather(stop, return_exceptions=True)
        async with workspace.store.transaction() as tx:
            if (await runs.step(tx, step.step_id)).result is None:
                await workers.refuse(tx, step.step_id, f"worker '{own_name()}' could not go on; see what it says")
            else:
                await workers.withdraw(tx, step.step_id)


async def _stop(control: Control, stopping: asyncio.Event) -> None:
    await stopping.wait()
    control.stop_requested_by = f"worker '{own_name()}'"
