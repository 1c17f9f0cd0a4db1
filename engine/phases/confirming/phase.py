"""Phase 4, confirming import: compare what was exported with what came back.

an object that was seen               reconcile_pending_exports
    what is left of its export        _reconcile
    sent again, or failed for good    _not_confirmed
an object that was not seen           reconcile_unseen
    a delete that is thereby proved   confirm_deletes
        what is kept of it            forget                      removal/forgetting.py
    a write that is not confirmed     _count_unseen
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.changes import combined
from engine.phases.removal.forgetting import forget
from engine.statistics import Statistic
from engine.step import Step
from engine.values import dn
from engine.values.matching_rules import Matching, same, still_to_do
from storage import clock, exports, objects, reviews
from storage.imports import Sightings
from storage.records import (
    AttributeChange,
    Attributes,
    ChangeStatus,
    ChangeType,
    Cso,
    CsoStatus,
    Entity,
    ExportStatus,
    PendingExport,
    ReviewState,
)
from storage.store import Transaction
from storage.transitions import Move

CONFIRMED = "confirmed"
"""What an export becomes that an import has confirmed: it is pending no more."""


class Sighting(NamedTuple):
    """A CSO that an import has just seen, as it was seen."""

    cso_id: int
    type: str
    attributes: Attributes
    secondary_id: str | None
    label: str


async def reconcile_pending_exports(tx: Transaction, step: Step, seen: list[Sighting]) -> None:
    """Compare the open exports of the CSOs just seen with what the import found.

    Confirmed changes leave the export, and an empty export is deleted. What was sent and did not come back is
    `ExportNotConfirmed` and sent again, or `Failed` after `max_retries`.
    """
    sightings = {sighting.cso_id: sighting for sighting in seen}
    found = await exports.of_objects(tx, sightings)
    changed: list[PendingExport] = []
    confirmed: list[PendingExport] = []
    for export in found.values():
        if export.status in (ExportStatus.EXECUTING, ExportStatus.AWAITING_APPROVAL):
            continue
        left = _reconcile(step, export, sightings[export.cso_id])
        if left is None:
            confirmed.append(export)
        elif left != export:
            changed.append(left._replace(changed_at=clock.now()))
    _tell(step, found, sightings, changed, confirmed)
    await exports.change(tx, changed)
    await exports.remove(tx, [export.id for export in confirmed])
    await objects.set_due(tx, [one.cso_id for one in confirmed if _tells_nothing(step, one)], due=False)


def _tells_nothing(step: Step, confirmed: PendingExport) -> bool:
    """Tell whether a create came back as it was sent, and tells the metaverse nothing new."""
    return confirmed.change_type == ChangeType.CREATE and not _flows_in(step, confirmed)


def _flows_in(step: Step, export: PendingExport) -> bool:
    return (export.system, export.type) in step.workspace.rules.inbound


def _reconcile(step: Step, export: PendingExport, sighting: Sighting) -> PendingExport | None:
    """Give what is left of an export, or None when all of it is confirmed."""
    sent = export.status == ExportStatus.EXPORTED
    if export.change_type == ChangeType.DELETE:
        return _not_confirmed(step, export, "the entry is still there") if sent else export
    left = _unconfirmed_changes(step, export, sighting.attributes, sent=sent)
    renaming = export.new_secondary_id
    if renaming is not None and _has_name(step, export, renaming, sighting.secondary_id):
        renaming = None
    if not left and renaming is None:
        return None
    open_part = export._replace(changes=left, new_secondary_id=renaming, change_type=ChangeType.UPDATE)
    if not sent:
        return open_part
    if missing := _not_shown(open_part):
        return _not_confirmed(step, open_part, f"the import shows other values of {', '.join(missing)}")
    return open_part._replace(status=ExportStatus.PENDING)


def _unconfirmed_changes(
    step: Step, export: PendingExport, imported: Attributes, *, sent: bool
) -> list[AttributeChange]:
    """Give what of an export's changes the import does not show.

    Of what was sent and what is to follow it, that is what is still to be done from what the import shows.
    """
    left = []
    changes = combined(export.changes)
    followed = Counter(change.name for change in export.changes) if changes is not export.changes else Counter[str]()
    for change in changes:
        if change.replace and imported.get(change.name, []) == change.add:
            continue  # as nearly all are: then it makes no difference how they would be compared
        matching = _matching(step, export, change)
        if rest := _unconfirmed(change, imported, matching, sent=sent):
            follows = rest.replace and followed[change.name] > 1
            left.append(rest._replace(remove=imported.get(change.name, [])) if follows else rest)
    return left


def _not_shown(left: PendingExport) -> list[str]:
    """Name what was sent and did not come back."""
    missing = [change.name for change in left.changes if change.status == ChangeStatus.NOT_CONFIRMED]
    return missing if left.new_secondary_id is None else [*missing, "dn"]


def _matching(step: Step, export: PendingExport, change: AttributeChange) -> Matching:
    """Give how a change is compared: what was not sent yet exactly, for it may correct case or spelling alone."""
    declared = step.workspace.declared(export.system, export.type).get(change.name)
    was_sent = change.status in (ChangeStatus.EXPORTED, ChangeStatus.NOT_CONFIRMED)
    if was_sent or (declared is not None and declared.kind == "reference"):
        return step.workspace.matching(export.system, export.type, change.name)
    return None


def _has_name(step: Step, export: PendingExport, wanted: str, found: str | None) -> bool:
    """Tell whether an object has its new name; where that was not sent yet, as it is written."""
    if _key(step, export, wanted) != _key(step, export, found):
        return False
    if export.status in (ExportStatus.EXPORTED, ExportStatus.NOT_CONFIRMED):
        return True
    return not step.workspace.is_dn(export.system, export.type) or dn.rdn(wanted) == dn.rdn(found or "")


def _key(step: Step, export: PendingExport, secondary_id: str | None) -> str | None:
    return step.workspace.secondary_key(export.system, export.type, secondary_id)


def _unconfirmed(
    change: AttributeChange, imported: Attributes, matching: Matching, *, sent: bool
) -> AttributeChange | None:
    """Give what of a change the import does not show, or None."""
    values = imported.get(change.name, [])
    if change.replace:
        if same(values, change.add, matching):
            return None
        rest = change
    else:
        add, remove = still_to_do(change.add, change.remove, values, matching)
        if not add and not remove:
            return None
        rest = change._replace(add=add, remove=remove)
    if sent and change.status == ChangeStatus.EXPORTED:
        return rest._replace(status=ChangeStatus.NOT_CONFIRMED, imported=values)
    return rest


def _not_confirmed(step: Step, export: PendingExport, what: str) -> PendingExport:
    """Give an export that is not confirmed as it is from now on: to be sent again, or failed if sent too often."""
    times = "once" if export.attempts == 1 else f"{export.attempts} times"
    message = f"sent {times}, but {what}"
    if export.attempts > step.settings.exports.max_retries:
        changes = [change._replace(status=ChangeStatus.FAILED) for change in export.changes]
        export = export._replace(status=ExportStatus.FAILED, changes=changes)
    else:
        export = export._replace(status=ExportStatus.NOT_CONFIRMED)
    return export._replace(error_code="exported-change-not-reimported", error_message=message)


def _tell(
    step: Step,
    before: dict[int, PendingExport],
    sightings: dict[int, Sighting],
    changed: list[PendingExport],
    confirmed: list[PendingExport],
) -> None:
    """Record transitions, statistics and errors of a page's reconciliation."""
    for export in changed:
        _record(step, before[export.cso_id], export, sightings[export.cso_id].label)
    for export in confirmed:
        label = sightings[export.cso_id].label
        step.statistics[Statistic.EXPORTS_CONFIRMED] += 1
        step.moved(
            Move(Entity.EXPORT, export.id, export.system, label, export.status, CONFIRMED, "confirmed by import")
        )


