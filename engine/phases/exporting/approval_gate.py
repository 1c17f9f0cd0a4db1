"""The one place that lets a delete through to a target: only under a live approval that covers it."""

from engine.approvals.audit import verified_approvals
from engine.approvals.consequences import consequences_of_delete, covers_delete
from engine.approvals.questions import delete_question
from engine.approvals.review_items import move_items, open_items
from engine.approvals.stages import has_come
from engine.labels import label_of
from engine.phases.exporting.still_wanted import withdraw_wanted
from engine.step import Step
from storage import audit, clock, exports, reviews
from storage.records import (
    ChangeType,
    Cso,
    Entity,
    ExportStatus,
    PendingExport,
    ReviewItem,
    ReviewKind,
    ReviewState,
)
from storage.store import Transaction
from storage.transitions import Move

_LIVE = (ReviewState.APPROVED, ReviewState.CARRIED_OUT)


async def send_back_unapproved(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Give the exports that may be sent; deletes without a live approval are put back to `AwaitingApproval`."""
    deletes = [export for export in found if export.change_type == ChangeType.DELETE]
    if not deletes:
        return found
    wanted = await withdraw_wanted(tx, step, deletes, csos)
    refused = await _unapproved(tx, [export for export in deletes if export.id not in wanted], csos)
    await _ask_again(tx, step, refused, csos)
    stopped = {export.id for export in refused} | wanted
    return [export for export in found if export.id not in stopped]


async def _unapproved(tx: Transaction, deletes: list[PendingExport], csos: dict[int, Cso]) -> list[PendingExport]:
    """Give the deletes that no live approval covers which stands in the audit log."""
    ids = [one.approval_id for one in deletes if one.approval_id]
    approvals = {item.id: item for item in await reviews.get(tx, ids)}
    verified = await verified_approvals(tx, approvals.values())
    entries = await audit.get(tx, [approvals[one].audit_id or 0 for one in verified])
    given = {entry.id: entry.at for entry in entries}
    return [
        export
        for export in deletes
        if export.approval_id not in verified
        or not _approved(approvals[export.approval_id], csos[export.cso_id], given)
    ]


def _approved(item: ReviewItem, cso: Cso, given: dict[int, str]) -> bool:
    """Tell whether an approval is live, for this very object, and for a day that has come."""
    if item.state not in _LIVE or not covers_delete(item.consequences, cso):
        return False
    return has_come(item, cso, given[item.audit_id or 0])


async def _ask_again(tx: Transaction, step: Step, refused: list[PendingExport], csos: dict[int, Cso]) -> None:
    if not refused:
        return
    reason = "no live approval that stands in the audit log covers this delete"
    await _put_back(tx, step, refused, csos, reason)
    asked = await reviews.of_objects(tx, [one.cso_id for one in refused], ReviewKind.DELETE, reviews.LIVE)
    bent = [item for item in asked.values() if item.state == ReviewState.APPROVED]
    await move_items(tx, step, bent, ReviewState.OPEN, reason)
    new = [csos[one.cso_id] for one in refused if one.cso_id not in asked]
    follows = await consequences_of_delete(tx, step.workspace, new)
    items = [delete_question(cso, reason, step.control.run_id, follows[cso.id]) for cso in new]
    await open_items(tx, step, items)


async def _put_back(
    tx: Transaction, step: Step, refused: list[PendingExport], csos: dict[int, Cso], reason: str
) -> None:
    """Let deletes wait for an approval again."""
    waiting, at = ExportStatus.AWAITING_APPROVAL, clock.now()
    await exports.change(tx, [one._replace(status=waiting, approval_id=None, changed_at=at) for one in refused])
    for one in refused:
        step.moved(Move(Entity.EXPORT, one.id, step.system, label_of(csos[one.cso_id]), one.status, waiting, reason))
