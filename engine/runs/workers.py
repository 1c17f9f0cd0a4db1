"""Be a worker: carry out the steps that runs offer, wherever those begin."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from importlib.metadata import version

from engine.configuration.steps import StepPlan
from engine.events import Event, StepStarted
from engine.runs.offering import GLANCE_SECONDS, LOOK_SECONDS, settings_of, until_changed
from engine.step import Control
from engine.worker_names import own_name
from engine.workspace import Workspace
from storage import lease, runs, workers
from storage.errors import LeaseLost, StoreError, StoreLocked, StoreLost
from storage.store import Store, Transaction
from storage.workers import Offer

AGAIN_SECONDS = 5.0
"""How long a worker waits that cannot reach the store, before it tries again."""
_TAKEN = "another process is worker '{name}' by now"
Tell = Callable[[Event, int], Awaitable[None]]
"""Takes what happens, and the run it happens in."""
CarryOut = Callable[[Workspace, Control, int, StepPlan], AsyncIterator[Event]]
"""Carries out a step that has begun."""


class WorkerRefused(Exception):
    """Somebody else is the worker of this name."""


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
                    await until_changed(workspace.store, seen, await _pace(workspace.store))
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
