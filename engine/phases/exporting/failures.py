"""Phase 3, failures: what becomes of an export that the target refused."""

from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.changes import combined
from engine.statistics import Statistic
from engine.step import Step
from storage import clock
from storage.records import ChangeStatus, Cso, Entity, ExportStatus, PendingExport
from storage.transitions import Move

LONGEST_DELAY = 24 * 3600.0
"""The longest delay before a retry, in seconds."""


def failed(step: Step, export: PendingExport, cso: Cso, before: ExportStatus, error: ObjectError) -> PendingExport:
    """Count a failure: sent again after a growing delay, or `Failed` when it was tried too often."""
    settings = step.settings.exports
    attempts = export.attempts + 1
    final = attempts > settings.max_retries
    delay = min(settings.retry_delay.total_seconds() * 2 ** (attempts - 1), LONGEST_DELAY)
    status = ExportStatus.FAILED if final else ExportStatus.PENDING
    step.statistics[Statistic.FAILURES] += 1
    step.failed(error, object_type=export.type, label=label_of(cso), object_id=cso.id)
    step.moved(Move(Entity.EXPORT, export.id, step.system, label_of(cso), before, status, error.message))
    changes = export.changes
    if final:
        changes = [change._replace(status=ChangeStatus.FAILED) for change in combined(changes)]
    return export._replace(
        status=status,
        changes=changes,
        attempts=attempts,
        next_retry_at=None if final else clock.after(delay),
        error_code=error.code,
        error_message=error.message,
        changed_at=clock.now(),
    )
