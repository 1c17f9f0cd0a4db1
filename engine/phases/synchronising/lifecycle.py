"""Carry out approved disconnections, and what the deletion rules make of MVOs that connectors have left."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from engine.approvals.audit import verified_approvals
from engine.approvals.consequences import Consequences, covers, describe, together
from engine.approvals.review_items import move_items
from engine.events import Progress
from engine.labels import label_of
from engine.phases.join_index import forget_former_keys
from engine.phases.removal.forgetting import forget, remove_empty_mvos
from engine.phases.synchronising.flowing import recompute
from engine.phases.synchronising.owed_references import follow_gone
from engine.rules.lifecycle import Fate, another_person, fate_without, is_connector, together_with
from engine.step import Step
from storage import clock, exports, metaverse, objects, reviews
from storage.records import Cso, CsoStatus, Mvo, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

DISCONNECTING = (ReviewKind.ABSENCE, ReviewKind.IDENTITY)
"""What an approval of lets an object leave its person."""


async def carry_out_approved(step: Step) -> AsyncIterator[Progress]:
    """Disconnect the obsolete objects whose disconnection was approved, and settle what follows.

    An approval covers the consequences it showed; where they have grown, it is asked again.
    """
    after = 0
    while True:
        async with step.page() as tx:
            items = await reviews.in_state(tx, DISCONNECTING, ReviewState.APPROVED, after, step.page_size)
            if items:
                await _carry_out(tx, step, items + await _of_the_same_people(tx, items))
        if not items:
            return
        after = items[-1].id
        yield step.progress()


async def _of_the_same_people(tx: Transaction, items: list[ReviewItem]) -> list[ReviewItem]:
    """Give the other approved items of the same people: what several sources lost is carried out together."""
    csos = await objects.get(tx, [item.object_id for item in items])
    joined = await objects.joined_to(tx, {cso.mvo_id for cso in csos if cso.mvo_id is not None})
    known = {item.id for item in items}
    others: list[ReviewItem] = []
    for kind in DISCONNECTING:
        asked = await reviews.of_objects(tx, [cso.id for cso in joined], kind, [ReviewState.APPROVED])
        others += [item for item in asked.values() if item.id not in known]
    return others


class _Leaving(NamedTuple):
    """Obsolete CSOs with the approvals under which they leave, and what becomes of their MVOs."""

    items: dict[int, ReviewItem]
    """By CSO."""
    csos: list[Cso]
    fates: dict[int, Fate]
    """By MVO."""

    @property
    def approvals(self) -> dict[int, int]:
        """Give the approval under which each MVO is left."""
        return {cso.mvo_id: self.items[cso.id].id for cso in self.csos if cso.mvo_id is not None}


async def _carry_out(tx: Transaction, step: Step, items: list[ReviewItem]) -> None:
    verified = await verified_approvals(tx, items)
    unknown = [item for item in items if item.id not in verified]
    await move_items(tx, step, unknown, ReviewState.OPEN, "its approval does not stand in the audit log")
    leaving = await _covered(tx, step, [item for item in items if item.id in verified])
    await _disconnect(tx, step, leaving)
    await _settle_people(tx, step, leaving)


async def _covered(tx: Transaction, step: Step, items: list[ReviewItem]) -> _Leaving:
    """Give those whose approval covers what would happen now; where that has grown, it is asked again."""
    csos = {cso.id: cso for cso in await objects.get(tx, [item.object_id for item in items])}
    gone = {cso.id: cso for cso in csos.values() if cso.status == CsoStatus.OBSOLETE}
    fates = await _fates(tx, step, list(gone.values()))
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, fates)}
    shown: dict[int | None, list[Consequences]] = {}
    for item in items:
        if item.object_id in csos:
            shown.setdefault(csos[item.object_id].mvo_id, []).append(item.consequences)
    ready: dict[int, ReviewItem] = {}
    grown: dict[int, Consequences] = {}
    for item in items:
        cso = gone.get(item.object_id)
        if cso is None:
            continue
        mvo = mvos.get(cso.mvo_id or 0)
        now = describe(fates[mvo.id], mvo, cso) if mvo else {}
        if covers(together(shown[cso.mvo_id]) if mvo else {}, now):
            ready[cso.id] = item
        else:
            grown[item.id] = now
    await reviews.set_consequences(tx, grown)
    again = [item for item in items if item.id in grown]
    await move_items(tx, step, again, ReviewState.OPEN, "the consequences have grown since it was approved")
    return _Leaving(ready, [gone[cso_id] for cso_id in ready], fates)


async def _disconnect(tx: Transaction, step: Step, leaving: _Leaving) -> None:
    """Take CSOs out of the connector space, with whatever was staged for them."""
    await move_items(tx, step, leaving.items.values(), ReviewState.CARRIED_OUT, "disconnected")
    await _drop_exports(tx, leaving.csos)
    for cso in leaving.csos:
        step.statistics["disconnectors"] += cso.mvo_id is not None
        step.moved(Move("cso", cso.id, cso.system, label_of(cso), cso.status, None, "disconnection approved"))
    await forget(tx, leaving.csos, {cso_id: item.id for cso_id, item in leaving.items.items()})


async def _settle_people(tx: Transaction, step: Step, leaving: _Leaving) -> None:
    """Apply the deletion rules to the MVOs that were left, and compute those that stay."""
    approvals, fates = leaving.approvals, leaving.fates
    await _meet(tx, step, {mvo_id: fates[mvo_id] for mvo_id in approvals}, approvals)
    parted = [cso for cso in leaving.csos if leaving.items[cso.id].kind is ReviewKind.IDENTITY]
    await _let_nobody_join(tx, parted)
    await recompute(tx, step, {mvo_id for mvo_id in approvals if not fates[mvo_id].mvo_deleted})
    await forget_former_keys(tx, [cso.mvo_id for cso in parted if cso.mvo_id is not None])
    await follow_gone(tx, step, approvals)


async def _let_nobody_join(tx: Transaction, csos: list[Cso]) -> None:
    """Say of people whose id is somebody else's by decision that nobody joins them by it any more."""
    found = await metaverse.get(tx, {cso.mvo_id for cso in csos if cso.mvo_id is not None})
    await metaverse.change(tx, [another_person(mvo) for mvo in found])


