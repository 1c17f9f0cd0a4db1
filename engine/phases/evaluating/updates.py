"""Phase 2, staging: what has to change on an object that exists, and nothing else."""

from collections.abc import Sequence

from engine.pending_exports.changes import RDN, Changes, combined, expected_state, net_changes
from engine.pending_exports.waves import RENAMES, UPDATES
from engine.phases.evaluating.desired_state import Desired
from engine.values import dn
from engine.workspace import Workspace
from storage import clock
from storage.records import (
    AttributeChange,
    ChangeStatus,
    ChangeType,
    Cso,
    ExportStatus,
    PendingExport,
)


def stage_update(
    workspace: Workspace,
    desired: Desired,
    cso: Cso,
    export: PendingExport | None,
    export_id: int,
    exact: frozenset[str] = frozenset(),
) -> PendingExport | None:
    """Give the export that brings an object to its wanted state, or None when nothing is left to do.

    Changes that were sent and wait for confirmation stay in it, before what is to follow them; changes that failed
    stay as they are unless something else is wanted now. `exact` names what is compared in case and spelling too,
    its RDN as `RDN`.
    """
    new = net_changes(workspace, desired.target, expected_state(cso, export), desired.attributes, exact)
    shared = {name for name, (_, flow) in desired.givers.items() if flow.shares}  # never replaced as a whole
    new = [change._replace(replace=False) if change.name in shared else change for change in new]
    sent = _sent(export)
    new_name = _renaming(workspace, desired, cso, exact=RDN in exact)
    if not new and not sent and new_name is None:
        return None
    if export is not None and _says_already(export, new, new_name):
        return export
    base = export or _new_export(cso, export_id)
    return base._replace(
        change_type=ChangeType.UPDATE,
        status=ExportStatus.PENDING,
        wave=UPDATES if new_name is None else RENAMES + dn.depth(new_name),
        changes=[*sent, *new],
        new_secondary_id=new_name,
        attempts=_attempts(export, new, new_name),
        next_retry_at=None,
        error_code=None,
        error_message=None,
        approval_id=None,
        cause=desired.cause,
        changed_at=clock.now(),
    )


def _sent(export: PendingExport | None) -> Sequence[AttributeChange]:
    """Give the changes that were sent and wait for confirmation, though something may be to follow or undo them."""
    return combined([one for one in export.changes if one.status == ChangeStatus.EXPORTED]) if export else []


def _unsent(export: PendingExport) -> Changes:
    return [one for one in export.changes if one.status != ChangeStatus.EXPORTED]


def _says_already(export: PendingExport, new: Changes, new_name: str | None) -> bool:
    """Tell whether an export stays as it is: nothing new is wanted of it, or just what it says, or what failed."""
    if not new and new_name == export.new_secondary_id and not _unsent(export):
        return True
    if export.change_type != ChangeType.UPDATE:
        return False
    if _same_work(export, new, new_name):
        return True
    return export.status == ExportStatus.FAILED and _same_wish(export, new, new_name)


def _new_export(cso: Cso, export_id: int) -> PendingExport:
    at = clock.now()
    return PendingExport(
        id=export_id,
        cso_id=cso.id,
        system=cso.system,
        type=cso.type,
        change_type=ChangeType.UPDATE,
        status=ExportStatus.PENDING,
        wave=UPDATES,
        changes=[],
        cause="",
        created_at=at,
        changed_at=at,
    )


def _attempts(export: PendingExport | None, new: Changes, new_name: str | None) -> int:
    """Give how often what is staged was sent before: sending the same once more is no first attempt."""
    if export is None or export.change_type != ChangeType.UPDATE:
        return 0
    before = {change.name: set(map(repr, change.add)) for change in export.changes}
    same_values = any(before.get(change.name) == set(map(repr, change.add)) for change in new)
    same_name = new_name is not None and new_name == export.new_secondary_id
    return export.attempts if same_values or same_name else 0


def _renaming(workspace: Workspace, desired: Desired, cso: Cso, *, exact: bool) -> str | None:
    """Give the new DN, where the wanted one is not what the object has, or will have."""
    if desired.secondary_key is None:
        return None
    if desired.secondary_key != workspace.secondary_key(*desired.target, cso.secondary_id):
        return desired.secondary_id
    if not exact or not workspace.is_dn(*desired.target):
        return None
    values = [[value for _, value in dn.own_rdn(text or "")] for text in (desired.secondary_id, cso.secondary_id)]
    return None if values[0] == values[1] else desired.secondary_id


def _same_work(export: PendingExport, new: list[AttributeChange], new_name: str | None) -> bool:
    """Tell whether an export already says just what is wanted now, whatever became of it so far."""
    return export.new_secondary_id == new_name and _signature(_unsent(export)) == _signature(new)


def _same_wish(export: PendingExport, new: Changes, new_name: str | None) -> bool:
    """Tell whether the same is wanted as what failed for good, whatever the target holds by now."""
    before = {change.name: change for change in _unsent(export)}
    if new_name != export.new_secondary_id or before.keys() != {change.name for change in new}:
        return False
    return all(_asks_for_no_more(before[change.name], change) for change in new)


def _asks_for_no_more(failed: AttributeChange, now: AttributeChange) -> bool:
    """Tell whether a change adds what one that failed was to add, and removes nothing that this was to leave."""
    same_values = sorted(map(repr, failed.add)) == sorted(map(repr, now.add))
    return same_values and (now.replace or set(map(repr, now.remove)) <= set(map(repr, failed.remove)))


def _signature(changes: Sequence[AttributeChange]) -> list[tuple[str, str, str]]:
    return sorted((one.name, repr(sorted(map(repr, one.add))), repr(sorted(map(repr, one.remove)))) for one in changes)
