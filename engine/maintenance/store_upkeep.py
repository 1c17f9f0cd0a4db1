"""Look after the store: back it up, prove it sound, make it smaller."""

import asyncio
from pathlib import Path

from engine.approvals.audit import record, verified_approvals, verify
from engine.approvals.consequences import covers_delete
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import exports, lease, objects, reviews, soundness
from storage.records import PendingExport, ReviewState
from storage.store import Transaction

PAGE = 1_000
UNAPPROVED = "deletes without an approval that stands in the audit log; it will not be sent"
JOINED_TO_NOTHING = "is joined to a metaverse object that is not there"


async def back_up(workspace: Workspace, copy: Path, *, operator: str) -> None:
    """Copy the store to a new file, as it is at one moment. Raises `NotAllowed` or `StoreError`."""
    require(workspace.config, operator, Role.ADMINISTRATOR, "back the store up")
    await asyncio.to_thread(workspace.store.place.back_up, copy)
    await _record(workspace, operator, "backup", {"file": str(copy)})


async def make_smaller(workspace: Workspace, *, operator: str) -> tuple[int, int]:
    """Give unused room back to the disk, and give the file's bytes before and after.

    Raises `NotAllowed`, `AlreadyRunning` or another `StoreError`.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "make the store smaller")
    async with workspace.store.transaction() as tx:
        await lease.ensure_free(tx)
    before, after = await asyncio.to_thread(workspace.store.place.make_smaller)
    await _record(workspace, operator, "vacuum", {"bytes_before": before, "bytes_after": after})
    return before, after


async def _record(workspace: Workspace, operator: str, action: str, details: dict[str, object]) -> None:
    async with workspace.store.transaction() as tx:
        await record(tx, workspace, operator=operator, action=action, subject="store", details=details)


async def faults_of(workspace: Workspace, *, operator: str) -> list[str]:
    """Tell everything that is wrong with the store, a sentence each. Raises `NotAllowed`."""
    require(workspace.config, operator, Role.ADMINISTRATOR, "check the store")
    if found := await asyncio.to_thread(workspace.store.place.damage):
        return found
    async with workspace.store.reading() as tx:
        verdict = await verify(tx)
        found = [f"audit-{fault.entry_id}: {fault.what}" for fault in verdict.faults]
        found += await _unapproved_deletes(tx)
        found += [f"cso-{cso} {JOINED_TO_NOTHING}" for cso in await soundness.joined_to_nothing(tx)]
    return found


async def _unapproved_deletes(tx: Transaction) -> list[str]:
    ids = await soundness.deletes_under_way(tx)
    found = []
    for start in range(0, len(ids), PAGE):
        listed = await exports.get(tx, ids[start : start + PAGE])
        covered = await _covered(tx, listed)
        found += [f"exp-{one.id} {UNAPPROVED}" for one in listed if one.id not in covered]
    return found


async def _covered(tx: Transaction, deletes: list[PendingExport]) -> set[int]:
    """Give the deletes that a live approval covers which stands in the audit log."""
    items = {item.id: item for item in await reviews.get(tx, [one.approval_id for one in deletes if one.approval_id])}
    verified = await verified_approvals(tx, items.values())
    csos = {cso.id: cso for cso in await objects.get(tx, [one.cso_id for one in deletes])}
    return {
        one.id
        for one in deletes
        if one.approval_id in verified
        and items[one.approval_id].state in (ReviewState.APPROVED, ReviewState.CARRIED_OUT)
        and covers_delete(items[one.approval_id].consequences, csos[one.cso_id])
    }