async def _drop_exports(tx: Transaction, csos: list[Cso]) -> None:
    """Drop whatever was staged for objects that are gone."""
    staged = await exports.of_objects(tx, [cso.id for cso in csos])
    await exports.remove(tx, [export.id for export in staged.values()])


async def _fates(tx: Transaction, step: Step, leaving: list[Cso]) -> dict[int, Fate]:
    """Work out, before they leave, what becomes of the MVOs that some CSOs leave."""
    by_mvo: dict[int, set[int]] = {}
    for cso in leaving:
        if cso.mvo_id is not None:
            by_mvo.setdefault(cso.mvo_id, set()).add(cso.id)
    joined: dict[int, list[Cso]] = {}
    for cso in await objects.joined_to(tx, by_mvo):
        joined.setdefault(cso.mvo_id or 0, []).append(cso)
    config, rules = step.workspace.config, step.workspace.rules
    return {
        mvo.id: fate_without(config, rules, mvo, joined.get(mvo.id, []), by_mvo[mvo.id])
        for mvo in await metaverse.get(tx, by_mvo)
    }


async def settle_lifecycle(tx: Transaction, step: Step, leavers: list[Cso]) -> None:
    """Apply the deletion rules to MVOs that connectors have left without a review; the leavers as they were joined."""
    joined: dict[int, list[Cso]] = {}
    leaving = {cso.id for cso in leavers}
    for cso in [*leavers, *await objects.joined_to(tx, {cso.mvo_id for cso in leavers if cso.mvo_id is not None})]:
        joined.setdefault(cso.mvo_id or 0, []).append(cso)
    config, rules = step.workspace.config, step.workspace.rules
    mvos = await metaverse.get(tx, joined)
    await _meet(tx, step, {mvo.id: fate_without(config, rules, mvo, joined[mvo.id], leaving) for mvo in mvos}, {})


async def _meet(tx: Transaction, step: Step, fates: dict[int, Fate], approvals: dict[int, int]) -> None:
    """Delete MVOs, at once or when their grace period ends; evaluation then sees to their target objects."""
    doomed = {mvo_id: fate for mvo_id, fate in fates.items() if fate.mvo_deleted}
    changed: list[Mvo] = []
    for mvo in await metaverse.get(tx, doomed):
        fate = doomed[mvo.id]
        seconds = fate.grace.total_seconds()
        ends = clock.after(seconds) if seconds else None
        changed.append(
            mvo._replace(
                deleted=not seconds,
                delete_after=mvo.delete_after if mvo.in_grace and ends else ends,
                approval_id=approvals.get(mvo.id, mvo.approval_id if mvo.in_grace else None),
                deletion_cause=together_with(mvo.deletion_cause if mvo.in_grace else None, fate.cause),
                due=True,
                changed_at=clock.now(),
            )
        )
    step.statistics["metaverse object deletes"] += sum(mvo.deleted for mvo in changed)
    await metaverse.change(tx, changed)
    await _bury(tx, step, [mvo.id for mvo in changed if mvo.deleted])


async def _bury(tx: Transaction, step: Step, mvo_ids: list[int]) -> None:
    """Let go of deleted MVOs: what sources still give of them, and whatever refers to them."""
    rules = step.workspace.rules
    types = {mvo.id: mvo.type for mvo in await metaverse.get(tx, mvo_ids)}
    given = [
        cso
        for cso in await objects.joined_to(tx, mvo_ids)
        if (cso.system, cso.type) in rules.inbound and is_connector(rules, types[cso.mvo_id or 0], cso)
    ]
    step.statistics["disconnectors"] += len(given)
    await objects.join(tx, [(cso.id, None, None) for cso in given])
    await objects.set_due(tx, [cso.id for cso in given if cso.status == CsoStatus.NORMAL], due=True)
    await follow_gone(tx, step, mvo_ids)
    await remove_empty_mvos(tx, mvo_ids)


async def delete_after_grace(step: Step) -> AsyncIterator[Progress]:
    """Delete the MVOs whose grace period has ended."""
    after = 0
    while True:
        async with step.page() as tx:
            mvos = await metaverse.grace_over(tx, after, step.page_size)
            changed = [mvo._replace(deleted=True, delete_after=None, due=True) for mvo in mvos]
            step.statistics["metaverse object deletes"] += len(changed)
            await metaverse.change(tx, changed)
            await _bury(tx, step, [mvo.id for mvo in changed])
        if not mvos:
            return
        after = mvos[-1].id
        yield step.progress()
