"""Pending deletes: sendable under an approval, else awaiting one."""

from engine.pending_exports.waves import DELETES
from engine.values import dn
from storage import clock
from storage.records import (
    ChangeType,
    Cso,
    ExportStatus,
    PendingExport,
)


def stage_delete(
    cso: Cso, export: PendingExport | None, export_id: int, approval_id: int | None, cause: str
) -> PendingExport:
    """Give the export that deletes an object: sendable under an approval, else awaiting one."""
    at = clock.now()
    return PendingExport(
        id=export.id if export else export_id,
        cso_id=cso.id,
        system=cso.system,
        type=cso.type,
        change_type=ChangeType.DELETE,
        status=ExportStatus.PENDING if approval_id is not None else ExportStatus.AWAITING_APPROVAL,
        wave=DELETES - dn.depth(cso.secondary_id or ""),
        changes=[],
        approval_id=approval_id,
        cause=cause,
        created_at=export.created_at if export else at,
        changed_at=at,
    )