def _record(step: Step, before: PendingExport, export: PendingExport, label: str) -> None:
    if export.status == before.status:
        return
    reason = export.error_message or "confirmed in part"
    step.moved(Move(Entity.EXPORT, export.id, export.system, label, before.status, export.status, reason))
    if export.error_code and export.status in (ExportStatus.NOT_CONFIRMED, ExportStatus.FAILED):
        step.statistics[Statistic.EXPORTS_NOT_CONFIRMED] += 1
        error = ObjectError(export.error_code, reason, _advice(export))
        step.failed(error, object_type=export.type, label=label, object_id=export.cso_id)


def _advice(export: PendingExport) -> str:
    if export.status == ExportStatus.FAILED:
        return "look for what changes it in the target; then 'interlock exports retry' or 'discard'"
    return "it is sent again by the next export; look for what changes it in the target if it happens again"


async def reconcile_unseen(tx: Transaction, step: Step, sightings: Sightings, partitions: Mapping[str, str]) -> None:
    """At the end of a complete import, settle the exports of objects that it did not contain.

    A delete is thereby proved; a create or update that was sent is not confirmed.
    """
    after = 0
    statuses = [
        ExportStatus.EXPORTED,
        ExportStatus.PENDING,
        ExportStatus.NOT_CONFIRMED,
        ExportStatus.FAILED,
    ]
    while page := await exports.with_status(tx, step.system, statuses, after, step.page_size):
        after = page[-1].id
        await _settle_unseen(tx, step, [export for export in page if export.cso_id not in sightings], partitions)


