"""Phase 3, names in between: where accounts change names in a circle, one of them steps aside first."""

from collections.abc import AsyncIterator

from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.errors import ConnectionLost
from engine.events import Progress
from engine.labels import label_of
from engine.phases.exporting.failures import failed
from engine.step import Step
from engine.workspace import Workspace
from storage import clock, exports, objects
from storage.exports import SENDABLE
from storage.records import ChangeType, Cso, ExportStatus, PendingExport
from storage.store import Transaction
from storage.transitions import Move

WHY = "it steps aside, so that another account can have its name"


async def take_interim_names(step: Step, connector: Connector, size: int) -> AsyncIterator[Progress]:
    """Rename those to a name in between whose new name is not free before, if all of their circle can be sent."""
    async with step.page() as tx:
        found = await exports.with_interim(tx, step.system)
        csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in found])}
        ready = await _whose_circle_moves(tx, step, found, csos)
    for start in range(0, len(ready), size):
        batch = ready[start : start + size]
        async with step.page() as tx:
            await exports.mark_executing(tx, [export.id for export in batch], step_id=step.id)
        lost: ConnectionLost | None = None
        try:
            results = await connector.export([_aside(export, csos[export.cso_id]) for export in batch])
        except ConnectionLost as error:
            lost, results = error, list(error.results)
        async with step.page(may_stop=lost is None) as tx:
            await _store(tx, step, batch, csos, results)
        if lost is not None:
            raise lost
        yield step.progress()


def _aside(export: PendingExport, cso: Cso) -> ExportOperation:
    return ExportOperation(
        id=export.id,
        change_type=ChangeType.UPDATE,
        type=export.type,
        external_id=cso.external_id,
        secondary_id=cso.secondary_id,
        new_secondary_id=export.interim_id,
    )


async def _store(
    tx: Transaction, step: Step, batch: list[PendingExport], csos: dict[int, Cso], results: list[ExportResult]
) -> None:
    errors = {result.id: result.error for result in results}
    changed: list[PendingExport] = []
    aside: list[tuple[Cso, str]] = []
    for export in batch:
        if export.id not in errors:
            continue
        error, cso = errors[export.id], csos[export.cso_id]
        if error is not None:
            changed.append(failed(step, export, cso, ExportStatus.EXECUTING, error))
            continue
        changed.append(stepped_aside(step, export, cso))
        aside.append((cso, export.interim_id or ""))
    await exports.change(tx, changed)
    await rename(tx, step.workspace, aside)


def stepped_aside(step: Step, export: PendingExport, cso: Cso) -> PendingExport:
    """Give the export of an account that has its name in between: what is left to do is to take the new one."""
    step.moved(Move("export", export.id, step.system, label_of(cso), ExportStatus.EXECUTING, ExportStatus.PENDING, WHY))
    return export._replace(status=ExportStatus.PENDING, interim_id=None, changed_at=clock.now())


async def rename(tx: Transaction, workspace: Workspace, renamed: list[tuple[Cso, str]]) -> None:
    """Keep under which name objects are found until they are imported again."""
    rows = [(cso.id, name, workspace.secondary_key(cso.system, cso.type, name) or "") for cso, name in renamed]
    await objects.rename(tx, rows)


async def _whose_circle_moves(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Give those exports for which everybody between them and their new name gives up a name in this step, too."""

    def key(cso: Cso, name: str | None) -> str:
        return step.workspace.secondary_key(cso.system, cso.type, name) or ""

    ready: list[PendingExport] = []
    wanted = {export.id: key(csos[export.cso_id], export.new_secondary_id) for export in found}
    own = {export.id: key(csos[export.cso_id], csos[export.cso_id].secondary_id) for export in found}
    by_id = {export.id: export for export in found}
    seen: dict[int, set[str]] = {export.id: set() for export in found}
    while wanted:
        there = await objects.holders_of(tx, step.system, wanted.values())
        holders = {key(cso, cso.secondary_id): cso for cso in there}
        staged = await exports.of_objects(tx, [cso.id for cso in holders.values()])
        following: dict[int, str] = {}
        for export_id, name in wanted.items():
            holder = holders.get(name)
            moving = staged.get(holder.id) if holder else None
            if holder is None or name == own[export_id]:
                ready.append(by_id[export_id])
            elif moving is not None and name not in seen[export_id] and _goes(moving):
                seen[export_id].add(name)
                following[export_id] = key(holder, moving.new_secondary_id)
        wanted = following
    return ready


def _goes(export: PendingExport) -> bool:
    due = export.next_retry_at is None or export.next_retry_at <= clock.now()
    return export.status in SENDABLE and not export.held and due and export.new_secondary_id is not None
