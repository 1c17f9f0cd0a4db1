"""Phase 3, order: references wait until what they name was created, and children until their parents were."""

from typing import Any, NamedTuple

from engine.pending_exports.changes import was_sent
from engine.step import Step
from engine.values import dn
from engine.workspace import Workspace
from storage import exports, objects
from storage.records import AttributeChange, Attributes, ChangeStatus, ChangeType, Cso, PendingExport
from storage.store import Transaction


class Sending(NamedTuple):
    """An export about to be sent: what goes now, and the references that are owed until later in the step."""

    export: PendingExport
    cso: Cso
    owed: list[AttributeChange]

    def attributes(self) -> Attributes:
        """Give what an object is created with: everything planned that is not owed."""
        if not self.owed:
            return self.cso.attributes
        late = {change.name: set(change.add) for change in self.owed}
        return {
            name: kept
            for name, values in self.cso.attributes.items()
            if (kept := [value for value in values if value not in late[name]] if name in late else values)
        }


async def hold_back_references(tx: Transaction, step: Step, found: list[tuple[PendingExport, Cso]]) -> list[Sending]:
    """Split off the references that name objects which are planned and were not created yet."""
    workspace = step.workspace
    kinds = {kind: _reference_names(workspace, step.system, kind) for kind in {export.type for export, _ in found}}
    if not any(kinds.values()):
        return [Sending(export, cso, []) for export, cso in found]
    keys: dict[str, str] = {}
    for export, _ in found:
        for change in _references(export, kinds[export.type]):
            for value in change.add:
                keys[value] = workspace.secondary_key(export.system, export.type, value) or value
    if not keys:
        return [Sending(export, cso, []) for export, cso in found]
    planned = await objects.planned_among(tx, step.system, set(keys.values()))
    open_exports = await exports.of_objects(tx, planned)
    missing = {
        key for cso_id, key in planned.items() if cso_id not in open_exports or not was_sent(open_exports[cso_id])
    }
    own = {cso.id: workspace.secondary_key(cso.system, cso.type, cso.secondary_id) for _, cso in found}
    sending = []
    for export, cso in found:
        owed = [
            _late(change, late, creating=export.change_type == ChangeType.CREATE)
            for change in _references(export, kinds[export.type])
            if (late := [value for value in change.add if keys[value] in missing and keys[value] != own[cso.id]])
        ]
        sending.append(Sending(_without(export, owed), cso, owed))
    return sending


def _late(change: AttributeChange, values: list[Any], *, creating: bool) -> AttributeChange:
    """Give the part of a change that waits; what replaces another value waits as a whole, and the old one stays."""
    if change.replace and not creating:
        return change._replace(status=ChangeStatus.PENDING)
    return change._replace(add=values, remove=[], replace=False, status=ChangeStatus.PENDING)


def _reference_names(workspace: Workspace, system: str, object_type: str) -> frozenset[str]:
    """Name the attributes of a type that hold DNs of other objects."""
    if not workspace.is_dn(system, object_type):
        return frozenset()
    declared = workspace.declared(system, object_type)
    return frozenset(name for name, settings in declared.items() if settings.kind == "reference")


def _references(export: PendingExport, names: frozenset[str]) -> list[AttributeChange]:
    """Give the references that are still to be sent."""
    if export.change_type == ChangeType.DELETE:
        return []
    return [change for change in export.changes if change.name in names and change.status != ChangeStatus.EXPORTED]


def _without(export: PendingExport, owed: list[AttributeChange]) -> PendingExport:
    """Give an export without the values that are owed, and without changes that have nothing else."""
    late = {change.name: set(change.add) for change in owed}
    changes = []
    for change in export.changes:
        if change.name not in late or change.status == ChangeStatus.EXPORTED:
            changes.append(change)
            continue
        add = [value for value in change.add if value not in late[change.name]]
        if export.change_type == ChangeType.CREATE or not change.replace:
            changes += [change._replace(add=add, replace=False)] if add or change.remove else []
    return export._replace(changes=changes)


async def wait_for_parents(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Give those of some creates whose parent, where it is planned too, was sent already; the others come after it."""
    creates = [export for export in found if export.change_type == ChangeType.CREATE]
    if not creates or not step.workspace.is_dn(creates[0].system, creates[0].type):
        return found
    above = {export.id: dn.parent(csos[export.cso_id].secondary_id or "") for export in creates}
    read_key = step.workspace.key_reader(creates[0].system, creates[0].type)  # all types of a system are named alike
    keys = {parent: read_key(parent) for parent in set(above.values()) if parent}
    planned = await objects.planned_among(tx, step.system, set(keys.values()))
    open_exports = await exports.of_objects(tx, planned)
    later = {
        planned[cso_id]: export.wave + 1
        for cso_id, export in open_exports.items()
        if not was_sent(export) and export.wave >= found[0].wave
    }
    late = [export._replace(wave=later[key]) for export in creates if (key := keys.get(above[export.id])) in later]
    await exports.change(tx, late)
    waiting = {export.id for export in late}
    return [export for export in found if export.id not in waiting]
