"""Take decisions back: approvals that have not been carried out to the end, what was put off, and who is kept."""

from collections.abc import Sequence

from engine.approvals.consequences import consequences_of_delete
from engine.approvals.questions import delete_question
from engine.decisions.deciding import Decision, Outcome, decidable, refuse_too_short, take
from engine.labels import label_of
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import clock, exports, metaverse, objects, reviews, transitions
from storage.records import CsoStatus, Entity, ExportStatus, PendingExport, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

TAKEN_BACK = (
    ReviewState.HALF_APPROVED,
    ReviewState.APPROVED,
    ReviewState.CARRIED_OUT,
    ReviewState.DEFERRED,
    ReviewState.KEPT,
)
"""States of items of which a decision may be taken back."""
SEEN_SINCE = "it was seen again since, or is gone: there is nothing to take back"
ASKED_ANEW = "only who is missing and kept can be taken back; this is asked about anew when it is due again"
DISCONNECTED = "it stays disconnected; what would be deleted for it is asked about anew"


async def withdraw(
    workspace: Workspace, ids: Sequence[int], *, operator: str, reason: str, count: int | None = None
) -> list[Outcome]:
    """Take decisions back: approvals that have not been carried out, items that were put off, and who is kept.

    Where an absence was approved and only its disconnection is carried out, the deletes that were not sent
    yet, or are due when a period of grace ends, wait for an approval of their own.
    """
    require(workspace.config, operator, Role.OPERATOR, "withdraw")
    refuse_too_short(workspace, ids, "withdraws", reason, count)
    async with workspace.store.transaction() as tx:
        return await take_back(tx, workspace, ids, Decision("withdraw", operator, reason))


async def take_back(tx: Transaction, workspace: Workspace, ids: Sequence[int], decision: Decision) -> list[Outcome]:
    """Take decisions back within a transaction, likewise."""
    items, outcomes = await decidable(tx, ids, TAKEN_BACK)
    items = await _with_missing_again(tx, items, outcomes, decision)
    asked = [item.id for item in items]
    staged = await exports.under_approvals(tx, asked)
    resting = await metaverse.approvals_resting_on(tx, asked)
    over = _no_longer_open(items, staged, resting)
    outcomes += [Outcome(item.id, item.label, "it was carried out already") for item in items if item.id in over]
    ready = [item for item in items if item.id not in over]
    again = [item for item in ready if item.state != ReviewState.CARRIED_OUT]
    halved = [item for item in ready if item.state == ReviewState.CARRIED_OUT]
    await take(tx, workspace, again, ReviewState.OPEN, decision)
    await take(tx, workspace, halved, ReviewState.CARRIED_OUT, decision)
    await metaverse.drop_approvals(tx, [item.id for item in halved])
    await _send_back(tx, workspace, [one for one in staged if one.approval_id not in over], decision.operator)
    outcomes += [Outcome(item.id, item.label, note=DISCONNECTED) for item in halved]
    return outcomes + [Outcome(item.id, item.label) for item in again]


async def _with_missing_again(
    tx: Transaction, items: list[ReviewItem], outcomes: list[Outcome], decision: Decision
) -> list[ReviewItem]:
    """Let who was kept though missing be missing again; leave out of whom that cannot be said any more."""
    kept = [item for item in items if item.state == ReviewState.KEPT]
    back = await _still_missing(tx, kept)
    for item in kept:
        if item not in back:
            why = SEEN_SINCE if item.kind == ReviewKind.ABSENCE else ASKED_ANEW
            outcomes.append(Outcome(item.id, item.label, why))
    still = [item.object_id for item in back]
    await objects.set_status(tx, still, CsoStatus.OBSOLETE)
    await objects.set_kept(tx, still, kept=False)
    await objects.set_due(tx, still, due=True)
    normal, obsolete, why = CsoStatus.NORMAL, CsoStatus.OBSOLETE, f"not kept any more: {decision.reason}"
    moves = [Move(Entity.CSO, one.object_id, one.system, one.label, normal, obsolete, why) for one in back]
    await transitions.record(tx, moves, operator=decision.operator)
    return [item for item in items if item.state != ReviewState.KEPT or item in back]


async def _still_missing(tx: Transaction, kept: list[ReviewItem]) -> list[ReviewItem]:
    """Give the items of those that were missing, are kept and have not been seen since."""
    asked = {item.object_id: item for item in kept if item.kind == ReviewKind.ABSENCE}
    found = await objects.get(tx, asked)
    return [asked[cso.id] for cso in found if cso.kept and cso.status == CsoStatus.NORMAL]


def _no_longer_open(items: list[ReviewItem], staged: list[PendingExport], resting: set[int]) -> set[int]:
    """Give the ids of items of which nothing is left to take back: the deletes are sent, or nothing rests on them."""
    unsent = {one.approval_id for one in staged if one.status in (ExportStatus.PENDING, ExportStatus.FAILED)}
    sent = {one.approval_id for one in staged} - unsent
    live = unsent | resting
    return {
        item.id for item in items if item.id in sent or (item.state == ReviewState.CARRIED_OUT and item.id not in live)
    }


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
    await reviews.open_items(tx, [delete_question(cso, why, None, follows[cso.id]) for cso in new])
    labels = {cso.id: label_of(cso) for cso in csos}
    moves = [Move(Entity.EXPORT, one.id, one.system, labels[one.cso_id], one.status, waiting, why) for one in staged]
    await transitions.record(tx, moves, operator=operator)
