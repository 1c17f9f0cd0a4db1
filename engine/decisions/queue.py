"""What an operator can do to the queue of pending exports: retry, hold, discard."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.approvals.audit import record
from engine.labels import label_of
from engine.pending_exports.dropping import drop_unsent
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import clock, exports, objects, transitions
from storage.records import ChangeStatus, ChangeType, Cso, CsoStatus, Entity, ExportStatus, PendingExport
from storage.store import Transaction
from storage.transitions import Move


class Handled(NamedTuple):
    """What became of a request about one export: an empty refusal means it was done."""

    export_id: int
    label: str
    refusal: str = ""


async def retry(workspace: Workspace, ids: Sequence[int], *, operator: str) -> list[Handled]:
    """Send exports again with the next export step, as if for the first time; held ones are let go.

    Raises `NotAllowed`, as do the others.
    """
    require(workspace.config, operator, Role.OPERATOR, "handle the queue")
    async with workspace.store.transaction() as tx:
        ready, handled = await _open(tx, ids)
        changed = []
        for export, cso in ready:
            if export.status in (ExportStatus.EXECUTING, ExportStatus.EXPORTED):
                handled.append(Handled(export.id, label_of(cso), "it was sent; the next confirming import decides"))
                continue
            if export.status == ExportStatus.AWAITING_APPROVAL:
                handled.append(Handled(export.id, label_of(cso), "it awaits an approval: see 'interlock review'"))
                continue
            changes = [
                change._replace(status=ChangeStatus.PENDING) if change.status == ChangeStatus.FAILED else change
                for change in export.changes
            ]
            changed.append(
                export._replace(
                    status=ExportStatus.PENDING,
                    changes=changes,
                    held=False,
                    attempts=0,
                    next_retry_at=None,
                    changed_at=clock.now(),
                )
            )
            handled.append(Handled(export.id, label_of(cso)))
        await exports.change(tx, changed)
        await _tell(tx, ready, {export.id: export for export in changed}, operator, "retry")
        await _record(tx, workspace, operator, "retry", [export.id for export in changed])
    return handled


async def hold(workspace: Workspace, ids: Sequence[int], *, operator: str) -> list[Handled]:
    """Keep exports from being sent until they are retried."""
    require(workspace.config, operator, Role.OPERATOR, "handle the queue")
    async with workspace.store.transaction() as tx:
        ready, handled = await _open(tx, ids)
        await exports.change(tx, [export._replace(held=True, changed_at=clock.now()) for export, _ in ready])
        moves = [
            Move(Entity.EXPORT, export.id, export.system, label_of(cso), export.status, export.status, "held")
            for export, cso in ready
        ]
        await transitions.record(tx, moves, operator=operator)
        await _record(tx, workspace, operator, "hold", [export.id for export, _ in ready])
    return handled + [Handled(export.id, label_of(cso)) for export, cso in ready]


async def let_go(workspace: Workspace, ids: Sequence[int], *, operator: str) -> list[Handled]:
    """Let exports that are held be sent when their turn comes, as if nobody had held them."""
    require(workspace.config, operator, Role.OPERATOR, "handle the queue")
    async with workspace.store.transaction() as tx:
        ready, handled = await _open(tx, ids)
        held = [(export, cso) for export, cso in ready if export.held]
        handled += [Handled(export.id, label_of(cso), "it is not held") for export, cso in ready if not export.held]
        await exports.change(tx, [export._replace(held=False, changed_at=clock.now()) for export, _ in held])
        moves = [
            Move(Entity.EXPORT, export.id, export.system, label_of(cso), export.status, export.status, "let go")
            for export, cso in held
        ]
        await transitions.record(tx, moves, operator=operator)
        await _record(tx, workspace, operator, "let-go", [export.id for export, _ in held])
    return handled + [Handled(export.id, label_of(cso)) for export, cso in held]


async def discard(workspace: Workspace, ids: Sequence[int], *, operator: str) -> list[Handled]:
    """Drop exports that were not sent; they are staged again when something about their object changes."""
    require(workspace.config, operator, Role.OPERATOR, "handle the queue")
    async with workspace.store.transaction() as tx:
        ready, handled = await _open(tx, ids)
        dropped: list[tuple[PendingExport, Cso]] = []
        for export, cso in ready:
            if export.change_type == ChangeType.DELETE:
                handled.append(Handled(export.id, label_of(cso), "a delete is decided in the review: keep or withdraw"))
            elif export.status in (ExportStatus.EXECUTING, ExportStatus.EXPORTED):
                handled.append(Handled(export.id, label_of(cso), "it was sent; the next confirming import decides"))
            else:
                dropped.append((export, cso))
                handled.append(Handled(export.id, label_of(cso)))
        await drop_unsent(tx, [export for export, _ in dropped])
        planned = [cso for _, cso in dropped if cso.status == CsoStatus.PENDING_PROVISIONING]
        await objects.remove(tx, planned, review_ids={})
        await _tell(tx, dropped, {}, operator, "discarded")
        await _record(tx, workspace, operator, "discard", [export.id for export, _ in dropped])
    return handled


async def _record(tx: Transaction, workspace: Workspace, operator: str, action: str, ids: list[int]) -> None:
    if ids:
        details = {"exports": ids}
        await record(tx, workspace, operator=operator, action=action, subject=f"{len(ids)} exports", details=details)


async def _open(tx: Transaction, ids: Sequence[int]) -> tuple[list[tuple[PendingExport, Cso]], list[Handled]]:
    found = {export.id: export for export in await exports.get(tx, ids)}
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in found.values()])}
    ready = [(found[one], csos[found[one].cso_id]) for one in dict.fromkeys(ids) if one in found]
    return ready, [Handled(one, "", "there is no such pending export") for one in ids if one not in found]


async def _tell(
    tx: Transaction,
    before: list[tuple[PendingExport, Cso]],
    after: dict[int, PendingExport],
    operator: str,
    reason: str,
) -> None:
    moves = []
    for export, cso in before:
        new = after[export.id].status if export.id in after else None
        if after and new is None:
            continue
        moves.append(Move(Entity.EXPORT, export.id, export.system, label_of(cso), export.status, new, reason))
    await transitions.record(tx, moves, operator=operator)
