"""Phase 1, former values whose time is over: by the clock alone, whatever else happens to their owners."""

from collections.abc import AsyncIterator
from functools import partial

from engine.events import Progress
from engine.phases.synchronising.flowing import recompute
from engine.phases.synchronising.former_values import forget_old
from engine.rules.compiled import UniqueValue
from engine.step import Step
from storage import clock, given_values
from storage.store import Transaction


async def end_aliases(step: Step) -> AsyncIterator[Progress]:
    """Take from people the former values that they have kept for long enough, and forget what nobody keeps."""
    for mvo_type, generated in step.workspace.rules.unique.items():
        for unique in generated:
            after = 0
            while unique.aliases is not None:
                ended = await step.in_page(partial(_end_next, step=step, mvo_type=mvo_type, unique=unique, after=after))
                if not ended:
                    break
                after = ended[-1]
                yield step.progress()
    async with step.page() as tx:
        await forget_old(tx, step.workspace)


async def _end_next(tx: Transaction, step: Step, mvo_type: str, unique: UniqueValue, after: int) -> list[int]:
    """Compute the next people anew who have an alias whose time is over, and give their ids."""
    before = clock.after(-unique.keep_old.total_seconds())
    mvo_ids = await given_values.outdated_aliases(tx, mvo_type, unique.attribute, before, after, step.page_size)
    if mvo_ids:
        await recompute(tx, step, set(mvo_ids))
    return mvo_ids
