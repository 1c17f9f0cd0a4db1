"""The review: decisions of operators about what is missing, and about every delete."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.consequences import Consequences, consequences_of_absence, covers
from engine.filters import duration
from engine.labels import label_of
from engine.obsolete import mark_obsolete
from engine.phases.approving import ask
from engine.phases.confirming import remove_empty_mvos
from engine.workspace import Workspace
from storage import clock, exports, imports, metaverse, objects, reviews, transitions
from storage.records import CsoStatus, ExportStatus, HeldBatch, PendingExport, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

HANDFUL = 5
"""From more than this many on, the number has to be typed."""


class DecisionRefused(Exception):
    """A decision cannot be taken as asked; nothing was changed."""


class Outcome(NamedTuple):
    """What became of a decision about one item: an empty refusal means it was taken."""

    item_id: int
    label: str
    refusal: str = ""


async def approve(
    workspace: Workspace,
    ids: Sequence[int],
    *,
    operator: str,
    reason: str,
    count: int | None = None,
    shown: Mapping[int, Consequences] | None = None,
) -> list[Outcome]:
    """Approve what the items propose, with the consequences they show.

    `shown` are those that the operator has really seen, by item; an item that shows more by now is asked again.

    Raises `DecisionRefused` if more than a handful is approved without its number.
    """
    if len(ids) > HANDFUL and count != len(ids):
        raise DecisionRefused(f"this approves {len(ids)} items; say so with --count {len(ids)}")
    async with workspace.store.transaction() as tx:
        items, outcomes = await _decidable(tx, ids, reviews.UNDECIDED)
        seen = _as_shown(items, shown, outcomes)
        ready = await _unchanged(tx, workspace, seen, outcomes)
        await _record(tx, ready, ReviewState.APPROVED, operator, reason)
        deletes = {item.object_id: item.id for item in ready if item.kind == ReviewKind.DELETE}
        staged = await exports.of_objects(tx, deletes)
        await exports.change(
            tx,
            [
                export._replace(status=ExportStatus.PENDING, approval_id=deletes[cso_id], changed_at=clock.now())
                for cso_id, export in staged.items()
                if export.status == ExportStatus.AWAITING_APPROVAL
            ],
        )
    return outcomes + [Outcome(item.id, item.label) for item in ready]


GROWN = "its consequences have grown since; look again, then approve"


def _as_shown(
    items: list[ReviewItem], shown: Mapping[int, Consequences] | None, outcomes: list[Outcome]
) -> list[ReviewItem]:
    """Give the items that show no more than the operator has seen."""
    if shown is None:
        return items
    grown = [item for item in items if not covers(shown.get(item.id, {}), item.consequences)]
    outcomes += [Outcome(item.id, item.label, GROWN) for item in grown]
    return [item for item in items if item not in grown]


async def _unchanged(
    tx: Transaction, workspace: Workspace, items: list[ReviewItem], outcomes: list[Outcome]
) -> list[ReviewItem]:
    """Give the items whose consequences have not grown since they were shown; the others show the new ones."""
    absent = [item.object_id for item in items if item.kind == ReviewKind.ABSENCE]
    csos = [cso for cso in await objects.get(tx, absent) if cso.status == CsoStatus.OBSOLETE]
    present = await consequences_of_absence(tx, workspace, csos)
    doomed = await objects.get(tx, [item.object_id for item in items if item.kind == ReviewKind.DELETE])
    present |= {cso.id: ask(cso, "", None).consequences for cso in doomed}
    ready = []
    for item in items:
        if not covers(item.consequences, present.get(item.object_id, {})):
            await reviews.set_consequences(tx, item.id, present[item.object_id])
            outcomes.append(Outcome(item.id, item.label, GROWN))
        else:
            ready.append(item)
    return ready


async def keep(workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str) -> list[Outcome]:
    """Keep objects though they are missing, or target objects though they are no longer wanted.

    A missing object is `Normal` again, and not proposed until it has been seen and gone missing again.
    """
    async with workspace.store.transaction() as tx:
        items, outcomes = await _decidable(tx, ids, reviews.UNDECIDED)
        await _record(tx, items, ReviewState.KEPT, operator, reason)
        absent = [item.object_id for item in items if item.kind == ReviewKind.ABSENCE]
        await objects.set_status(tx, absent, CsoStatus.NORMAL)
        await objects.set_kept(tx, absent, kept=True)
        await objects.set_due(tx, absent, due=True)
        moves = [
            Move(
                "cso", item.object_id, item.system, item.label, CsoStatus.OBSOLETE, CsoStatus.NORMAL, f"kept: {reason}"
            )
            for item in items
            if item.kind == ReviewKind.ABSENCE
        ]
        await transitions.record(tx, moves, operator=operator)
        await _call_off_deletes(tx, [item for item in items if item.kind == ReviewKind.DELETE], operator)
    return outcomes + [Outcome(item.id, item.label) for item in items]


async def _call_off_deletes(tx: Transaction, items: list[ReviewItem], operator: str) -> None:
    """Drop staged deletes; objects whose MVO is gone are disconnected and left alone."""
    staged = await exports.of_objects(tx, [item.object_id for item in items])
    await exports.remove(tx, [export.id for export in staged.values()])
    labels = {item.object_id: item.label for item in items}
    moves = [
        Move("export", one.id, one.system, labels[one.cso_id], one.status, None, "the object is kept")
        for one in staged.values()
    ]
    await transitions.record(tx, moves, operator=operator)
    csos = await objects.get(tx, labels)
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, {cso.mvo_id for cso in csos if cso.mvo_id})}
    orphans = [cso for cso in csos if cso.mvo_id and cso.mvo_id in mvos and mvos[cso.mvo_id].deleted]
    await objects.join(tx, [(cso.id, None, None) for cso in orphans])
    await remove_empty_mvos(tx, [cso.mvo_id for cso in orphans])


async def defer(
    workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str, until: str = "7d"
) -> list[Outcome]:
    """Put items off: they wait again after a duration such as `7d`."""
    try:
        moment = clock.after(duration(until).total_seconds())
    except ValueError as error:
        raise DecisionRefused(str(error)) from error
    async with workspace.store.transaction() as tx:
        items, outcomes = await _decidable(tx, ids, reviews.UNDECIDED)
        await _record(tx, items, ReviewState.DEFERRED, operator, reason, deferred_until=moment)
    return outcomes + [Outcome(item.id, item.label) for item in items]


async def withdraw(workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str) -> list[Outcome]:
    """Take approvals back that have not been carried out.

    Where an absence was approved and only its disconnection is carried out, the deletes that were not sent
    yet wait for an approval of their own.
    """
    async with workspace.store.transaction() as tx:
        items, outcomes = await _decidable(tx, ids, [ReviewState.APPROVED, ReviewState.CARRIED_OUT])
        staged = await exports.under_approvals(tx, [item.id for item in items])
        unsent = {one.approval_id for one in staged if one.status in (ExportStatus.PENDING, ExportStatus.FAILED)}
        sent = {one.approval_id for one in staged} - unsent
        ready = []
        for item in items:
            if item.id in sent or (item.state == ReviewState.CARRIED_OUT and item.id not in unsent):
                outcomes.append(Outcome(item.id, item.label, "it was carried out already"))
            else:
                ready.append(item)
        await _record(
            tx, [item for item in ready if item.state == ReviewState.APPROVED], ReviewState.OPEN, operator, reason
        )
        await _send_back(tx, [one for one in staged if one.approval_id in {item.id for item in ready}], operator)
    return outcomes + [Outcome(item.id, item.label) for item in ready]


async def _send_back(tx: Transaction, staged: list[PendingExport], operator: str) -> None:
    """Let deletes wait for an approval again, each with a review item of its own."""
    waiting = ExportStatus.AWAITING_APPROVAL
    back = [one._replace(status=waiting, approval_id=None, changed_at=clock.now()) for one in staged]
    await exports.change(tx, back)
    csos = await objects.get(tx, [one.cso_id for one in staged])
    asked = await reviews.of_objects(tx, [cso.id for cso in csos], ReviewKind.DELETE, reviews.LIVE)
    why = "its approval was withdrawn"
    await reviews.open_items(tx, [ask(cso, why, None) for cso in csos if cso.id not in asked])
    labels = {cso.id: label_of(cso) for cso in csos}
    moves = [Move("export", one.id, one.system, labels[one.cso_id], one.status, waiting, why) for one in staged]
    await transitions.record(tx, moves, operator=operator)


async def release(
    workspace: Workspace, run_id: int, *, count: int, operator: str, reason: str
) -> tuple[list[HeldBatch], int]:
    """Let the batches that a gate held in one run go into the review, by typing how many they are.

    Gives the batches, and how many objects are now obsolete. Raises `DecisionRefused`.
    """
    async with workspace.store.transaction() as tx:
        batches = await reviews.held(tx, run_id)
        if not batches:
            raise DecisionRefused(f"run {run_id} holds nothing; 'interlock review' lists what is held")
        held = sum(batch.missing for batch in batches)
        if held != count:
            raise DecisionRefused(f"run {run_id} holds {held:,} objects, not {count:,}; nothing was released")
        marked = 0
        for batch in batches:
            record = await imports.latest(tx, batch.system)
            if record is None or record.run_id != run_id:
                raise DecisionRefused(f"'{batch.system}' was imported again since run {run_id}; look at the newer run")
            moves = await mark_obsolete(
                tx, workspace, record, await reviews.candidates_of(tx, batch.id), together=batch.missing
            )
            await transitions.record(tx, moves, operator=operator)
            await reviews.release(tx, batch.id, operator=operator, reason=reason)
            marked += sum(1 for move in moves if move.entity == "cso")
    return batches, marked


async def _decidable(
    tx: Transaction, ids: Sequence[int], states: Sequence[ReviewState]
) -> tuple[list[ReviewItem], list[Outcome]]:
    """Split the items into those that can be decided, and outcomes that say why the others cannot."""
    found = {item.id: item for item in await reviews.get(tx, ids)}
    ready: list[ReviewItem] = []
    outcomes: list[Outcome] = []
    for item_id in dict.fromkeys(ids):
        item = found.get(item_id)
        if item is None:
            outcomes.append(Outcome(item_id, "", "there is no such review item"))
        elif item.state not in states:
            by = f" by {item.decided_by}" if item.decided_by else ""
            meanwhile = f"decided meanwhile: {item.state}{by}" if item.state != ReviewState.OPEN else "it is open"
            outcomes.append(Outcome(item_id, item.label, meanwhile))
        else:
            ready.append(item)
    return ready, outcomes


async def _record(
    tx: Transaction,
    items: list[ReviewItem],
    state: ReviewState,
    operator: str,
    reason: str,
    deferred_until: str | None = None,
) -> None:
    ids = [item.id for item in items]
    states = tuple({item.state for item in items})
    await reviews.decide(
        tx, ids, expected=states, state=state, operator=operator, reason=reason, deferred_until=deferred_until
    )
    moves = [Move("review", item.id, item.system, item.label, item.state, state, reason) for item in items]
    await transitions.record(tx, moves, operator=operator)
