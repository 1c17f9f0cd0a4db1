"""Undo a deletion that was carried out: create the object again from what it last held."""

from typing import NamedTuple

from engine.approvals.audit import record
from engine.connectors.directory_types import SERVER_ASSIGNED, is_secret
from engine.errors import DecisionRefused
from engine.labels import label_of
from engine.pending_exports.waves import UPDATES
from engine.phases.join_index import index_keys
from engine.roles import Role, require
from engine.values import dn
from engine.workspace import Workspace
from storage import clock, counters, exports, join_keys, key_owners, objects, reviews, tombstones, transitions
from storage.objects import PlannedCso, content_of
from storage.records import (
    AttributeChange,
    ChangeStatus,
    ChangeType,
    Cso,
    CsoStatus,
    Entity,
    ExportStatus,
    PendingExport,
)
from storage.store import Transaction
from storage.tombstones import Tombstone
from storage.transitions import Move


class Restored(NamedTuple):
    """What was staged for one object, and what cannot come back."""

    cso_id: int
    label: str
    staged: list[str]
    lost: list[str]


async def restore(workspace: Workspace, kind: str, number: int, *, operator: str, reason: str) -> list[Restored]:
    """Stage a Create for a deleted target object (`cso`), or for all that were deleted under a review item (`rev`).

    Its attributes and groups are what they last were; its primary external id is a new one. Raises `DecisionRefused`,
    and `NotAllowed`.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "restore")
    async with workspace.store.transaction() as tx:
        found = await _deleted(tx, workspace, kind, number)
        restored = [await _restore(tx, workspace, one) for one in found]
        planned, why = CsoStatus.PENDING_PROVISIONING, f"restored: {reason}"
        moves = [
            Move(Entity.CSO, one.cso_id, gone.system, one.label, None, planned, why)
            for one, gone in zip(restored, found, strict=True)
        ]
        await transitions.record(tx, moves, operator=operator)
        details = {"objects": {f"cso-{one.cso_id}": one.label for one in restored}, "reason": reason}
        await record(tx, workspace, operator=operator, action="restore", subject=f"{kind}-{number}", details=details)
    return restored


async def _deleted(tx: Transaction, workspace: Workspace, kind: str, number: int) -> list[Tombstone]:
    """Find what is to be restored, in targets that are written to. Raises `DecisionRefused`."""
    targets = workspace.rules.target_types()
    found = await (tombstones.of_review(tx, number) if kind == "rev" else tombstones.of_object(tx, number))
    if not found:
        raise DecisionRefused(f"nothing that was deleted is known as {kind}-{number}; 'interlock transitions' has all")
    written = [one for one in found if (one.system, one.type) in targets]
    written = [one for one in written if one.restored_as is None] or written
    if not written:
        raise DecisionRefused(f"'{found[0].system}' is not written to: {found[0].label} comes back once seen again")
    return written


async def _restore(tx: Transaction, workspace: Workspace, gone: Tombstone) -> Restored:
    await _refuse_where_there(tx, workspace, gone)
    assigned = workspace.object_type(gone.system, gone.type).external_id.lower() in SERVER_ASSIGNED
    attributes = {
        name: values
        for name, values in gone.attributes.items()
        if name.lower() not in SERVER_ASSIGNED and not is_secret(name)
    }
    content = content_of(
        attributes,
        external_id=None if assigned else gone.external_id,
        secondary_id=gone.secondary_id,
        secondary_key=workspace.secondary_key(gone.system, gone.type, gone.secondary_id),
    )
    cso_id = await counters.allocate(tx, "objects", 1)
    await objects.add_planned(tx, [PlannedCso(cso_id, gone.system, gone.type, content, attributes, None)])
    await _index(tx, workspace, gone, cso_id)
    changes = [AttributeChange(name, values, [], True, ChangeStatus.PENDING) for name, values in attributes.items()]
    depth = dn.depth(gone.secondary_id or "")
    cause = f"restored from cso-{gone.object_id}"
    export_id = await _stage(tx, gone.system, gone.type, cso_id, ChangeType.CREATE, depth, changes, cause)
    await tombstones.mark_restored(tx, gone.id, cso_id)
    staged, lost = await _restore_groups(tx, workspace, gone)
    created = f"exp-{export_id} creates it, with {', '.join(sorted(attributes)) or 'no attributes'}"
    return Restored(cso_id, gone.label, [created, *staged], [*_lost(gone, assigned=assigned), *lost])


async def _index(tx: Transaction, workspace: Workspace, gone: Tombstone, cso_id: int) -> None:
    """Let the object be found by the keys of its type, so that its person is joined to it should they come back."""
    owner = key_owners.of_system(gone.system, gone.type)
    if workspace.rules.joins.get(owner):
        await join_keys.replace(tx, owner, [cso_id], index_keys(workspace, owner, await objects.get(tx, [cso_id])))


async def _refuse_where_there(tx: Transaction, workspace: Workspace, gone: Tombstone) -> None:
    """Raise `DecisionRefused` where the object was restored, is there again, or its name is taken."""
    if gone.restored_as is not None:
        raise DecisionRefused(f"{gone.label} was restored already, as cso-{gone.restored_as}")
    key = workspace.secondary_key(gone.system, gone.type, gone.secondary_id)
    holders = await objects.holders_of(tx, gone.system, [key]) if key is not None else []
    if gone.external_id is not None:
        known = await objects.known_by_external_id(tx, gone.system, gone.type, [gone.external_id])
        holders += await objects.get(tx, [one.id for one in known])
    if holders:
        raise DecisionRefused(f"{gone.label} is there again: cso-{holders[0].id} ({label_of(holders[0])}) has its name")
    if gone.mvo_id is not None:
        for other in await objects.joined_to(tx, [gone.mvo_id]):
            if (other.system, other.type) == (gone.system, gone.type):
                raise DecisionRefused(f"its person has another account there: cso-{other.id} ({label_of(other)})")


async def _restore_groups(tx: Transaction, workspace: Workspace, gone: Tombstone) -> tuple[list[str], list[str]]:
    """Stage the way back into the groups it was in; say of those that rules write, or that are gone, why not."""
    items = await reviews.get(tx, [gone.review_id]) if gone.review_id is not None else []
    left = [entry for item in items for entry in item.consequences.get("groups", []) if entry[4] == gone.object_id]
    groups = {cso.id: cso for cso in await objects.get(tx, [entry[0] for entry in left])}
    open_exports = await exports.of_objects(tx, groups)
    staged, lost = [], []
    for group_id, _, label, attribute, _ in left:
        group = groups.get(group_id)
        if group is None or group.status != CsoStatus.NORMAL:
            lost.append(f"its membership in {label}, which is gone")
        elif _is_written_by_rule(workspace, group, attribute):
            lost.append(f"its membership in {label}: rules write that, and put it back when its person is there again")
        elif group_id in open_exports:
            lost.append(f"its membership in {label}: exp-{open_exports[group_id].id} is pending there; add it by hand")
        else:
            name = gone.secondary_id if workspace.is_dn(gone.system, gone.type) else gone.external_id
            change = AttributeChange(attribute, [name], [], False, ChangeStatus.PENDING)
            cause = f"{gone.label} was restored"
            export_id = await _stage(
                tx, group.system, group.type, group.id, ChangeType.UPDATE, UPDATES, [change], cause
            )
            staged.append(f"exp-{export_id} puts it back into {label}")
    return staged, lost


def _is_written_by_rule(workspace: Workspace, group: Cso, attribute: str) -> bool:
    if group.mvo_id is None:
        return False
    outbound = (targets.get((group.system, group.type), []) for targets in workspace.rules.outbound.values())
    return any(flow.attribute == attribute for rules in outbound for rule in rules for flow in rule.flows)


async def _stage(
    tx: Transaction,
    system: str,
    object_type: str,
    cso_id: int,
    change_type: ChangeType,
    wave: int,
    changes: list[AttributeChange],
    cause: str,
) -> int:
    export_id = await counters.allocate(tx, "exports", 1)
    at = clock.now()
    export = PendingExport(
        id=export_id,
        cso_id=cso_id,
        system=system,
        type=object_type,
        change_type=change_type,
        status=ExportStatus.PENDING,
        wave=wave,
        changes=changes,
        cause=cause,
        created_at=at,
        changed_at=at,
    )
    await exports.add(tx, [export])
    return export_id


def _lost(gone: Tombstone, *, assigned: bool) -> list[str]:
    """Say what no system gives back."""
    lost = ["its password: it has to be set anew", "whatever was never imported of it"]
    if assigned and gone.external_id:
        lost.insert(0, f"its id {gone.external_id}: it gets a new one, which whatever knew it does not know")
    return lost
