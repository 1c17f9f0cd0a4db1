"""Phase 3, names in between: where accounts change names in a circle, one of them steps aside first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.errors import ConnectionLost
from engine.events import Progress
from engine.labels import label_of
from engine.phases.exporting.failures import failed
from engine.step import Step
from engine.workspace import Workspace
from storage import clock, exports, objects
from storage.exports import SENDABLE
from storage.records import ChangeType, Cso, Entity, ExportStatus, PendingExport
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
        await _step_aside(step, connector, ready[start : start + size], csos)
        yield step.progress()


async def _step_aside(step: Step, connector: Connector, batch: list[PendingExport], csos: dict[int, Cso]) -> None:
    """Rename some accounts to their names in between. Raises `ConnectionLost`, once it is stored what was answered."""
    async with step.page() as tx:
        await exports.mark_executing(tx, [export.id for export in batch], step_id=step.id)
    lost: ConnectionLost | None = None
    try:
        results = await step.send_exports(connector, [_aside(export, csos[export.cso_id]) for export in batch])
    except ConnectionLost as error:
        lost, results = error, list(error.results)
    async with step.page(may_stop=lost is None) as tx:
        await _store(tx, step, batch, csos, results)
    if lost is not None:
        raise lost


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
    step.moved(
        Move(Entity.EXPORT, export.id, step.system, label_of(cso), ExportStatus.EXECUTING, ExportStatus.PENDING, WHY)
    )
    return export._replace(status=ExportStatus.PENDING, interim_id=None, changed_at=clock.now())


async def rename(tx: Transaction, workspace: Workspace, renamed: list[tuple[Cso, str]]) -> None:
    """Keep under which name objects are found until they are imported again."""
    rows = [(cso.id, name, workspace.secondary_key(cso.system, cso.type, name) or "") for cso, name in renamed]
    await objects.rename(tx, rows)


@dataclass(slots=True)
class _Path:
    """An export, and how far it is followed from whoever has its new name to what that one will be called, and on."""

    export: PendingExport
    own: str
    """The name that its account has."""
    wanted: str
    """The name that has to become free next."""
    seen: set[str] = field(default_factory=set)


async def _whose_circle_moves(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Give those exports for which everybody between them and their new name gives up a name in this step, too."""
    ready: list[PendingExport] = []
    paths: list[_Path] = []
    for export in found:
        cso = csos[export.cso_id]
        paths.append(_Path(export, _key(step, cso, cso.secondary_id), _key(step, cso, export.new_secondary_id)))
    while paths:
        there = await objects.holders_of(tx, step.system, [path.wanted for path in paths])
        holders = {_key(step, cso, cso.secondary_id): cso for cso in there}
        staged = await exports.of_objects(tx, [cso.id for cso in holders.values()])
        following: list[_Path] = []
        for path in paths:
            holder = holders.get(path.wanted)
            if holder is None or path.wanted == path.own:
                ready.append(path.export)
                continue
            moving = staged.get(holder.id)
            if moving is not None and path.wanted not in path.seen and _goes(moving):
                path.seen.add(path.wanted)
                path.wanted = _key(step, holder, moving.new_secondary_id)
                following.append(path)
        paths = following
    return ready


def _key(step: Step, cso: Cso, name: str | None) -> str:
    return step.workspace.secondary_key(cso.system, cso.type, name) or ""


def _goes(export: PendingExport) -> bool:
    due = export.next_retry_at is None or export.next_retry_at <= clock.now()
    return export.status in SENDABLE and not export.held and due and export.new_secondary_id is not None
