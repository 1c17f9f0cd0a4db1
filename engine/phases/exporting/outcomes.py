"""Phase 3, outcomes: what became of a batch is stored: written, which nobody believes yet, or failed."""

from dataclasses import dataclass, field
from typing import NamedTuple

from engine.connectors.base import ExportResult
from engine.errors import ConnectionLost, ObjectError
from engine.labels import label_of
from engine.pending_exports.waves import OWED
from engine.phases.exporting.failures import failed
from engine.phases.exporting.order import Batch, Sending
from engine.phases.exporting.owed_passwords import take_results
from engine.statistics import Statistic
from engine.step import Step
from storage import clock, exports, objects
from storage.records import AttributeChange, ChangeStatus, ChangeType, Cso, Entity, ExportStatus, PendingExport
from storage.transitions import Move

_ADOPTED = "adopted: it exists as it is meant, nothing was created"


class Sent(NamedTuple):
    """A batch that was sent, and what the target answered; not stored yet."""

    batch: Batch
    results: list[ExportResult]
    lost: ConnectionLost | None
    """Why the connection broke before everything was answered."""

    @property
    def is_clean(self) -> bool:
        """Whether all of it was written."""
        return self.lost is None and all(result.error is None for result in self.results)


@dataclass(slots=True)
class _Rows:
    """What is written of a batch."""

    written: dict[str, list[int]] = field(default_factory=dict)
    """Why they are written → the exports that are, in whole."""
    changed: list[PendingExport] = field(default_factory=list)
    """Exports that failed, or are written but for what they owe."""
    learned: list[tuple[int, str]] = field(default_factory=list)
    """(CSO, the primary external id that its system has given it)."""


async def store(step: Step, sent: Sent, *, may_stop: bool = True) -> None:
    """Store what became of a batch: written, which nobody believes until it was imported back, or failed.

    Raises `ConnectionLost` where the connection broke.
    """
    results = {result.id: result for result in sent.results}
    async with step.page(may_stop=may_stop and sent.lost is None) as tx:
        rows = _Rows()
        for one in sent.batch:
            if (result := results.get(one.export.id)) is not None:
                _take(step, rows, one, result)
        for reason, ids in rows.written.items():
            await exports.mark_exported(tx, ids, step_id=step.id, reason=reason)
        await exports.change(tx, rows.changed)
        await objects.learn_external_ids(tx, rows.learned)
        await take_results(tx, sent.batch, sent.results)
    if sent.lost is not None:
        raise sent.lost


def _of_kept(cso: Cso, error: ObjectError) -> ObjectError:
    """Say of an object that is not there, and that an operator keeps though imports do not find it, what that is."""
    if error.code != "missing-object" or not cso.kept:
        return error
    advice = (
        "imports do not find it either, and an operator keeps it: if it is gone, 'interlock review withdraw' that "
        "decision ('interlock review --status kept' lists it) and approve"
    )
    return error._replace(advice=advice)


def _take(step: Step, rows: _Rows, one: Sending, result: ExportResult) -> None:
    """Take what the target answered of one export into the rows, and count it."""
    export, cso, owed = one
    step.done += 1
    if result.error is not None:
        whole = export._replace(changes=[*export.changes, *owed])
        rows.changed.append(failed(step, whole, cso, ExportStatus.EXECUTING, _of_kept(cso, result.error)))
        return
    step.statistics[Statistic.ADOPTED if result.adopted else _counted_as(export)] += 1
    if owed:
        rows.changed.append(_exported_in_part(step, export, cso, owed))
    else:
        rows.written.setdefault(_ADOPTED if result.adopted else "written", []).append(export.id)
    if result.external_id and result.external_id != cso.external_id:
        rows.learned.append((cso.id, result.external_id))


def _counted_as(export: PendingExport) -> Statistic:
    """Give what an export that was written is counted as in the step's statistics."""
    match export.change_type:
        case ChangeType.CREATE:
            return Statistic.ADDS
        case ChangeType.DELETE:
            return Statistic.DELETES
        case ChangeType.UPDATE:
            return Statistic.UPDATES if export.new_secondary_id is None else Statistic.RENAMES


def _exported_in_part(step: Step, export: PendingExport, cso: Cso, owed: list[AttributeChange]) -> PendingExport:
    """Mark an export as written but for what it owes: that is sent later in the same step, or by the next."""
    why = "written; references to what was created meanwhile come last"
    executing, pending = ExportStatus.EXECUTING, ExportStatus.PENDING
    step.moved(Move(Entity.EXPORT, export.id, step.system, label_of(cso), executing, pending, why))
    sent = [change._replace(status=ChangeStatus.EXPORTED) for change in export.changes]
    return export._replace(
        change_type=ChangeType.UPDATE,
        status=pending,
        wave=OWED,
        new_secondary_id=None,
        changes=[*sent, *owed],
        attempts=export.attempts + 1,
        next_retry_at=None,
        error_code=None,
        error_message=None,
        changed_at=clock.now(),
    )
