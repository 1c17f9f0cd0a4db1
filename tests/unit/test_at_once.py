"""What happens in several chains of steps, as it happens; one that ends in its own way ends the others."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.configuration.steps import StepPlan
from engine.events import Event, StepStarted
from engine.runs.at_once import HERE, stages, together

A, B, C = (StepPlan("import", name) for name in "abc")
SYNC = StepPlan("sync")


def test_what_works_on_the_metaverse_stands_alone_and_systems_beside_each_other() -> None:
    plans = [A, B, C, StepPlan("detect", "a"), SYNC, StepPlan("evaluate"), StepPlan("export", "b")]
    found = stages(plans, 3, lambda plan: plan.system in "ab", at_once=True)
    assert [[[place for place, _ in chain] for chain in stage] for stage in found] == [
        [[3, 6], [4], [5]],
        [[7]],
        [[8]],
        [[9]],
    ]
    assert stages(plans, 3, lambda plan: bool(plan.system), at_once=False) == [[list(enumerate(plans, 3))]]
    assert HERE == "", "what no worker carries out is one chain"


async def _chain(number: int, error: BaseException | None, ended: list[int]) -> AsyncIterator[Event]:
    try:
        yield StepStarted(number, A)
        await asyncio.sleep(0 if error else 60)
        if error:
            raise error
    finally:
        ended.append(number)


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError()], ids=["an error", "a cancellation"])
def test_where_one_fails_the_others_end_and_it_is_raised(error: BaseException) -> None:
    ended: list[int] = []
    told: list[int] = []

    async def run() -> None:
        async for event in together([_chain(1, None, ended), _chain(2, error, ended)]):
            assert isinstance(event, StepStarted)
            told.append(event.step_id)

    with pytest.raises(type(error)):
        asyncio.run(asyncio.wait_for(run(), 10))
    assert sorted(told) == [1, 2]
    assert sorted(ended) == [1, 2]
