"""Phase 2, accounts: what is staged for one that is wanted: a create, an update, a rename, a plan that changes."""

from dataclasses import replace
from enum import Enum

from engine.errors import ObjectFailed
from engine.pending_exports.changes import PERHAPS_WRITTEN, was_sent
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.drift import (
    Drift,
    changed_wishes,
    find_drift,
    marks_for,
    only_reported,
    tell_corrected,
    tell_reported,
    without,
)
from engine.phases.evaluating.giving_way import give_way, ours, tell_cleared
from engine.phases.evaluating.ids import claim_id, gives_id
from engine.phases.evaluating.names import claim_name
from engine.phases.evaluating.page import Decisions, EvaluationPage, fail, stage
from engine.phases.evaluating.provisioning import create_export, create_pending_provisioning_cso, plan_of
from engine.phases.evaluating.updates import stage_update
from engine.statistics import Statistic
from engine.values import dn
from storage.labels import labelled
from storage.records import ChangeType, Cso, CsoStatus, Entity, ExportStatus, PendingExport
from storage.transitions import Move


class Left(Enum):
    """What is left to do on an account, once it was looked at."""

    NOTHING = "nothing: it is as it is wanted"
    STAGED = "what is staged, on its way, or put off to the end of this step"
    REFUSED = "a name that another object has"


IS_THERE = "its person is there: the staged delete is withdrawn"


def provision(page: EvaluationPage, decided: Decisions, desired: Desired) -> int:
    """Plan a new object and stage its Create; give its id."""
    system = desired.target[0]
    attributes = desired.planned()
    planned = create_pending_provisioning_cso(page.step.workspace, desired, attributes, decided.take_cso_id())
    decided.planned.append(planned)
    decided.marks[planned.id] = marks_for(desired) | ours(page.step.workspace, desired)
    export = create_export(page.step.workspace, desired, attributes, planned.id, decided.take_export_id())
    if turn := (page.turns or {}).get((desired.mvo.id, desired.target)):
        export = export._replace(wave=max(export.wave, turn.wave))
    decided.added.append(export)
    content = planned.content
    label = labelled(content.name, content.secondary_id, content.external_id, f"cso-{planned.id}")
    page.step.moved(Move(Entity.EXPORT, export.id, system, label, None, ExportStatus.PENDING, export.cause))
    page.step.statistics[Statistic.PROVISIONING_ADDS] += 1
    return planned.id


def update_account(
    page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, withdrawing: str | None = IS_THERE
) -> Left:
    """Stage what differs on an object that exists, or is still planned, and tell what is left to do.

    A delete that is staged is withdrawn, and `withdrawing` says why; without that, only where something is left to do.
    """
    if cso.status == CsoStatus.OBSOLETE:
        return Left.STAGED
    if withdrawing is not None:
        withdraw_delete(page, decided, cso, withdrawing)
    if is_on_its_way(page, cso):
        decided.still_due.add(desired.mvo.id)
        return Left.STAGED
    before = page.exports.get(cso.id)
    before = None if before is not None and before.change_type == ChangeType.DELETE else before
    if cso.status == CsoStatus.PENDING_PROVISIONING:
        _replan(page, decided, desired, cso, before)
        return Left.STAGED
    left = _stage_difference(page, decided, desired, cso, before)
    if left == Left.STAGED and withdrawing is None:
        withdraw_delete(page, decided, cso, "the account is not as it is to be before")
    return left


def is_on_its_way(page: EvaluationPage, cso: Cso) -> bool:
    """Tell whether something was sent of which nobody knows yet what became of it."""
    before = page.exports.get(cso.id)
    if before is None:
        return False
    if before.change_type == ChangeType.DELETE:
        return before.status in PERHAPS_WRITTEN
    return before.status == ExportStatus.EXECUTING and cso.status == CsoStatus.NORMAL


def _stage_difference(
    page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, before: PendingExport | None
) -> Left:
    """Stage what an account holds otherwise than it is wanted, and tell what is left to do."""
    desired = _with_own_id(page, decided, desired, cso)
    desired = give_way(page.step.workspace, desired, cso, before, page.marks.get(cso.id, {}))
    is_adopted = cso.id in decided.joined_now
    put_off = page.put_off.get((desired.mvo.id, desired.target), ())
    tell_cleared(page.step, desired, cso, desired.attributes if is_adopted else put_off)
    exact = changed_wishes(page, desired, cso, before)
    drift = find_drift(page, desired, cso, before)
    reported = only_reported(desired, drift.names)
    corrected = [name for name in drift.names if name not in reported]
    desired = _leave_reported(page, decided, desired, cso, drift)
    export_id = before.id if before else decided.take_export_id()
    after = stage_update(page.step.workspace, desired, cso, before, export_id, exact)
    is_to_move = after is not None and after.new_secondary_id is not None and after != before
    if after is not None and is_to_move:
        after = _with_name(page, decided, desired, cso, after, before, exact)
    if after != before:
        if after is not None and corrected:
            after = tell_corrected(page.step, after, corrected)
        _stage(page, decided, desired, cso, before, after)
    if after is not None or decided.is_put_off(desired.mvo, desired.target):
        return Left.STAGED
    return Left.REFUSED if is_to_move else Left.NOTHING


