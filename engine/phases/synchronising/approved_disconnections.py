"""Carry out approved disconnections: whoever is gone leaves the connector space, and its MVO is settled."""

from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

from engine.approvals.audit import verified_approvals
from engine.approvals.consequences import Consequences, covers, describe, together
from engine.approvals.review_items import move_items
from engine.approvals.stages import read_departures
from engine.contributions.joined import by_mvo, mvos_of
from engine.events import Progress
from engine.labels import label_of
from engine.phases.join_index import forget_former_keys
from engine.phases.removal.forgetting import forget
from engine.phases.synchronising.flowing import recompute
from engine.phases.synchronising.lifecycle import apply_fates
from engine.phases.synchronising.owed_references import follow_gone
from engine.phases.synchronising.reused_ids import without_other_rows
from engine.rules.lifecycle import Fate, another_person, fate_without
from engine.statistics import Statistic
from engine.step import Step
from storage import exports, metaverse, objects, reviews
from storage.records import Cso, CsoStatus, Entity, Mvo, ReviewItem, ReviewKind, ReviewState
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
        last = await step.in_page(partial(_carry_out_next, step=step, after=after))
        if last is None:
            return
        after = last
        yield step.progress()


async def _carry_out_next(tx: Transaction, step: Step, after: int) -> int | None:
    """Carry out the next approved disconnections, and give the last item's id; None where there are no more."""
    items = await reviews.in_state(tx, DISCONNECTING, ReviewState.APPROVED, after, step.page_size)
    if not items:
        return None
    await _carry_out(tx, step, items + await _of_the_same_people(tx, items))
    return items[-1].id


async def _of_the_same_people(tx: Transaction, items: list[ReviewItem]) -> list[ReviewItem]:
    """Give the other approved items of the same people: what several sources lost is carried out together."""
    csos = await objects.get(tx, [item.object_id for item in items])
    joined = await objects.joined_to(tx, mvos_of(csos))
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
    shown = _shown(items, csos)
    ready: dict[int, ReviewItem] = {}
    grown: dict[int, Consequences] = {}
    for item in items:
        cso = gone.get(item.object_id)
        if cso is None:
            continue
        uncovered = _uncovered(shown[cso.mvo_id], fates, mvos.get(cso.mvo_id or 0), cso)
        if uncovered is None:
            ready[cso.id] = item
        else:
            grown[item.id] = uncovered
    await _ask_again(tx, step, [item for item in items if item.id in grown], grown)
    return _Leaving(ready, [gone[cso_id] for cso_id in ready], fates)


def _uncovered(shown: list[Consequences], fates: dict[int, Fate], mvo: Mvo | None, cso: Cso) -> Consequences | None:
    """Give what follows now when a CSO leaves, where its approvals have not shown all of it; None where they have."""
    if mvo is None:
        return None
    now = describe(fates[mvo.id], mvo, cso)
    return None if covers(together(shown), now) else now


def _shown(items: list[ReviewItem], csos: dict[int, Cso]) -> dict[int | None, list[Consequences]]:
    """Give, for each MVO, what the approvals of those who leave it have shown."""
    shown: dict[int | None, list[Consequences]] = {}
    for item in items:
        if item.object_id in csos:
            shown.setdefault(csos[item.object_id].mvo_id, []).append(item.consequences)
    return shown


async def _ask_again(tx: Transaction, step: Step, items: list[ReviewItem], grown: dict[int, Consequences]) -> None:
    """Ask about items again, with the consequences that have grown."""
    await reviews.set_consequences(tx, grown)
    await move_items(tx, step, items, ReviewState.OPEN, "the consequences have grown since it was approved")


async def _disconnect(tx: Transaction, step: Step, leaving: _Leaving) -> None:
    """Take CSOs out of the connector space, with whatever was staged for them."""
    await move_items(tx, step, leaving.items.values(), ReviewState.CARRIED_OUT, "disconnected")
    await _drop_exports(tx, leaving.csos)
    for cso in leaving.csos:
        step.statistics[Statistic.DISCONNECTORS] += cso.mvo_id is not None
        step.moved(Move(Entity.CSO, cso.id, cso.system, label_of(cso), cso.status, None, "disconnection approved"))
    await forget(tx, leaving.csos, {cso_id: item.id for cso_id, item in leaving.items.items()})


async def _settle_people(tx: Transaction, step: Step, leaving: _Leaving) -> None:
    """Apply the deletion rules to the MVOs that were left, and compute those that stay."""
    approvals, fates = leaving.approvals, leaving.fates
    await apply_fates(tx, step, {mvo_id: fates[mvo_id] for mvo_id in approvals}, approvals)
    parted = [cso for cso in leaving.csos if leaving.items[cso.id].kind is ReviewKind.IDENTITY]
    parted = await without_other_rows(tx, step, parted)
    await _part(tx, parted, leaving.items)
    await recompute(tx, step, {mvo_id for mvo_id in approvals if not fates[mvo_id].mvo_deleted})
    await forget_former_keys(tx, list(mvos_of(parted)))
    await follow_gone(tx, step, approvals)


async def _part(tx: Transaction, csos: list[Cso], items: dict[int, ReviewItem]) -> None:
    """Say of people whose id is somebody else's by decision that nobody joins them by it any more."""
    left = {cso.mvo_id: cso for cso in csos}
    found = await metaverse.get(tx, mvos_of(csos))
    await metaverse.change(tx, [_parted(mvo, left[mvo.id], items) for mvo in found])


def _parted(mvo: Mvo, cso: Cso, items: dict[int, ReviewItem]) -> Mvo:
    return another_person(mvo, f"{cso.system}.{cso.type}", items[cso.id].evidence["before"])


async def _drop_exports(tx: Transaction, csos: list[Cso]) -> None:
    """Drop whatever was staged for objects that are gone."""
    staged = await exports.of_objects(tx, [cso.id for cso in csos])
    await exports.remove(tx, [export.id for export in staged.values()])


async def _fates(tx: Transaction, step: Step, leaving: list[Cso]) -> dict[int, Fate]:
    """Work out, before they leave, what becomes of the MVOs that some CSOs leave."""
    every = await objects.joined_to(tx, mvos_of(leaving))
    joined, ids = by_mvo(every), {cso.id for cso in leaving}
    departures = await read_departures(tx, step.workspace.rules, every)
    config, rules = step.workspace.config, step.workspace.rules
    mvos = await metaverse.get(tx, mvos_of(leaving))
    return {mvo.id: fate_without(config, rules, mvo, joined.get(mvo.id, []), ids, departures) for mvo in mvos}
