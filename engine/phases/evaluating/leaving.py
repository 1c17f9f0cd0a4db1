"""Phase 2, leaving: in which stage an account is that is wanted no more, and what that asks of the review."""

from collections.abc import Collection

from engine.approvals.consequences import covers_delete
from engine.approvals.stages import covers_moment
from engine.pending_exports.changes import PERHAPS_WRITTEN
from engine.pending_exports.deletes import stage_delete
from engine.phases.evaluating.accounts import Left, update_account
from engine.phases.evaluating.deprovisioning import leave_alone, let_vanish, withdraw_question
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.page import Decisions, EvaluationPage, stage
from engine.rules.compiled import Leaving
from engine.rules.leaving import Going, last_delete
from engine.rules.lifecycle import how_it_leaves
from engine.statistics import Statistic
from storage.leaving import Departure
from storage.records import ChangeType, Cso, CsoStatus, ExportStatus, Mvo, PendingExport, ReviewItem, ReviewState

_GIVEN = (ReviewState.APPROVED, ReviewState.CARRIED_OUT)
NOT_DUE = "it is not to be deleted yet"
NOT_YET = f"{NOT_DUE}: the staged delete is withdrawn"


def goes_on_in_grace(page: EvaluationPage, mvo: Mvo, cso: Cso) -> bool:
    """Tell whether an account leaves in stages, which go on while its person is in grace."""
    how = how_it_leaves(page.step.workspace.rules, mvo, cso)
    return how is not None and how.is_staged


def stay(page: EvaluationPage, decided: Decisions, desired: Desired, cso_id: int) -> None:
    """Keep of an account that is wanted when it will not be; whatever was kept of its leaving is forgotten."""
    known = page.departures.get(cso_id)
    now = Departure(cso_id, desired.mvo.id, None, None, desired.ends_at) if desired.ends_at else None
    if now is None and (known is not None or cso_id in decided.joined_now):
        decided.staying.append(cso_id)
    elif now is not None and now != known:
        decided.departures.append(now)


def leave(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, going: Going) -> None:
    """Bring an account to the stage of leaving that it has reached, and ask what has to be asked."""
    known, now = page.departures.get(cso.id), going.departure(cso.id, desired.mvo.id)
    if going.leaving.is_staged and known != now:
        decided.departures.append(now)
    elif known is not None and not going.leaving.is_staged:
        decided.staying.append(cso.id)
    if cso.status == CsoStatus.OBSOLETE or let_vanish(page, decided, desired.mvo, cso):
        return
    match going.does:
        case "disconnect":
            leave_alone(page, decided, desired.mvo, cso, page.exports.get(cso.id))
        case "delete":
            _delete(page, decided, desired, cso, going)
        case _:
            _keep_at_stage(page, decided, desired, cso, going)


def _keep_at_stage(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, going: Going) -> None:
    """Bring an account to its stage; one whose person is gone is let go of after the last."""
    _ask_at_start(page, decided, desired, cso, going)
    before = page.exports.get(cso.id)
    left = update_account(page, decided, desired, cso, NOT_YET)
    if desired.mvo.deleted and going.next_at is None and left == Left.NOTHING:
        if before is None:
            leave_alone(page, decided, desired.mvo, cso, None)
        else:  # what was staged is dropped with this page
            decided.still_due.add(desired.mvo.id)


def _ask_at_start(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, going: Going) -> None:
    """Ask now about a delete that is due later, where the stage says so; what else was asked is withdrawn."""
    last = last_delete(going.leaving)
    if last is None or not last.asks_at_start:
        withdraw_question(page, decided, cso, NOT_DUE if last else "it is not to be deleted")
        return
    approval_id = covering_approval(page, desired.mvo, cso, going)
    item = _still_asked(page, decided, desired.mvo, cso, going, approval_id)
    if approval_id is None and item is None:
        decided.to_review.append((cso, _cause(desired.mvo, going)))


