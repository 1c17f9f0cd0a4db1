"""The review: decisions of operators about what is missing, and about every delete; they approve, keep or defer."""

from collections.abc import Mapping, Sequence

from engine.approvals.audit import APPROVED_FIRST
from engine.approvals.consequences import Consequences, consequences_of_absence, consequences_of_delete, covers
from engine.decisions.deciding import Decision, Outcome, decidable, refuse_too_short, take
from engine.decisions.two_people import split_by_people
from engine.decisions.until import moment_of
from engine.phases.removal.forgetting import remove_empty_mvos
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import clock, exports, metaverse, objects, reviews, transitions
from storage.records import ChangeType, Cso, CsoStatus, Entity, ExportStatus, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

GROWN = "its consequences have grown since; look again, then approve"
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
        items = _not_put_off(items, operator, outcomes)
        seen = _as_shown(items, shown, outcomes)
        now = await _consequences_now(tx, workspace, seen)
        ready, grown = _split_by_growth(seen, now)
        outcomes += [Outcome(item.id, item.label, GROWN) for item in grown]
        await _show_grown(tx, grown, now, operator)
        first, enough = await split_by_people(tx, workspace, ready, operator, outcomes)
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
    moves = [
        Move(Entity.EXPORT, one.id, one.system, labels[one.id], one.status, pending, "approved") for one in waiting
    ]
    await transitions.record(tx, moves, operator=operator)


def _not_put_off(items: list[ReviewItem], operator: str, outcomes: list[Outcome]) -> list[ReviewItem]:
    """Give the items that nobody else has put off, for longer than until now: they may not know why."""
    ready: list[ReviewItem] = []
    now = clock.now()
    for item in items:
        by_another = item.state is ReviewState.DEFERRED and item.decided_by != operator
        if not by_another or (item.deferred_until or "") <= now:
            ready.append(item)
            continue
        told = f"put off until {(item.deferred_until or '')[:10]} by {item.decided_by}: {item.reason or 'no reason'}"
        outcomes.append(Outcome(item.id, item.label, f"{told}; to approve it all the same, withdraw that first"))
    return ready


def _as_shown(
    items: list[ReviewItem], shown: Mapping[int, Consequences] | None, outcomes: list[Outcome]
) -> list[ReviewItem]:
    """Give the items that show no more than the operator has seen."""
    if shown is None:
        return items
    grown = [item for item in items if not covers(shown.get(item.id, {}), item.consequences)]
    outcomes += [Outcome(item.id, item.label, GROWN) for item in grown]
    return [item for item in items if item not in grown]


async def _consequences_now(tx: Transaction, workspace: Workspace, items: list[ReviewItem]) -> dict[int, Consequences]:
    """Work out what approving each of some items would lead to now: id of its object → consequences."""
    objects_of: dict[ReviewKind, list[int]] = {kind: [] for kind in ReviewKind}
    for item in items:
        objects_of[item.kind].append(item.object_id)
    leaving = [cso for cso in await objects.get(tx, objects_of[ReviewKind.ABSENCE]) if cso.status == CsoStatus.OBSOLETE]
    leaving += await objects.get(tx, objects_of[ReviewKind.IDENTITY])
    doomed = await objects.get(tx, objects_of[ReviewKind.DELETE])
    absence = await consequences_of_absence(tx, workspace, leaving)
    return absence | await consequences_of_delete(tx, workspace, doomed)


def _split_by_growth(
    items: list[ReviewItem], now: Mapping[int, Consequences]
) -> tuple[list[ReviewItem], list[ReviewItem]]:
    """Split items into those that show all that would follow now, and those whose consequences have grown."""
    ready: list[ReviewItem] = []
    grown: list[ReviewItem] = []
    for item in items:
        is_covered = covers(item.consequences, now.get(item.object_id, {}))
        (ready if is_covered else grown).append(item)
    return ready, grown


async def _show_grown(tx: Transaction, grown: list[ReviewItem], now: Mapping[int, Consequences], operator: str) -> None:
    """Let items show the consequences that have grown.

    What one of two people has approved was less than that, so it is no half of it any more.
    """
    await reviews.set_consequences(tx, {item.id: now[item.object_id] for item in grown})
    halves = [item for item in grown if item.state is ReviewState.HALF_APPROVED]
    half, back, why = ReviewState.HALF_APPROVED, ReviewState.OPEN, "the consequences have grown since it was approved"
    await reviews.decide(tx, [item.id for item in halves], expected=[half], state=back, operator=None, reason=why)
    moves = [Move(Entity.REVIEW, item.id, item.system, item.label, half, back, why) for item in halves]
    await transitions.record(tx, moves, operator=operator)


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
                Entity.CSO,
                item.object_id,
                item.system,
                item.label,
                CsoStatus.OBSOLETE,
                CsoStatus.NORMAL,
                f"kept: {reason}",
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
    found = await exports.of_objects(tx, [item.object_id for item in items])
    staged = [export for export in found.values() if export.change_type == ChangeType.DELETE]
    await exports.remove(tx, [export.id for export in staged])
    labels = {item.object_id: item.label for item in items}
    why = "the object is kept"
    moves = [Move(Entity.EXPORT, one.id, one.system, labels[one.cso_id], one.status, None, why) for one in staged]
    await transitions.record(tx, moves, operator=operator)
    await _let_go_of_orphans(tx, await objects.get(tx, labels))


async def _let_go_of_orphans(tx: Transaction, csos: list[Cso]) -> None:
    """Disconnect those of some objects whose MVO is gone, and take back what approved that they are deleted."""
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, {cso.mvo_id for cso in csos if cso.mvo_id})}
    await metaverse.drop_approvals(tx, [mvo.approval_id for mvo in mvos.values() if mvo.approval_id is not None])
    gone = {mvo.id for mvo in mvos.values() if mvo.deleted}
    orphans = [cso for cso in csos if cso.mvo_id in gone]
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
    moment = moment_of(until)
    async with workspace.store.transaction() as tx:
        items, outcomes = await decidable(tx, ids, reviews.UNDECIDED)
        decision = Decision("defer", operator, reason, deferred_until=moment)
        await take(tx, workspace, items, ReviewState.DEFERRED, decision)
    return outcomes + [Outcome(item.id, item.label) for item in items]