async def _settle_unseen(
    tx: Transaction, step: Step, unseen: list[PendingExport], partitions: Mapping[str, str]
) -> None:
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in unseen])}
    proved: list[PendingExport] = []
    sent: list[PendingExport] = []
    for export in unseen:
        if not _was_looked_for(step, csos[export.cso_id], partitions):
            continue
        if export.change_type == ChangeType.DELETE:
            proved.append(export)
        elif export.status == ExportStatus.EXPORTED:
            sent.append(export)
    await confirm_deletes(tx, step, proved, csos)
    await _count_unseen(tx, step, sent, csos)


def _was_looked_for(step: Step, cso: Cso, partitions: Mapping[str, str]) -> bool:
    """Tell whether an import looked where an object is; one that no import has seen yet is where it was to be made."""
    partition = partitions.get(cso.type, "")
    if cso.status == CsoStatus.PENDING_PROVISIONING:
        place = step.workspace.secondary_key(cso.system, cso.type, cso.secondary_id) or ""
        return dn.is_within(place, partition)
    return cso.partition == partition


async def _count_unseen(tx: Transaction, step: Step, sent: list[PendingExport], csos: dict[int, Cso]) -> None:
    """Mark exports that were sent, and whose objects are not there, as not confirmed."""
    changed = []
    for export in sent:
        left = _not_confirmed(step, export, "a complete import does not contain the object")
        _record(step, export, left, label_of(csos[export.cso_id]))
        changed.append(left._replace(changed_at=clock.now()))
    await exports.change(tx, changed)


async def confirm_deletes(
    tx: Transaction,
    step: Step,
    deletes: list[PendingExport],
    csos: dict[int, Cso],
    reason: str = "proved gone by a complete import",
) -> None:
    """Forget objects that are proved gone, keeping what they last held."""
    if not deletes:
        return
    await exports.remove(tx, [export.id for export in deletes])
    for export in deletes:
        cso = csos[export.cso_id]
        label = label_of(cso)
        step.statistics[Statistic.EXPORTS_CONFIRMED] += 1
        step.moved(Move(Entity.EXPORT, export.id, step.system, label, export.status, CONFIRMED, reason))
        step.moved(Move(Entity.CSO, cso.id, step.system, label, cso.status, None, reason))
    gone = [csos[export.cso_id] for export in deletes]
    await forget(tx, gone, {export.cso_id: export.approval_id for export in deletes}, deleted=True)
    await _close_approvals(tx, [export.approval_id for export in deletes if export.approval_id is not None])


async def _close_approvals(tx: Transaction, item_ids: list[int]) -> None:
    """Say of approvals that what they allowed was carried out."""
    await reviews.decide(
        tx,
        item_ids,
        expected=[ReviewState.APPROVED],
        state=ReviewState.CARRIED_OUT,
        operator=None,
        reason=None,
    )
