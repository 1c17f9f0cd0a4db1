"""Phase 3, export execution: send the pending exports through the connector, and mark them `Exported`."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from engine.connectors.base import Connector, ExportOperation, ExportResult
from engine.errors import ConnectionLost, ObjectFailed, StepFailed
from engine.events import Progress
from engine.gates.limits import Stop
from engine.gates.mass_changes import look_before_changing
from engine.labels import label_of
from engine.pending_exports.names import check_dn
from engine.pending_exports.waves import OWED, REFERRING
from engine.phases.exporting.approval_gate import send_back_unapproved
from engine.phases.exporting.deletion_gate import look_before_deleting, stopped
from engine.phases.exporting.doubtful_writes import adopt_or_refuse, follow_renamed, settle_interrupted, write_the_rest
from engine.phases.exporting.failures import failed
from engine.phases.exporting.interim_names import take_interim_names
from engine.phases.exporting.order import Sending, hold_back_references, wait_for_parents
from engine.step import Step
from storage import clock, exports, objects, transitions
from storage.records import AttributeChange, ChangeStatus, ChangeType, Cso, ExportStatus, PendingExport, StepResult
from storage.store import Transaction
from storage.transitions import Move

_ADOPTED = "adopted: it exists as it is meant, nothing was created"

Batch = list[Sending]


class Turn(NamedTuple):
    """A batch that is marked to be sent next, all of one wave."""

    wave: int
    batch: Batch
    before: list[PendingExport]
    """Its exports as they were."""


class Sent(NamedTuple):
    """A batch that was sent, and what the target answered; not stored yet."""

    batch: Batch
    results: list[ExportResult]
    lost: ConnectionLost | None
    """Why the connection broke before everything was answered."""

    @property
    def is_clean(self) -> bool:
        """Whether all of it was written."""
        return self.lost is None and all(result.error is None for result in self.results)


async def execute_exports(step: Step) -> AsyncIterator[Progress]:
    """Send every export that may be sent: creates parents first, renames, updates, deletes children first.

    What a crash left `Executing` is settled first, by looking at the target. While creates that refer to nobody are on
    their way, what became of those before them is stored, and the next are made ready.
    """
    async with step.workspace.connector(step.system) as connector:
        async for progress in settle_interrupted(step, connector, step.system):
            yield progress
        async with step.page() as tx:
            held = await look_before_changing(tx, step, step.system)
            step.total = await exports.count_sendable(tx, step.system)
        if held:
            raise StepFailed(f"{held}; nothing was sent", StepResult.STOPPED_CHANGES)
        size = step.settings.exports.batch_size or connector.capabilities.batch_size
        async for progress in take_interim_names(step, connector, size):
            yield progress
        queue = _Queue(step, size)
        turn, unstored = await queue.take(), None
        while turn is not None:
            turn, unstored = await _send(step, connector, queue, turn, unstored)
            yield step.progress()
        step.note(connector.notes)


class _Queue:
    """Takes the exports of a system in the order in which they are sent."""

    def __init__(self, step: Step, size: int) -> None:
        self._step = step
        self._size = size
        self._after = (-1, 0)
        self._looked: set[int] | None = None
        """The CSOs whose deletes were looked at; more may be approved while the step goes on."""

    async def take(self, wave: int | None = None) -> Turn | None:
        """Mark the next batch as `Executing`, or None where nothing is left; with a wave, only if it belongs to that.

        Raises `StepFailed` where the deletes that come next are too many, or the step has to stop.
        """
        turn: Turn | None = None
        stops: list[Stop] = []
        first = self._looked is None
        try:
            async with self._step.page() as tx:
                found = await exports.sendable(tx, self._step.system, self._after, self._size)
                if not found or wave not in (None, found[0].wave):
                    return None
                if {one.cso_id for one in found if one.change_type == ChangeType.DELETE} - (self._looked or set()):
                    stops, self._looked = await look_before_deleting(tx, self._step)
                if not stops:
                    self._after = (found[-1].wave, found[-1].id)
                    batch = await _begin(tx, self._step, found)
                    sent = {one.export.id for one in batch}
                    turn = Turn(found[0].wave, batch, [one for one in found if one.id in sent])
        except StepFailed:
            if turn is not None:
                await _put_back(self._step, turn)
            raise
        if stops:
            raise stopped(stops, first=first)
        return turn


async def _send(
    step: Step, connector: Connector, queue: _Queue, turn: Turn, unstored: Sent | None
) -> tuple[Turn | None, Sent | None]:
    """Send a batch; meanwhile store the one before, and take the next where that does not depend on this one.

    Gives what is to be sent next and, where that need not wait, what is still to be stored. It has to wait where
    anything failed: too many failures end the step before more is sent.
    """
    following: Turn | None = None
    stop: StepFailed | None = None
    sending = asyncio.create_task(_execute(step, connector, turn.batch))
    try:
        if unstored is not None:
            await _store(step, unstored)
        if turn.wave < REFERRING:
            following = await queue.take(turn.wave)
    except StepFailed as failure:
        stop = failure
    finally:
        await asyncio.wait([sending])  # an error of the store does not take the connection away from under it
    try:
        sent = sending.result()
        if following is not None and sent.is_clean:
            return following, sent
        await _store(step, sent, may_stop=stop is None)
    except StepFailed:
        if following is not None:
            await _put_back(step, following)
        raise
    if stop is not None:
        raise stop
    return await queue.take(), None


async def _put_back(step: Step, turn: Turn) -> None:
    """Let a batch that was not sent be as it was."""
    async with step.workspace.store.transaction() as tx:
        await exports.change(tx, turn.before)
        labels = {one.export.id: label_of(one.cso) for one in turn.batch}
        executing, why = ExportStatus.EXECUTING, "not sent: the step was stopped before"
        moves = [Move("export", one.id, step.system, labels[one.id], executing, one.status, why) for one in turn.before]
        await transitions.record(tx, moves, step_id=step.id)


async def _begin(tx: Transaction, step: Step, found: list[PendingExport]) -> Batch:
    """Mark a batch as `Executing`; what cannot be sent is recorded as failed, or sent back for approval."""
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in found])}
    approved = await send_back_unapproved(tx, step, found, csos)
    approved = await wait_for_parents(tx, step, approved, csos)
    ready: list[tuple[PendingExport, Cso]] = []
    refused: list[PendingExport] = []
    named = {kind for kind in {export.type for export in approved} if step.workspace.is_dn(step.system, kind)}
    for export in approved:
        cso = csos[export.cso_id]
        try:
            if export.type in named:
                _determine_dn(export, cso)
        except ObjectFailed as failure:
            refused.append(failed(step, export, cso, export.status, failure.error))
            step.done += 1
            continue
        ready.append((export, cso))
    await exports.change(tx, refused)
    sending = [one for one in await hold_back_references(tx, step, ready) if not _waits_for_references(one)]
    await exports.mark_executing(tx, [one.export.id for one in sending], step_id=step.id)
    return sending


def _waits_for_references(one: Sending) -> bool:
    """Tell whether all that there is to send waits for what it refers to."""
    export = one.export
    if export.change_type != ChangeType.UPDATE or not one.owed or export.new_secondary_id:
        return False
    return all(change.status == ChangeStatus.EXPORTED for change in export.changes)


def _determine_dn(export: PendingExport, cso: Cso) -> None:
    """Make sure that the object has a DN to be written under. Raises `ObjectFailed` with `dn-not-determined`."""
    check_dn(cso.secondary_id)
    if export.new_secondary_id is not None:
        check_dn(export.new_secondary_id)


def operation_for(one: Sending) -> ExportOperation:
    """Give what the connector has to do: whatever of the export was not sent already, and is not owed."""
    export, cso, _ = one
    creating = export.change_type == ChangeType.CREATE
    return ExportOperation(
        id=export.id,
        change_type=export.change_type,
        type=export.type,
        external_id=cso.external_id,
        secondary_id=cso.secondary_id,
        new_secondary_id=export.new_secondary_id,
        attributes=one.attributes() if creating else {},
        changes=[] if creating else [change for change in export.changes if change.status != ChangeStatus.EXPORTED],
    )


async def _execute(step: Step, connector: Connector, batch: Batch) -> Sent:
    """Execute a batch: what became of it, even of the part before the connection broke, and whether that broke."""
    if not batch:
        return Sent(batch, [], None)
    try:
        results = await connector.export([operation_for(one) for one in batch])
    except ConnectionLost as error:
        return Sent(batch, list(error.results), error)
    try:
        return Sent(batch, await _look_again(step, connector, batch, results), None)
    except ConnectionLost as error:
        return Sent(batch, [result for result in results if result.error is None], error)


async def _store(step: Step, sent: Sent, *, may_stop: bool = True) -> None:
    """Store what became of a batch: written, which nobody believes until it was imported back, or failed.

    Raises `ConnectionLost` where the connection broke.
    """
    batch, results, lost = sent
    by_id = {result.id: result for result in results}
    async with step.page(may_stop=may_stop and lost is None) as tx:
        written: dict[str, list[int]] = {}
        changed: list[PendingExport] = []
        learned: list[tuple[int, str]] = []
        for one in batch:
            export, cso, owed = one
            if (result := by_id.get(export.id)) is None:
                continue
            step.done += 1
            if result.error is None:
                step.statistics["adopted" if result.adopted else _counted_as(export)] += 1
                if owed:
                    changed.append(_exported_in_part(step, export, cso, owed))
                else:
                    written.setdefault(_ADOPTED if result.adopted else "written", []).append(export.id)
                if result.external_id and result.external_id != cso.external_id:
                    learned.append((cso.id, result.external_id))
            else:
                whole = export._replace(changes=[*export.changes, *owed])
                changed.append(failed(step, whole, cso, ExportStatus.EXECUTING, result.error))
        for reason, ids in written.items():
            await exports.mark_exported(tx, ids, step_id=step.id, reason=reason)
        await exports.change(tx, changed)
        await objects.learn_external_ids(tx, learned)
    if lost is not None:
        raise lost


async def _look_again(
    step: Step, connector: Connector, batch: Batch, results: list[ExportResult]
) -> list[ExportResult]:
    """Look at the target where a failure may be none: adopted, moved, or gone already."""
    sent = {one.export.id: one for one in batch}
    settled = []
    for result in results:
        if result.error is None:
            settled.append(result)
            continue
        export, cso, _ = sent[result.id]
        match (export.change_type, result.error.code):
            case (ChangeType.CREATE, "existing-object"):
                settled.append(await adopt_or_refuse(step, connector, cso, result))
            case (ChangeType.DELETE | ChangeType.UPDATE, "missing-object"):
                settled.append(await follow_renamed(step, connector, operation_for(sent[result.id]), result))
            case (ChangeType.UPDATE, "missing-value" | "existing-value"):
                one = sent[result.id]
                settled.append(await write_the_rest(step, connector, one, operation_for(one), result))
            case _:
                settled.append(result)
    return settled


def _counted_as(export: PendingExport) -> str:
    """Give what an export that was written is counted as in the step's statistics."""
    match export.change_type:
        case ChangeType.CREATE:
            return "adds"
        case ChangeType.DELETE:
            return "deletes"
        case ChangeType.UPDATE:
            return "updates" if export.new_secondary_id is None else "renames"


def _exported_in_part(step: Step, export: PendingExport, cso: Cso, owed: list[AttributeChange]) -> PendingExport:
    """Mark an export as written but for what it owes: that is sent later in the same step, or by the next."""
    why = "written; references to what was created meanwhile come last"
    executing, pending = ExportStatus.EXECUTING, ExportStatus.PENDING
    step.moved(Move("export", export.id, step.system, label_of(cso), executing, pending, why))
    sent = [change._replace(status=ChangeStatus.EXPORTED) for change in export.changes]
    return export._replace(
        change_type=ChangeType.UPDATE,
        status=pending,
        wave=OWED,
        new_secondary_id=None,
        changes=[*sent, *owed],
        attempts=export.attempts + 1,
        next_retry_at=None,
        error_code=None,
        error_message=None,
        changed_at=clock.now(),
    )
