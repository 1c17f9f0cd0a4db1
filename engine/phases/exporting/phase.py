"""Phase 3, export execution: send the pending exports through the connector, and mark them `Exported`.

what a crash left `Executing`            settle_interrupted       doubtful_writes.py
too many changes of one attribute        look_before_changing     gates/mass_changes.py
names that change in a circle            take_interim_names       interim_names.py
its hours, its rate, how many a run      pace_of                  pace.py
take the next batch, in waves            _Queue.take
    too many deletes                     look_before_deleting     deletion_gate.py
    only approved deletes                send_back_unapproved     approval_gate.py
    deletes of what is wanted again      withdraw_wanted          still_wanted.py
    creates of whom no source gives      hold_sourceless          sourceless.py
    children after their parents         wait_for_parents         order.py
    references last                      hold_back_references     order.py
    passwords to be delivered            mark_owed                owed_passwords.py
send it                                  _execute
    what a failure is after a look       _settle_failure
        it exists                        adopt_or_refuse          doubtful_writes.py
        it was moved, or is gone         follow_renamed           doubtful_writes.py
store what became of it                  store                    outcomes.py
    what failed                          failed                   failures.py
"""

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
from engine.pending_exports.waves import REFERRING
from engine.phases.exporting.approval_gate import send_back_unapproved
from engine.phases.exporting.deletion_gate import look_before_deleting, stopped
from engine.phases.exporting.doubtful_writes import adopt_or_refuse, follow_renamed, settle_interrupted, write_the_rest
from engine.phases.exporting.failures import failed
from engine.phases.exporting.interim_names import take_interim_names
from engine.phases.exporting.order import Batch, Sending, hold_back_references, wait_for_parents
from engine.phases.exporting.outcomes import Sent, store
from engine.phases.exporting.owed_passwords import forget_unsent, mark_owed
from engine.phases.exporting.pace import Pace, pace_of, tell_waiting
from engine.phases.exporting.sourceless import hold_sourceless
from engine.step import Step
from storage import exports, objects, transitions
from storage.records import ChangeStatus, ChangeType, Cso, Entity, ExportStatus, PendingExport, StepResult
from storage.store import Transaction
from storage.transitions import Move


class Turn(NamedTuple):
    """A batch that is marked to be sent next, all of one wave."""

    wave: int
    batch: Batch
    before: list[PendingExport]
    """Its exports as they were."""


async def execute_exports(step: Step) -> AsyncIterator[Progress]:
    """Send every export that may be sent: creates parents first, renames, updates, deletes children first.

    What a crash left `Executing` is settled first, by looking at the target. While creates that refer to nobody are on
    their way, what became of those before them is stored, and the next are made ready.
    """
    async with step.connected() as connector:
        async for progress in settle_interrupted(step, connector, step.system):
            yield progress
        async with step.page() as tx:
            held = await look_before_changing(tx, step, step.system)
            step.total = await exports.count_sendable(tx, step.system)
            pace = await pace_of(tx, step)
        if held:
            raise StepFailed(f"{held}; nothing was sent", StepResult.STOPPED_CHANGES)
        try:
            size = step.settings.exports.batch_size or connector.capabilities.batch_size
            if not pace.why_not():
                async for progress in take_interim_names(step, connector, size):
                    yield progress
            queue = _Queue(step, connector, size, pace)
            turn, unstored = await queue.take(), None
            while turn is not None:
                turn, unstored = await _send(step, connector, queue, turn, unstored)
                yield step.progress()
        except StepFailed as failure:  # what an operator should know of what was sent is no less true
            failure.args = ("; ".join([str(failure), *connector.notes]),)
            raise
        step.note(connector.notes)
        if pace.why_not():
            async with step.page() as tx:
                await tell_waiting(tx, step, pace)


