"""Phase 3, export execution: send the pending exports through the connector, and mark them `Exported`."""

from collections.abc import AsyncIterator

from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.errors import ConnectionLost, ObjectError, ObjectFailed
from engine.events import Progress
from engine.labels import label_of
from engine.phases.approving import send_back_unapproved
from engine.phases.desired import check_dn
from engine.phases.settling import adopt_or_refuse, follow_renamed, settle_interrupted
from engine.steps import Step
from storage import clock, exports, objects
from storage.records import ChangeStatus, ChangeType, Cso, ExportStatus, PendingExport
from storage.store import Transaction
from storage.transitions import Move

LONGEST_DELAY = 24 * 3600.0
"""The longest delay before a retry, in seconds."""
Batch = list[tuple[PendingExport, Cso]]


async def execute_exports(step: Step) -> AsyncIterator[Progress]:
    """Send every export that may be sent: creates parents first, renames, updates, deletes children first.

    What a crash left `Executing` is settled first, by looking at the target.
    """
    async with step.workspace.connector(step.system) as connector:
        async for progress in settle_interrupted(step, connector):
            yield progress
        async with step.page() as tx:
            step.total = await exports.count_sendable(tx, step.system)
        size = step.settings.exports.batch_size or connector.capabilities.batch_size
        after = (-1, 0)
        while True:
            async with step.page(may_stop=False) as tx:
                found = await exports.sendable(tx, step.system, after, size)
                if not found:
                    break
                after = (found[-1].wave, found[-1].id)
                batch = await _begin(tx, step, found)
            await _send(step, connector, batch)
            yield step.progress()


async def _begin(tx: Transaction, step: Step, found: list[PendingExport]) -> Batch:
    """Mark a batch as `Executing`; what cannot be sent is recorded as failed, or sent back for approval."""
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in found])}
    approved = await send_back_unapproved(tx, step, found, csos)
    batch: Batch = []
    changed: list[PendingExport] = []
    for export in approved:
        cso = csos[export.cso_id]
        try:
            _determine_dn(step, export, cso)
        except ObjectFailed as failure:
            changed.append(_failed(step, export, cso, failure.error))
            step.done += 1
            continue
        sending = export._replace(status=ExportStatus.EXECUTING, changed_at=clock.now())
        step.moved(Move("export", export.id, step.system, label_of(cso), export.status, sending.status, "sent"))
        batch.append((sending, cso))
        changed.append(sending)
    await exports.change(tx, changed)
    return batch


def _determine_dn(step: Step, export: PendingExport, cso: Cso) -> None:
    """Make sure that the object has a DN to be written under. Raises `ObjectFailed` with `dn-not-determined`."""
    if step.workspace.is_dn(cso.system, cso.type):
        check_dn(cso.secondary_id)
        if export.new_secondary_id is not None:
            check_dn(export.new_secondary_id)


def operation_for(export: PendingExport, cso: Cso) -> ExportOperation:
    """Give what the connector has to do: whatever of the export was not sent and confirmed already."""
    return ExportOperation(
        id=export.id,
        change_type=export.change_type,
        type=export.type,
        external_id=cso.external_id,
        secondary_id=cso.secondary_id,
        new_secondary_id=export.new_secondary_id,
        attributes=cso.attributes if export.change_type == ChangeType.CREATE else {},
        changes=[change for change in export.changes if change.status != ChangeStatus.EXPORTED],
    )


async def _send(step: Step, connector: Connector, batch: Batch) -> None:
    """Execute a batch and store what became of it, even of the part before the connection broke."""
    if not batch:
        return
    lost: ConnectionLost | None = None
    try:
        results = await connector.export([operation_for(export, cso) for export, cso in batch])
        results = await _look_again(step, connector, batch, results)
    except ConnectionLost as error:
        lost, results = error, list(error.results)
    by_id = {result.id: result for result in results}
    async with step.page(may_stop=lost is None) as tx:
        changed = []
        learned = []
        for export, cso in batch:
            if (result := by_id.get(export.id)) is None:
                continue
            step.done += 1
            if result.error is None:
                changed.append(_exported(step, export, cso))
                if result.external_id and result.external_id != cso.external_id:
                    learned.append((cso.id, result.external_id))
            else:
                changed.append(_failed(step, export, cso, result.error))
        await exports.change(tx, changed)
        await objects.learn_external_ids(tx, learned)
    if lost is not None:
        raise lost


async def _look_again(
    step: Step, connector: Connector, batch: Batch, results: list[ExportResult]
) -> list[ExportResult]:
    """Look at the target where a failure may be none: adopted, moved, or gone already."""
    pairs = {export.id: (export, cso) for export, cso in batch}
    settled = []
    for result in results:
        export, cso = pairs[result.id]
        match (export.change_type, result.error.code if result.error else None):
            case (ChangeType.CREATE, "existing-object"):
                settled.append(await adopt_or_refuse(step, connector, cso, result))
            case (ChangeType.DELETE | ChangeType.UPDATE, "missing-object"):
                settled.append(await follow_renamed(step, connector, operation_for(export, cso), result))
            case _:
                settled.append(result)
    return settled


def _exported(step: Step, export: PendingExport, cso: Cso) -> PendingExport:
    """Mark an export as written: nothing is believed until it was imported back."""
    renaming = export.new_secondary_id is not None
    names = {ChangeType.CREATE: "adds", ChangeType.DELETE: "deletes"}
    step.statistics[names.get(export.change_type, "renames" if renaming else "updates")] += 1
    step.moved(Move("export", export.id, step.system, label_of(cso), export.status, ExportStatus.EXPORTED, "written"))
    return export._replace(
        status=ExportStatus.EXPORTED,
        changes=[change._replace(status=ChangeStatus.EXPORTED) for change in export.changes],
        attempts=export.attempts + 1,
        next_retry_at=None,
        error_code=None,
        error_message=None,
        changed_at=clock.now(),
    )


def _failed(step: Step, export: PendingExport, cso: Cso, error: ObjectError) -> PendingExport:
    """Count a failure: sent again after a growing delay, or `Failed` when it was tried too often."""
    settings = step.settings.exports
    attempts = export.attempts + 1
    final = attempts > settings.max_retries
    delay = min(settings.retry_delay.total_seconds() * 2 ** (attempts - 1), LONGEST_DELAY)
    status = ExportStatus.FAILED if final else ExportStatus.PENDING
    step.statistics["failures"] += 1
    step.failed(error, object_type=export.type, label=label_of(cso), object_id=cso.id)
    step.moved(Move("export", export.id, step.system, label_of(cso), export.status, status, error.message))
    changes = [change._replace(status=ChangeStatus.FAILED) for change in export.changes] if final else export.changes
    return export._replace(
        status=status,
        changes=changes,
        attempts=attempts,
        next_retry_at=None if final else clock.after(delay),
        error_code=error.code,
        error_message=error.message,
        changed_at=clock.now(),
    )
