"""Phase 2, provisioning: give an MVO that has no object in a target a planned one."""

from engine.configuration import external_ids
from engine.pending_exports.waves import REFERRING, REFERRING_TO_MANY
from engine.phases.evaluating.desired_state import Desired
from engine.values import dn
from engine.workspace import Workspace
from storage import clock
from storage.objects import Content, PlannedCso, content_of
from storage.records import (
    AttributeChange,
    Attributes,
    ChangeStatus,
    ChangeType,
    ExportStatus,
    PendingExport,
)


def create_pending_provisioning_cso(
    workspace: Workspace, desired: Desired, planned: Attributes, cso_id: int
) -> PlannedCso:
    """Plan a CSO with its planned attributes and its DN, so that the export has something to build a DN from."""
    return PlannedCso(cso_id, *desired.target, plan_of(workspace, desired, planned), planned, desired.mvo.id)


def plan_of(workspace: Workspace, desired: Desired, planned: Attributes) -> Content:
    """Give what a planned CSO holds.

    Where the target's primary external id is one of the planned attributes, it is known from the start.
    """
    settings = workspace.object_type(*desired.target)
    ids = planned.get(settings.external_id, [])
    return content_of(
        planned,
        external_id=external_ids.writer(settings)(ids[0]) if ids else None,
        secondary_id=desired.secondary_id,
        secondary_key=desired.secondary_key,
    )


def _wave(workspace: Workspace, desired: Desired, planned: Attributes) -> int:
    declared = workspace.declared(*desired.target)
    types = [declared[name] for name in planned if name in declared]
    many = [one.multi for one in types if one.kind == "reference"]
    return dn.depth(desired.secondary_id or "") + (REFERRING_TO_MANY if any(many) else REFERRING if many else 0)


def create_export(
    workspace: Workspace, desired: Desired, planned: Attributes, cso_id: int, export_id: int
) -> PendingExport:
    """Stage a Create: it carries every mapped attribute that has values."""
    changes = [AttributeChange(name, values, [], True, ChangeStatus.PENDING) for name, values in planned.items()]
    at = clock.now()
    return PendingExport(
        id=export_id,
        cso_id=cso_id,
        system=desired.target[0],
        type=desired.target[1],
        change_type=ChangeType.CREATE,
        status=ExportStatus.PENDING,
        wave=_wave(workspace, desired, planned),
        changes=changes,
        cause=f"provisioned by rule '{desired.rules[0].name}'",
        created_at=at,
        changed_at=at,
    )