class _Queue:
    """Takes the exports of a system in the order in which they are sent."""

    def __init__(self, step: Step, connector: Connector, size: int, pace: Pace) -> None:
        self._step = step
        self._connector = connector
        self._size = size
        self.pace = pace
        self._after = (-1, 0)
        self._looked: set[int] | None = None
        """The CSOs whose deletes were looked at; more may be approved while the step goes on."""

    async def take(self, wave: int | None = None) -> Turn | None:
        """Mark the next batch as `Executing`, or None where nothing is left; with a wave, only if it belongs to that.

        Where the system has a rate, it waits for the batch's time before it is marked. Raises `StepFailed` where the
        deletes that come next are too many, or the step has to stop.
        """
        turn: Turn | None = None
        first = self._looked is None
        await self.pace.wait()
        size = self.pace.room(self._size)
        if size < 1:
            return None
        try:
            async with self._step.page() as tx:
                found = await exports.sendable(tx, self._step.system, self._after, size)
                if not found or wave not in (None, found[0].wave):
                    return None
                stops = await self._look_before_deleting(tx, found)
                if not stops:
                    turn = await self._take_turn(tx, found)
        except StepFailed:
            if turn is not None:
                await _put_back(self._step, turn)
            raise
        if stops:
            raise stopped(stops, first=first)
        self.pace.take(len(turn.batch) if turn is not None else 0)
        return turn

    async def _look_before_deleting(self, tx: Transaction, found: list[PendingExport]) -> list[Stop]:
        """Look at the deletes of the system where some come next that were not looked at; give why they may not go."""
        deleted = {one.cso_id for one in found if one.change_type == ChangeType.DELETE}
        if deleted <= (self._looked or set()):
            return []
        stops, self._looked = await look_before_deleting(tx, self._step)
        return stops

    async def _take_turn(self, tx: Transaction, found: list[PendingExport]) -> Turn:
        self._after = (found[-1].wave, found[-1].id)
        batch = await _begin(tx, self._step, found)
        await mark_owed(tx, self._connector, batch)
        sent = {one.export.id for one in batch}
        return Turn(found[0].wave, batch, [one for one in found if one.id in sent])


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
            await store(step, unstored)
        if turn.wave < REFERRING and not queue.pace.is_paced:
            following = await queue.take(turn.wave)
    except StepFailed as failure:
        stop = failure
    finally:
        await asyncio.wait([sending])  # an error of the store does not take the connection away from under it
    try:
        sent = sending.result()
        if following is not None and sent.is_clean:
            return following, sent
        await store(step, sent, may_stop=stop is None)
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
        await forget_unsent(tx, turn.batch)
        labels = {one.export.id: label_of(one.cso) for one in turn.batch}
        executing, why = ExportStatus.EXECUTING, "not sent: the step was stopped before"
        moves = [
            Move(Entity.EXPORT, one.id, step.system, labels[one.id], executing, one.status, why) for one in turn.before
        ]
        await transitions.record(tx, moves, step_id=step.id)


async def _begin(tx: Transaction, step: Step, found: list[PendingExport]) -> Batch:
    """Mark a batch as `Executing`; what cannot be sent is recorded as failed, or sent back for approval."""
    csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in found])}
    approved = await send_back_unapproved(tx, step, found, csos)
    approved = await hold_sourceless(tx, step, approved, csos)
    approved = await wait_for_parents(tx, step, approved, csos)
    ready, refused = _refuse_without_dn(step, approved, csos)
    await exports.change(tx, refused)
    sending = [one for one in await hold_back_references(tx, step, ready) if not _waits_for_references(one)]
    await exports.mark_executing(tx, [one.export.id for one in sending], step_id=step.id)
    return sending


def _refuse_without_dn(
    step: Step, found: list[PendingExport], csos: dict[int, Cso]
) -> tuple[list[tuple[PendingExport, Cso]], list[PendingExport]]:
    """Record a failure of each export whose object has no DN to be written under; give the others, and the failed."""
    ready: list[tuple[PendingExport, Cso]] = []
    refused: list[PendingExport] = []
    named = {kind for kind in {export.type for export in found} if step.workspace.is_dn(step.system, kind)}
    for export in found:
        cso = csos[export.cso_id]
        try:
            if export.type in named:
                _determine_dn(export, cso)
        except ObjectFailed as failure:
            refused.append(failed(step, export, cso, export.status, failure.error))
            step.done += 1
            continue
        ready.append((export, cso))
    return ready, refused


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
        results = await step.send_exports(connector, [operation_for(one) for one in batch])
    except ConnectionLost as error:
        return Sent(batch, list(error.results), error)
    try:
        return Sent(batch, await _look_again(step, connector, batch, results), None)
    except ConnectionLost as error:
        return Sent(batch, [result for result in results if result.error is None], error)


async def _look_again(
    step: Step, connector: Connector, batch: Batch, results: list[ExportResult]
) -> list[ExportResult]:
    """Look at the target where a failure may be none."""
    sent = {one.export.id: one for one in batch}
    settled = []
    for result in results:
        if result.error is None:
            settled.append(result)
        else:
            settled.append(await _settle_failure(step, connector, sent[result.id], result, result.error.code))
    return settled


async def _settle_failure(
    step: Step, connector: Connector, one: Sending, result: ExportResult, code: str
) -> ExportResult:
    """Give what a failure is once the target was looked at: adopted, moved, or gone already; else what it was."""
    match (one.export.change_type, code):
        case (ChangeType.CREATE, "existing-object"):
            return await adopt_or_refuse(step, connector, one.cso, result)
        case (ChangeType.DELETE | ChangeType.UPDATE, "missing-object"):
            return await follow_renamed(step, connector, operation_for(one), result)
        case (ChangeType.UPDATE, "missing-value" | "existing-value"):
            return await write_the_rest(step, connector, one, operation_for(one), result)
        case _:
            return result
