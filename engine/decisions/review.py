"""The review: decisions of operators about what is missing, and about every delete."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.approvals.audit import APPROVED_FIRST, record, verified_approvals
from engine.approvals.consequences import Consequences, consequences_of_absence, consequences_of_delete, covers
from engine.approvals.delete_questions import ask
from engine.decisions.deciding import Decision, Outcome, decidable, refuse_too_short, take
from engine.decisions.operator import same_person
from engine.decisions.roles import Role, require
from engine.errors import DecisionRefused
from engine.expressions.filters import duration
from engine.gates.mass_changes import let_change
from engine.labels import label_of
from engine.phases.removal.forgetting import remove_empty_mvos
from engine.phases.removal.obsolete import mark_obsolete
from engine.workspace import Workspace
from storage import clock, exports, imports, metaverse, objects, reviews, transitions
from storage.records import CsoStatus, ExportStatus, HeldBatch, PendingExport, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

TOGETHER_SECONDS = 24 * 3600.0
"""Approvals within this time count together where two people have to agree: many small ones are one large one."""
CHANGES = (reviews.BEFORE_CHANGING, reviews.MASS_CHANGE)
"""How the gates begin whose batches hold changes, and nobody who is missing."""
GROWN = "its consequences have grown since; look again, then approve"
DISCONNECTED = "it stays disconnected; what would be deleted for it is asked about anew"
SECOND_WANTED = "approved by one of two: somebody else has to approve it too"


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
    Where two people have to agree, the first approval waits for another person's.

    Raises `DecisionRefused` if more than a handful is approved without its number, and `NotAllowed`.
    """
    require(workspace.config, operator, Role.APPROVER, "approve")
    refuse_too_short(workspace, ids, "approves", reason, count)
    async with workspace.store.transaction() as tx:
        items, outcomes = await decidable(tx, ids, reviews.UNDECIDED)
        seen = _as_shown(items, shown, outcomes)
        ready = await _unchanged(tx, workspace, seen, outcomes, operator)
        first, enough = await _split_by_people(tx, workspace, ready, operator, outcomes)
        await take(tx, workspace, first, ReviewState.HALF_APPROVED, Decision(APPROVED_FIRST, operator, reason))
        await take(tx, workspace, enough, ReviewState.APPROVED, Decision("approve", operator, reason))
        await _let_deletes_go(tx, enough, operator)
    outcomes += [Outcome(item.id, item.label, note=SECOND_WANTED) for item in first]
    return outcomes + [Outcome(item.id, item.label) for item in enough]


async def _let_deletes_go(tx: Transaction, approved: list[ReviewItem], operator: str) -> None:
    """Put the deletes that waited for these approvals into the queue."""
    deletes = {item.object_id: item for item in approved if item.kind == ReviewKind.DELETE}
    staged = await exports.of_objects(tx, deletes)
    waiting = [one for one in staged.values() if one.status == ExportStatus.AWAITING_APPROVAL]
    pending, at = ExportStatus.PENDING, clock.now()
    await exports.change(
        tx, [one._replace(status=pending, approval_id=deletes[one.cso_id].id, changed_at=at) for one in waiting]
    )
    labels = {one.id: deletes[one.cso_id].label for one in waiting}
    moves = [Move("export", one.id, one.system, labels[one.id], one.status, pending, "approved") for one in waiting]
    await transitions.record(tx, moves, operator=operator)


async def _split_by_people(
    tx: Transaction, workspace: Workspace, items: list[ReviewItem], operator: str, outcomes: list[Outcome]
) -> tuple[list[ReviewItem], list[ReviewItem]]:
    """Split items into those that want somebody else's approval as well, and those that have enough by this one."""
    asked = {item.id for item in items}
    types = await _types_touched(tx, items)
    recent = await reviews.approved_since(tx, clock.after(-TOGETHER_SECONDS))
    together = Counter(
        system for item in (*items, *(one for one in recent if one.id not in asked)) for system in touched_systems(item)
    )
    halved = await verified_approvals(
        tx, [item for item in items if item.state is ReviewState.HALF_APPROVED], APPROVED_FIRST
    )
    first: list[ReviewItem] = []
    enough: list[ReviewItem] = []
    for item in items:
        if item.id in halved:
            if same_person(item.first_by or "", operator):
                outcomes.append(Outcome(item.id, item.label, "you approved it first: somebody else has to"))
            else:
                enough.append(item)
        elif item.state is ReviewState.HALF_APPROVED or any(
            _wants_two(workspace, system, kind, together[system]) for system, kind in types[item.id]
        ):
            first.append(item)
        else:
            enough.append(item)
    return first, enough


async def _types_touched(tx: Transaction, items: list[ReviewItem]) -> dict[int, set[tuple[str, str]]]:
    """Give the types of objects, by their systems, that each item is about: its own, and those it deletes."""
    doomed = {item.id: [entry[0] for entry in item.consequences.get("deletes", [])] for item in items}
    csos = {cso.id: cso for cso in await objects.get(tx, {one for ids in doomed.values() for one in ids})}
    return {
        item.id: {
            (item.system, item.type),
            *((csos[one].system, csos[one].type) for one in doomed[item.id] if one in csos),
        }
        for item in items
    }