def _stage(
    page: EvaluationPage,
    decided: Decisions,
    desired: Desired,
    cso: Cso,
    before: PendingExport | None,
    after: PendingExport | None,
) -> None:
    """Stage what is to change on an account, and count it."""
    stage(page, decided, cso, before, after, after.cause if after else "the target already holds what is wanted")
    if _new_name(after) != _new_name(before):
        decided.renamed.add(desired.mvo.id)
    if after is not None:
        page.step.statistics[
            Statistic.PROVISIONING_RENAMES if after.new_secondary_id else Statistic.EXPORT_ATTRIBUTE_FLOW
        ] += 1


def _new_name(export: PendingExport | None) -> str | None:
    return export.new_secondary_id if export else None


def _leave_reported(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, drift: Drift) -> Desired:
    """Tell the drift that a rule only reports, and take it out of what is wanted."""
    reported = only_reported(desired, drift.names)
    marks = page.marks.get(cso.id, {}) if drift.marks is None else drift.marks
    told = tell_reported(page.step, desired, cso, reported, marks)
    if drift.marks is not None or told:
        decided.marks[cso.id] = marks | told
    return without(desired, reported) if reported else desired


def _with_name(
    page: EvaluationPage,
    decided: Decisions,
    desired: Desired,
    cso: Cso,
    after: PendingExport,
    before: PendingExport | None,
    exact: frozenset[str],
) -> PendingExport | None:
    """Give what is staged of a rename: in its turn; all but a name that is taken; nothing yet where it is put off."""
    if _claim(page, decided, desired, cso):
        return _in_turn(page, desired, after)
    if decided.is_put_off(desired.mvo, desired.target):  # all of it is staged when the turns are known
        decided.marks.pop(cso.id, None)
        return before
    # The name has to wait; everything else is put right now.
    return stage_update(page.step.workspace, _without_name(desired, cso), cso, before, after.id, exact)


def _claim(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso) -> bool:
    try:
        return claim_name(page, decided, desired, cso)
    except ObjectFailed as failure:
        fail(page, decided, desired.mvo, desired.target, failure.error)
        return False


def _in_turn(page: EvaluationPage, desired: Desired, export: PendingExport) -> PendingExport:
    """Give a rename its turn, where its name is given up in the same run."""
    turn = (page.turns or {}).get((desired.mvo.id, desired.target))
    return export._replace(interim_id=None) if turn is None else export._replace(**turn._asdict())


def _with_own_id(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso) -> Desired:
    """Let an account keep its id, with an error, where it is to have another one that it cannot have."""
    try:
        claim_id(page, decided, desired, cso)
    except ObjectFailed as failure:
        fail(page, decided, desired.mvo, desired.target, failure.error)
        workspace, target = page.step.workspace, desired.target
        if any(gives_id(workspace, target, name) for name in dn.rdn_names(desired.secondary_id or "")):
            desired = _without_name(desired, cso)
        return without(desired, [name for name in desired.attributes if gives_id(workspace, target, name)])
    return desired


def _without_name(desired: Desired, cso: Cso) -> Desired:
    """Give what is wanted but for the name: the attributes that the DN begins with stay with it."""
    named = {name.lower() for text in (cso.secondary_id, desired.secondary_id) if text for name in dn.rdn_names(text)}
    kept = {name: values for name, values in desired.attributes.items() if name.lower() not in named}
    return replace(desired, attributes=kept, secondary_id=None, secondary_key=None)


def withdraw_delete(page: EvaluationPage, decided: Decisions, cso: Cso, why: str = IS_THERE) -> None:
    """Drop a delete that is staged for an object which is not to go, unless it was sent already."""
    before = page.exports.get(cso.id)
    if before is None or before.change_type != ChangeType.DELETE or before.status in PERHAPS_WRITTEN:
        return
    stage(page, decided, cso, before, None, why)
    page.step.statistics[Statistic.DELETES_WITHDRAWN] += 1


def _replan(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, before: PendingExport | None) -> None:
    """Bring the plan of an object that was not created yet up to date."""
    if before is not None and was_sent(before):
        decided.still_due.add(desired.mvo.id)
        return
    planned = desired.planned()
    if before is not None and cso.attributes == planned and cso.secondary_id == desired.secondary_id:
        return
    claim_id(page, decided, desired, cso)
    if not claim_name(page, decided, desired, None):
        return
    decided.replans.append((cso.id, plan_of(page.step.workspace, desired, planned)))
    decided.marks[cso.id] = marks_for(desired) | ours(page.step.workspace, desired)
    if cso.secondary_id != desired.secondary_id:
        decided.renamed.add(desired.mvo.id)
    after = _create_anew(page, decided, desired, cso, before)
    stage(page, decided, cso, before, after, "the plan changed before it was sent")
    page.step.statistics[Statistic.PROVISIONING_ADDS] += 1


def _create_anew(
    page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso, before: PendingExport | None
) -> PendingExport:
    """Give the Create of a plan that has changed, in the place of the one that is staged."""
    workspace, planned = page.step.workspace, desired.planned()
    if before is None:
        return create_export(workspace, desired, planned, cso.id, decided.take_export_id())
    after = create_export(workspace, desired, planned, cso.id, before.id)
    return after._replace(created_at=before.created_at, held=before.held)
