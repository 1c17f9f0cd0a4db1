"""Phase 2, deprovisioning: what becomes of a target object whose MVO is gone or out of scope."""

from engine.approvals.consequences import consequences_of_delete, covers_delete
from engine.approvals.questions import delete_question
from engine.approvals.review_items import move_items, open_items
from engine.labels import label_of
from engine.pending_exports.changes import was_sent
from engine.pending_exports.deletes import stage_delete
from engine.phases.evaluating.page import Decisions, EvaluationPage, stage
from engine.rules.lifecycle import is_connector, split_by_deprovisioning
from engine.statistics import Statistic
from engine.step import Step
from storage.records import (
    ChangeType,
    Cso,
    CsoStatus,
    Entity,
    ExportStatus,
    Mvo,
    PendingExport,
    ReviewState,
)
from storage.store import Transaction
from storage.transitions import Move

_GIVEN = (ReviewState.APPROVED, ReviewState.CARRIED_OUT)


def deprovision(page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso) -> None:
    """Stage what the outbound rules say of an object that is no longer wanted."""
    before = page.exports.get(cso.id)
    if cso.status == CsoStatus.OBSOLETE or let_vanish(page, decided, mvo, cso):
        return
    if not split_by_deprovisioning(page.step.workspace.rules, mvo, [cso])["delete"]:
        leave_alone(page, decided, mvo, cso, before)
    elif before is not None and before.change_type == ChangeType.DELETE:
        return
    elif before is not None and before.status == ExportStatus.EXECUTING:
        decided.still_due.add(mvo.id)
    else:
        _delete(page, decided, mvo, cso, before)


def let_vanish(page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso) -> bool:
    """Let an object vanish that was only planned: create then delete before any export. Tell whether it was."""
    if cso.status != CsoStatus.PENDING_PROVISIONING:
        return False
    before = page.exports.get(cso.id)
    if before is not None and was_sent(before):
        decided.still_due.add(mvo.id)
        return True
    reason = "no longer wanted before it was created"
    stage(page, decided, cso, before, None, reason)
    page.step.moved(Move(Entity.CSO, cso.id, cso.system, label_of(cso), cso.status, None, reason))
    decided.vanished.append(cso)
    decided.renamed.add(mvo.id)
    return True


def leave_alone(page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso, before: PendingExport | None) -> None:
    """Let go of an object; one that a source gives stays joined, and is only not written to any more."""
    withdraw_question(page, decided, cso)
    if before is not None:
        stage(page, decided, cso, before, None, "disconnected: the object is left as it is")
    if cso.mvo_id is not None:
        decided.renamed.add(cso.mvo_id)
    rules = page.step.workspace.rules
    if (cso.system, cso.type) in rules.inbound and is_connector(rules, mvo.type, cso):
        return
    decided.joins.append((cso.id, None, None))
    page.step.statistics[Statistic.PROVISIONING_DISCONNECTS] += 1


def _delete(page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso, before: PendingExport | None) -> None:
    """Stage a delete, under the approval that its person was deleted under if that covers it, or to be asked."""
    item = page.items.get(cso.id)
    if item is not None and item.state == ReviewState.KEPT:
        if not mvo.deleted:
            return
        item = None  # it was kept while its person was there; that it goes is another question
    if item is not None and item.state == ReviewState.APPROVED:
        decided.withdrawn[item.id] = item  # what it approved was called off meanwhile
        item = None
    cause = "its metaverse object was deleted" if mvo.deleted else "its metaverse object left the rule's scope"
    approval_id = _covering_approval(page, mvo, cso)
    after = stage_delete(cso, before, decided.take_export_id(), approval_id, cause)
    stage(page, decided, cso, before, after, cause)
    page.step.statistics[Statistic.PROVISIONING_DISCONNECTS] += 1
    if approval_id is None and item is None:
        decided.to_review.append((cso, cause))


def _covering_approval(page: EvaluationPage, mvo: Mvo, cso: Cso) -> int | None:
    """Give the approval under which an MVO was deleted, if it covers its object, too."""
    # an approval waits for the end of the period of grace that it showed
    approval = page.approvals.get(mvo.approval_id or 0) if mvo.deleted else None
    if approval is None or approval.state not in _GIVEN or not covers_delete(approval.consequences, cso):
        return None
    return approval.id


def withdraw_question(page: EvaluationPage, decided: Decisions, cso: Cso) -> None:
    """Close the review of a delete that is no longer wanted."""
    if (item := page.items.get(cso.id)) is not None:
        decided.withdrawn[item.id] = item


async def write_questions(tx: Transaction, step: Step, decided: Decisions) -> None:
    """Write what is asked of the review, and what is not asked any more."""
    await move_items(tx, step, decided.withdrawn.values(), ReviewState.WITHDRAWN, "back in scope")
    follows = await consequences_of_delete(tx, step.workspace, [cso for cso, _ in decided.to_review])
    run_id = step.control.run_id
    items = [delete_question(cso, cause, run_id, follows[cso.id]) for cso, cause in decided.to_review]
    await open_items(tx, step, items)