def _wants_two(workspace: Workspace, system: str, object_type: str, count: int) -> bool:
    least = workspace.config.limits_of(system, object_type).two_people_from
    return 0 < least <= count


def touched_systems(item: ReviewItem) -> set[str]:
    """Give the systems that a decision about an item is about: its own, and those it deletes in."""
    return {item.system, *(entry[1] for entry in item.consequences.get("deletes", []))}


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
    tx: Transaction, workspace: Workspace, items: list[ReviewItem], outcomes: list[Outcome], operator: str
) -> list[ReviewItem]:
    """Give the items whose consequences have not grown since they were shown; the others show the new ones.

    What one of two people has approved was less than that, so it is no half of it any more.
    """
    absent = [item.object_id for item in items if item.kind == ReviewKind.ABSENCE]
    csos = [cso for cso in await objects.get(tx, absent) if cso.status == CsoStatus.OBSOLETE]
    csos += await objects.get(tx, [item.object_id for item in items if item.kind == ReviewKind.IDENTITY])
    present = await consequences_of_absence(tx, workspace, csos)
    doomed = await objects.get(tx, [item.object_id for item in items if item.kind == ReviewKind.DELETE])
    present |= await consequences_of_delete(tx, workspace, doomed)
    ready, grown = [], []
    for item in items:
        if not covers(item.consequences, present.get(item.object_id, {})):
            outcomes.append(Outcome(item.id, item.label, GROWN))
            grown.append(item)
        else:
            ready.append(item)
    await reviews.set_consequences(tx, {item.id: present[item.object_id] for item in grown})
    halves = [item for item in grown if item.state is ReviewState.HALF_APPROVED]
    half, back, why = ReviewState.HALF_APPROVED, ReviewState.OPEN, "the consequences have grown since it was approved"
    await reviews.decide(tx, [item.id for item in halves], expected=[half], state=back, operator=None, reason=why)
    moves = [Move("review", item.id, item.system, item.label, half, back, why) for item in halves]
    await transitions.record(tx, moves, operator=operator)
    return ready


async def keep(
    workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str, count: int | None = None
) -> list[Outcome]:
    """Keep objects though they are missing, or target objects though they are no longer wanted.

    A missing object is `Normal` again, and not proposed until it has been seen and gone missing again.
    """
    require(workspace.config, operator, Role.OPERATOR, "keep")
    refuse_too_short(workspace, ids, "keeps", reason, count)
    async with workspace.store.transaction() as tx:
        items, outcomes = await decidable(tx, ids, reviews.UNDECIDED)
        items = await _without_parted(tx, items, outcomes)
        await take(tx, workspace, items, ReviewState.KEPT, Decision("keep", operator, reason))
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


async def _without_parted(tx: Transaction, items: list[ReviewItem], outcomes: list[Outcome]) -> list[ReviewItem]:
    """Leave out objects whose id has been given to somebody new already."""
    asked = [item.object_id for item in items if item.kind == ReviewKind.IDENTITY]
    parted = {cso.id for cso in await objects.get(tx, asked) if cso.status == CsoStatus.OBSOLETE}
    why = "its id is somebody new's already: it can only be approved to go"
    outcomes += [Outcome(item.id, item.label, why) for item in items if item.object_id in parted]
    return [item for item in items if item.kind != ReviewKind.IDENTITY or item.object_id not in parted]


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
    await metaverse.drop_approvals(tx, [mvo.approval_id for mvo in mvos.values() if mvo.approval_id is not None])
    orphans = [cso for cso in csos if cso.mvo_id and cso.mvo_id in mvos and mvos[cso.mvo_id].deleted]
    await objects.join(tx, [(cso.id, None, None) for cso in orphans])
    await remove_empty_mvos(tx, [cso.mvo_id for cso in orphans])


async def defer(
    workspace: Workspace,
    ids: Sequence[int],
    *,
    operator: str,
    reason: str,
    until: str = "7d",
    count: int | None = None,
) -> list[Outcome]:
    """Put items off: they wait again after a duration such as `7d`, or from a day such as `2027-01-31` on."""
    require(workspace.config, operator, Role.OPERATOR, "defer")
    refuse_too_short(workspace, ids, "defers", reason, count)
    moment = _moment(until)
    async with workspace.store.transaction() as tx:
        items, outcomes = await decidable(tx, ids, reviews.UNDECIDED)
        decision = Decision("defer", operator, reason, deferred_until=moment)
        await take(tx, workspace, items, ReviewState.DEFERRED, decision)
    return outcomes + [Outcome(item.id, item.label) for item in items]


def _moment(until: str) -> str:
    """Read when something is to wait again; a day begins where this machine is. Raises `DecisionRefused`."""
    try:
        moment = clock.stamp(datetime.fromisoformat(until).astimezone())
    except (ValueError, OverflowError):
        try:
            moment = clock.after(duration(until).total_seconds())
        except (ValueError, OverflowError):
            raise DecisionRefused(f"'{until}' is neither a duration such as 7d nor a day such as 2027-01-31") from None
    if moment <= clock.now():
        raise DecisionRefused(f"{until} is over already")
    return moment


