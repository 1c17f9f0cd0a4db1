"""Steps of a run that go on at the same time: those of different systems, in several processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from engine.configuration.steps import GLOBAL_PHASES, StepPlan
from engine.events import Event

Chain = list[tuple[int, StepPlan]]
"""Steps that follow each other, with their places in the profile."""
HERE = ""
"""The name of the chain of whatever the run carries out itself."""


class _Ended(NamedTuple):
    """A chain has come to its end, or to an error."""

    error: BaseException | None = None


def stages(
    plans: Sequence[StepPlan], first: int, may_go_beside: Callable[[StepPlan], bool], *, at_once: bool
) -> list[list[Chain]]:
    """Divide the steps of a profile, from a place on, into stages that follow each other, each of one chain or several.

    What works on the metaverse waits for all before it, and all behind it for that. Between, the steps of a system
    follow each other, and those of different systems do not wait for each other where another process may have them.
    """
    placed = list(enumerate(plans, first))
    if not at_once:
        return [[placed]]
    found: list[list[Chain]] = []
    chains: dict[str, Chain] = {}
    for place, plan in placed:
        if plan.phase in GLOBAL_PHASES:
            found += [list(chains.values())] if chains else []
            found.append([[(place, plan)]])
            chains = {}
        else:
            chains.setdefault(plan.system if may_go_beside(plan) else HERE, []).append((place, plan))
    return [*found, list(chains.values())] if chains else found


async def together(chains: Sequence[AsyncIterator[Event]]) -> AsyncIterator[Event]:
    """Give what happens in some chains as it happens; where one fails, the others are cancelled, and it is raised."""
    told: asyncio.Queue[Event | _Ended] = asyncio.Queue()

    async def follow(chain: AsyncIterator[Event]) -> None:
        async for event in chain:
            await told.put(event)

    def end(task: asyncio.Task[None]) -> None:
        told.put_nowait(_Ended(asyncio.CancelledError() if task.cancelled() else task.exception()))

    following = [asyncio.create_task(follow(chain)) for chain in chains]
    for task in following:
        task.add_done_callback(end)
    going_on = len(following)
    try:
        while going_on:
            event = await told.get()
            if not isinstance(event, _Ended):
                yield event
            elif event.error is not None:
                raise event.error
            else:
                going_on -= 1
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
