"""Go on with an older store: what was decided and sent since it was copied is not in it, so it is asked again."""

import asyncio
import os
import socket
from pathlib import Path
from typing import NamedTuple

from engine.approvals.audit import record
from engine.decisions.deciding import Decision
from engine.decisions.withdrawing import take_back
from engine.errors import DecisionRefused
from engine.labels import label_of
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import audit, clock, exports, lease, objects, reviews, runs, transitions
from storage.records import (
    BatchState,
    ChangeType,
    Entity,
    ExportStatus,
    HeldBatch,
    PendingExport,
    StepResult,
)
from storage.store import Transaction
from storage.transitions import Move

PROFILE = "store restore"
PAGE = 1_000


class RestoredStore(NamedTuple):
    """What is asked again: the run that holds the creates, how many approvals are void, how many creates are held."""

    run_id: int
    approvals: int
    creates: int
    replaced: Path | None
    """A copy of the store that was here."""


async def restore_store(workspace: Workspace, file: Path | None, *, operator: str, reason: str) -> RestoredStore:
    """Put a backup in the store's place, or go on with the older store that stands there already.

    Approvals that were not carried out are void, their deletes and the creates that were not sent are asked again.
    Raises `NotAllowed`, `DecisionRefused`, `AlreadyRunning` or another `StoreError`.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "restore the store")
    await _refuse(workspace, file, reason)
    replaced = None
    if file is not None:
        replaced = await asyncio.to_thread(workspace.store.place.put_in_place, file)
    async with workspace.store.transaction() as tx:
        return (await _ask_again(tx, workspace, file, operator, reason))._replace(replaced=replaced)


async def _refuse(workspace: Workspace, file: Path | None, reason: str) -> None:
    """Raise `DecisionRefused` where there is no reason, or nothing to restore, and `AlreadyRunning`."""
    if not reason.strip():
        raise DecisionRefused("a reason is wanted: say it with --reason")
    async with workspace.store.reading() as tx:
        await lease.ensure_free(tx)
        if file is None and await audit.put_back(tx) is None:
            raise DecisionRefused(f"{workspace.store.name} is no older store; name the backup to put in its place")


async def _ask_again(
    tx: Transaction, workspace: Workspace, file: Path | None, operator: str, reason: str
) -> RestoredStore:
    audit.accept_as_it_is(tx)
    await lease.ensure_free(tx)
    await runs.interrupt_dead(tx, "it was going on when the store was copied")
    run_id = await runs.start(tx, profile=PROFILE, operator=operator, host=socket.gethostname(), pid=os.getpid())
    held = await _hold_creates(tx, run_id, operator)
    ids = await reviews.that_still_allow(tx)
    outcomes = await take_back(tx, workspace, ids, Decision("withdraw", operator, f"the store was restored: {reason}"))
    void = sum(not one.refusal for one in outcomes)
    details = {"file": str(file) if file else None, "reason": reason, "approvals": void, "creates": held}
    await record(tx, workspace, operator=operator, action="restore-store", subject=f"run-{run_id}", details=details)
    backlog = sum(count for *_, count in await exports.counts(tx))
    waiting = await reviews.count_waiting(tx)
    await runs.finish(tx, run_id, StepResult.SUCCESS, backlog=backlog, waiting=waiting)
    return RestoredStore(run_id, void, held, None)


async def _hold_creates(tx: Transaction, run_id: int, operator: str) -> int:
    """Hold the creates that were not sent, a batch for each system and type: they may have been, since."""
    found: dict[tuple[str, str], list[PendingExport]] = {}
    for system in sorted({system for system, *_ in await exports.counts(tx)}):
        for export in await _unsent_creates(tx, system):
            found.setdefault((export.system, export.type), []).append(export)
    for (system, kind), creates in found.items():
        await _hold(tx, run_id, system, kind, creates, operator)
    return sum(map(len, found.values()))


async def _unsent_creates(tx: Transaction, system: str) -> list[PendingExport]:
    creates: list[PendingExport] = []
    after = 0
    while page := await exports.with_status(tx, system, [ExportStatus.PENDING], after, PAGE):
        after = page[-1].id
        creates += [one for one in page if one.change_type == ChangeType.CREATE and not one.held]
    return creates


async def _hold(
    tx: Transaction, run_id: int, system: str, kind: str, creates: list[PendingExport], operator: str
) -> None:
    at = clock.now()
    await exports.change(tx, [one._replace(held=True, changed_at=at) for one in creates])
    labels = {cso.id: label_of(cso) for cso in await objects.get(tx, [one.cso_id for one in creates])}
    why = "held: the store was restored, and it may have been created since"
    moves = [Move(Entity.EXPORT, one.id, system, labels[one.cso_id], one.status, one.status, why) for one in creates]
    await transitions.record(tx, moves, operator=operator)
    batch = HeldBatch(
        id=0,
        run_id=run_id,
        step_id=0,
        system=system,
        type=kind,
        gate=reviews.AFTER_RESTORE,
        missing=len(creates),
        arithmetic=f"{len(creates):,} {kind} objects of '{system}' were not created when the store was copied",
        state=BatchState.HELD,
        at=at,
        decided_by=None,
        reason=None,
    )
    await reviews.hold(tx, batch, [one.cso_id for one in creates])