async def withdraw(
    workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str, count: int | None = None
) -> list[Outcome]:
    """Take approvals back that have not been carried out.

    Where an absence was approved and only its disconnection is carried out, the deletes that were not sent
    yet, or are due when a period of grace ends, wait for an approval of their own.
    """
    require(workspace.config, operator, Role.OPERATOR, "withdraw")
    refuse_too_short(workspace, ids, "withdraws", reason, count)
    given = [ReviewState.HALF_APPROVED, ReviewState.APPROVED, ReviewState.CARRIED_OUT]
    async with workspace.store.transaction() as tx:
        items, outcomes = await decidable(tx, ids, given)
        staged = await exports.under_approvals(tx, [item.id for item in items])
        unsent = {one.approval_id for one in staged if one.status in (ExportStatus.PENDING, ExportStatus.FAILED)}
        sent = {one.approval_id for one in staged} - unsent
        resting = await metaverse.approvals_resting_on(tx, [item.id for item in items])
        ready = []
        for item in items:
            if item.id in sent or (item.state == ReviewState.CARRIED_OUT and item.id not in unsent | resting):
                outcomes.append(Outcome(item.id, item.label, "it was carried out already"))
            else:
                ready.append(item)
        again = [item for item in ready if item.state != ReviewState.CARRIED_OUT]
        halved = [item for item in ready if item.state == ReviewState.CARRIED_OUT]
        decision = Decision("withdraw", operator, reason)
        await take(tx, workspace, again, ReviewState.OPEN, decision)
        await take(tx, workspace, halved, ReviewState.CARRIED_OUT, decision)
        await metaverse.drop_approvals(tx, [item.id for item in halved])
        await _send_back(
            tx, workspace, [one for one in staged if one.approval_id in {item.id for item in ready}], operator
        )
    outcomes += [Outcome(item.id, item.label, note=DISCONNECTED) for item in halved]
    return outcomes + [Outcome(item.id, item.label) for item in again]


async def _send_back(tx: Transaction, workspace: Workspace, staged: list[PendingExport], operator: str) -> None:
    """Let deletes wait for an approval again, each with a review item of its own."""
    waiting = ExportStatus.AWAITING_APPROVAL
    back = [one._replace(status=waiting, approval_id=None, changed_at=clock.now()) for one in staged]
    await exports.change(tx, back)
    csos = await objects.get(tx, [one.cso_id for one in staged])
    asked = await reviews.of_objects(tx, [cso.id for cso in csos], ReviewKind.DELETE, reviews.LIVE)
    why = "its approval was withdrawn"
    new = [cso for cso in csos if cso.id not in asked]
    follows = await consequences_of_delete(tx, workspace, new)
    await reviews.open_items(tx, [ask(cso, why, None, follows[cso.id]) for cso in new])
    labels = {cso.id: label_of(cso) for cso in csos}
    moves = [Move("export", one.id, one.system, labels[one.cso_id], one.status, waiting, why) for one in staged]
    await transitions.record(tx, moves, operator=operator)


async def release(
    workspace: Workspace, run_id: int, *, count: int, operator: str, reason: str
) -> tuple[list[HeldBatch], int]:
    """Let what a gate held in one run pass it, by typing how many objects that are.

    What was missing goes into the review; deletes and changes that an export held back are sent by the next, changes
    that an import held back taken over by the next. Gives the batches, and how many objects are now obsolete.
    Raises `DecisionRefused`, and `NotAllowed`.
    """
    require(workspace.config, operator, Role.APPROVER, "release")
    async with workspace.store.transaction() as tx:
        batches = await reviews.held(tx, run_id)
        if not batches:
            raise DecisionRefused(f"run {run_id} holds nothing; 'interlock review' lists what is held")
        held = sum(batch.missing for batch in batches)
        if held != count:
            raise DecisionRefused(f"run {run_id} holds {held:,} objects, not {count:,}; nothing was released")
        marked = 0
        details = {"gates": [batch.arithmetic for batch in batches], "count": count, "reason": reason}
        await record(tx, workspace, operator=operator, action="release", subject=f"run-{run_id}", details=details)
        for batch in batches:
            await reviews.release(tx, batch.id, operator=operator, reason=reason)
            if batch.gate.startswith(reviews.BEFORE_CHANGING):
                moves = await let_change(tx, await reviews.candidates_of(tx, batch.id), operator)
                await transitions.record(tx, moves, operator=operator)
            if batch.gate == reviews.BEFORE_EXPORT or batch.gate.startswith(CHANGES):
                continue
            seen = await imports.latest(tx, batch.system)
            if seen is None or seen.run_id != run_id:
                raise DecisionRefused(f"'{batch.system}' was imported again since run {run_id}; look at the newer run")
            ids = await reviews.candidates_of(tx, batch.id)
            moves = await mark_obsolete(tx, workspace, seen, ids, together=batch.missing, in_common=batch.in_common)
            await transitions.record(tx, moves, operator=operator)
            marked += sum(1 for move in moves if move.entity == "cso")
    return batches, marked
