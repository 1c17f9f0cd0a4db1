"""What the deletion rules make of MVOs that connectors have left."""

from collections.abc import AsyncIterator
from functools import partial

from engine.contributions.joined import by_mvo, mvos_of
from engine.events import Progress
from engine.phases.removal.forgetting import remove_empty_mvos
from engine.phases.synchronising.owed_references import follow_gone
from engine.rules.lifecycle import Fate, fate_without, is_connector, together_with
from engine.statistics import Statistic
from engine.step import Step
from storage import clock, metaverse, objects
from storage.records import Cso, CsoStatus, Mvo
from storage.store import Transaction


async def settle_lifecycle(tx: Transaction, step: Step, leavers: list[Cso]) -> None:
    """Apply the deletion rules to MVOs that connectors have left without a review; the leavers as they were joined."""
    joined = by_mvo([*leavers, *await objects.joined_to(tx, mvos_of(leavers))])
    leaving = {cso.id for cso in leavers}
    config, rules = step.workspace.config, step.workspace.rules
    mvos = await metaverse.get(tx, joined)
    await apply_fates(tx, step, {mvo.id: fate_without(config, rules, mvo, joined[mvo.id], leaving) for mvo in mvos}, {})


async def apply_fates(tx: Transaction, step: Step, fates: dict[int, Fate], approvals: dict[int, int]) -> None:
    """Delete MVOs, at once or when their grace period ends; evaluation then sees to their target objects.

    `approvals` are those under which MVOs are left.
    """
    doomed = {mvo_id: fate for mvo_id, fate in fates.items() if fate.mvo_deleted}
    changed = [_doomed(mvo, doomed[mvo.id], approvals.get(mvo.id)) for mvo in await metaverse.get(tx, doomed)]
    await metaverse.change(tx, changed)
    await _bury(tx, step, [mvo.id for mvo in changed if mvo.deleted])


def _doomed(mvo: Mvo, fate: Fate, approval_id: int | None) -> Mvo:
    """Give an MVO as its deletion rule leaves it; a grace period that has begun goes on, with what caused it."""
    seconds = fate.grace.total_seconds()
    ends = clock.after(seconds) if seconds else None
    begun = mvo if mvo.in_grace else mvo._replace(delete_after=None, approval_id=None, deletion_cause=None)
    return mvo._replace(
        deleted=not seconds,
        delete_after=(begun.delete_after or ends) if ends else None,
        approval_id=begun.approval_id if approval_id is None else approval_id,
        deletion_cause=together_with(begun.deletion_cause, fate.cause),
        due=True,
        changed_at=clock.now(),
    )


async def _bury(tx: Transaction, step: Step, mvo_ids: list[int]) -> None:
    """Let go of deleted MVOs: what sources still give of them, and whatever refers to them."""
    step.count_deleted(mvo_ids)
    rules = step.workspace.rules
    types = {mvo.id: mvo.type for mvo in await metaverse.get(tx, mvo_ids)}
    given = [
        cso
        for cso in await objects.joined_to(tx, mvo_ids)
        if (cso.system, cso.type) in rules.inbound and is_connector(rules, types[cso.mvo_id or 0], cso)
    ]
    step.statistics[Statistic.DISCONNECTORS] += len(given)
    await objects.join(tx, [(cso.id, None, None) for cso in given])
    await objects.set_due(tx, [cso.id for cso in given if cso.status == CsoStatus.NORMAL], due=True)
    await follow_gone(tx, step, mvo_ids)
    await remove_empty_mvos(tx, mvo_ids)


async def delete_after_grace(step: Step) -> AsyncIterator[Progress]:
    """Delete the MVOs whose grace period has ended."""
    after = 0
    while True:
        gone = await step.in_page(partial(_delete_next, step=step, after=after))
        if not gone:
            return
        after = gone[-1]
        yield step.progress()


async def _delete_next(tx: Transaction, step: Step, after: int) -> list[int]:
    """Delete the next MVOs whose grace period has ended, and give their ids."""
    mvos = await metaverse.grace_over(tx, after, step.page_size)
    changed = [mvo._replace(deleted=True, delete_after=None, due=True) for mvo in mvos]
    await metaverse.change(tx, changed)
    ids = [mvo.id for mvo in changed]
    await _bury(tx, step, ids)
    return ids
