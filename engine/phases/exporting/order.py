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


Batch = list[Sending]


async def hold_back_references(tx: Transaction, step: Step, found: list[tuple[PendingExport, Cso]]) -> list[Sending]:
    """Split off the references that name objects which are planned and were not created yet."""
    workspace = step.workspace
    kinds = {kind: _reference_names(workspace, step.system, kind) for kind in {export.type for export, _ in found}}
    keys = _keys_of_references(workspace, found, kinds)
    late = await _not_created(tx, step, keys) if keys else {}
    if not late:
        return [Sending(export, cso, []) for export, cso in found]
    sending = []
    for export, cso in found:
        own = workspace.secondary_key(cso.system, cso.type, cso.secondary_id)
        owed = _owed(export, kinds[export.type], late, own)
        sending.append(Sending(_without(export, owed) if owed else export, cso, owed))
    return sending


def _keys_of_references(
    workspace: Workspace, found: list[tuple[PendingExport, Cso]], kinds: dict[str, frozenset[str]]
) -> dict[str, str]:
    """Give the DNs that some exports refer to, each with its key."""
    keys: dict[str, str] = {}
    for export, _ in found:
        for change in _references(export, kinds[export.type]):
            for value in change.add:
                keys[value] = workspace.secondary_key(export.system, export.type, value) or value
    return keys


async def _not_created(tx: Transaction, step: Step, keys: dict[str, str]) -> dict[str, str]:
    """Give those of some DNs, with their keys, whose objects are planned and were not created yet."""
    planned = await objects.planned_among(tx, step.system, set(keys.values()))
    staged = await exports.of_objects(tx, planned)
    missing = {key for cso_id, key in planned.items() if cso_id not in staged or not was_sent(staged[cso_id])}
    return {name: key for name, key in keys.items() if key in missing}


def _owed(export: PendingExport, names: frozenset[str], late: dict[str, str], own: str | None) -> list[AttributeChange]:
    """Give the references of an export that wait for what they name; whoever names itself need not wait."""
    owed = []
    for change in _references(export, names):
        values = [value for value in change.add if value in late and late[value] != own]
        if values:
            owed.append(_late(change, values, creating=export.change_type == ChangeType.CREATE))
    return owed


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
    if not names or export.change_type == ChangeType.DELETE:
        return []
    return [change for change in export.changes if change.name in names and change.status != ChangeStatus.EXPORTED]


def _without(export: PendingExport, owed: list[AttributeChange]) -> PendingExport:
    """Give an export without the values that are owed, and without changes that have nothing else."""
    late = {change.name: set(change.add) for change in owed}
    changes = []
    for change in export.changes:
        if change.name not in late or change.status == ChangeStatus.EXPORTED:
            changes.append(change)
        else:
            changes += _rest(change, late[change.name], creating=export.change_type == ChangeType.CREATE)
    return export._replace(changes=changes)


def _rest(change: AttributeChange, late: set[Any], *, creating: bool) -> list[AttributeChange]:
    """Give what is left of a change, if anything, without the values that are owed."""
    if change.replace and not creating:
        return []
    add = [value for value in change.add if value not in late]
    return [change._replace(add=add, replace=False)] if add or change.remove else []


async def wait_for_parents(
    tx: Transaction, step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> list[PendingExport]:
    """Give those of some creates whose parent, where it is planned too, was sent already; the others come after it."""
    creates = [export for export in found if export.change_type == ChangeType.CREATE]
    if not creates or not step.workspace.is_dn(creates[0].system, creates[0].type):
        return found
    above = _parent_keys(step.workspace, creates, csos)
    later = await _waves_after(tx, step, set(above.values()), found[0].wave)
    late = [export._replace(wave=later[above[export.id]]) for export in creates if above.get(export.id) in later]
    await exports.change(tx, late)
    waiting = {export.id for export in late}
    return [export for export in found if export.id not in waiting]


def _parent_keys(workspace: Workspace, creates: list[PendingExport], csos: dict[int, Cso]) -> dict[int, str]:
    """Give the key of the parent under which each of some exports creates an object."""
    above = {export.id: dn.parent(csos[export.cso_id].secondary_id or "") for export in creates}
    read_key = workspace.key_reader(creates[0].system, creates[0].type)  # all types of a system are named alike
    keys = {parent: read_key(parent) for parent in set(above.values()) if parent}
    return {export_id: keys[parent] for export_id, parent in above.items() if parent}


async def _waves_after(tx: Transaction, step: Step, keys: set[str], wave: int) -> dict[str, int]:
    """Give the wave after that in which each planned object with one of some keys is created, if it is still to be."""
    planned = await objects.planned_among(tx, step.system, keys)
    staged = await exports.of_objects(tx, planned)
    coming = {cso_id: export for cso_id, export in staged.items() if not was_sent(export) and export.wave >= wave}
    return {planned[cso_id]: export.wave + 1 for cso_id, export in coming.items()}