def _delete(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, going: Going) -> None:
    """Stage the delete that is due, under the approval that covers it; until there is one, keep the stage before."""
    before = page.exports.get(cso.id)
    if before is not None and _stands(before, going):
        return
    if before is not None and before.status == ExportStatus.EXECUTING:
        decided.still_due.add(desired.mvo.id)
        return
    approval_id = covering_approval(page, desired.mvo, cso, going)
    item = _still_asked(page, decided, desired.mvo, cso, going, approval_id)
    if approval_id is not None:
        if before is None or before.approval_id != approval_id:
            _stage_delete(page, decided, cso, before, approval_id, _cause(desired.mvo, going))
    elif item is None or item.state != ReviewState.KEPT:
        _ask_about_delete(page, decided, desired, cso, going, item)
    elif going.leaving.is_staged:
        update_account(page, decided, desired, cso, NOT_YET)


def _stands(before: PendingExport, going: Going) -> bool:
    """Tell whether a delete that is staged stays as it is: it was sent, or depends on no day."""
    is_delete = before.change_type == ChangeType.DELETE
    return is_delete and (before.status in PERHAPS_WRITTEN or not going.leaving.is_staged)


def _ask_about_delete(
    page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, going: Going, item: ReviewItem | None
) -> None:
    """Ask about a delete that is due; it waits in the queue once the account is as it was to be before."""
    before, cause = page.exports.get(cso.id), _cause(desired.mvo, going)
    if item is None:
        decided.to_review.append((cso, cause))
    if _has_stage_before(going.leaving):
        if update_account(page, decided, desired, cso, None) == Left.STAGED:
            decided.still_due.add(desired.mvo.id)
            return
        if before is not None and before.change_type != ChangeType.DELETE:
            before = None  # it was dropped: there is nothing left to do before
    if before is None or before.status != ExportStatus.AWAITING_APPROVAL:
        _stage_delete(page, decided, cso, before, None, cause)


def _has_stage_before(how: Leaving) -> bool:
    return len(how.stages) > 1


def _stage_delete(
    page: EvaluationPage,
    decided: Decisions,
    cso: Cso,
    before: PendingExport | None,
    approval_id: int | None,
    cause: str,
) -> None:
    stage(page, decided, cso, before, stage_delete(cso, before, decided.take_export_id(), approval_id, cause), cause)
    page.step.statistics[Statistic.PROVISIONING_DISCONNECTS] += 1


def _still_asked(
    page: EvaluationPage, decided: Decisions, mvo: Mvo, cso: Cso, going: Going, approval_id: int | None
) -> ReviewItem | None:
    """Give the question about an account's delete that stands still; what asks about something else is withdrawn."""
    item = page.items.get(cso.id)
    if item is None or item.id == approval_id:
        return item
    if item.state == ReviewState.KEPT:  # while its person was there; that it goes is another question
        return None if mvo.deleted else item
    if not going.leaving.is_staged and item.state == ReviewState.APPROVED:
        why = "what it approved was called off meanwhile"
    elif not covers_moment(item, cso, going):
        why = "when it is to be deleted has changed"
    elif going.leaving.is_staged and approval_id is not None:
        why = "it is approved with its person"
    elif item.state == ReviewState.APPROVED:
        why = "it is not the object any more that was approved"
    else:
        return item
    withdraw_question(page, decided, cso, why)
    return None


def covering_approval(page: EvaluationPage, mvo: Mvo, cso: Cso, going: Going) -> int | None:
    """Give the approval that covers a delete: the one under which its MVO goes, or one of its own."""
    # the former waits for the end of the period of grace that it showed, unless it showed stages
    is_going = mvo.deleted or (mvo.in_grace and going.leaving.is_staged)
    of_person = page.approvals.get(mvo.approval_id or 0) if is_going else None
    if _covers(of_person, _GIVEN, cso, going):
        return mvo.approval_id
    own = page.items.get(cso.id) if going.leaving.is_staged else None
    return own.id if own is not None and _covers(own, (ReviewState.APPROVED,), cso, going) else None


def _covers(item: ReviewItem | None, states: Collection[ReviewState], cso: Cso, going: Going) -> bool:
    """Tell whether an item approves the delete of an object at the moment at which it is due."""
    if item is None or item.state not in states:
        return False
    return covers_delete(item.consequences, cso) and covers_moment(item, cso, going)


def _cause(mvo: Mvo, going: Going) -> str:
    if mvo.deleted:
        return "its metaverse object was deleted"
    if mvo.in_grace:
        return "its metaverse object is to be deleted"
    return "its metaverse object left the rule's scope" if going.gone_at else "its date of leaving has come"
