"""Phase 2, deprovisioning: what becomes of a target object whose MVO is gone or out of scope."""

from engine.approvals.consequences import consequences_of_delete
from engine.approvals.questions import delete_question
from engine.approvals.review_items import move_items, open_items
from engine.labels import label_of
from engine.pending_exports.changes import was_sent
from engine.phases.evaluating.page import Decisions, EvaluationPage, stage
from engine.rules.lifecycle import is_connector
from engine.statistics import Statistic
from engine.step import Step
from storage.records import (
    Cso,
    CsoStatus,
    Entity,
    Mvo,
    PendingExport,
    ReviewState,
)
from storage.store import Transaction
from storage.transitions import Move


def release(page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso) -> None:
    """Let go of an object that no rule speaks of any more."""
    if cso.status != CsoStatus.OBSOLETE and not let_vanish(page, decided, mvo, cso):
        leave_alone(page, decided, mvo, cso, page.exports.get(cso.id))


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
    decided.staying.append(cso.id)
    decided.joins.append((cso.id, None, None))
    page.step.statistics[Statistic.PROVISIONING_DISCONNECTS] += 1


def withdraw_question(page: EvaluationPage, decided: Decisions, cso: Cso, why: str = "back in scope") -> None:
    """Close the review of a delete that is no longer wanted, or is asked about otherwise."""
    if (item := page.items.get(cso.id)) is not None:
        decided.withdrawn[item.id] = item, why


async def write_questions(tx: Transaction, step: Step, decided: Decisions) -> None:
    """Write what is asked of the review, and what is not asked any more."""
    for why in sorted({reason for _, reason in decided.withdrawn.values()}):
        items = [item for item, reason in decided.withdrawn.values() if reason == why]
        await move_items(tx, step, items, ReviewState.WITHDRAWN, why)
    follows = await consequences_of_delete(tx, step.workspace, [cso for cso, _ in decided.to_review])
    run_id = step.control.run_id
    asked = [delete_question(cso, cause, run_id, follows[cso.id]) for cso, cause in decided.to_review]
    await open_items(tx, step, asked)
