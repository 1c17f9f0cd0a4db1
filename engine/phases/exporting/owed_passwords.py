"""Passwords that are delivered after their accounts were created: owed until it is known that somebody has them."""

from collections.abc import Sequence

from engine.connectors.base import Connector, ExportResult
from engine.labels import label_of
from engine.phases.exporting.order import Batch
from engine.step import Step
from storage import owed_passwords
from storage.records import ChangeType, Cso, ExportStatus, PendingExport
from storage.store import Transaction

DIED = "it is not known whether it was delivered: the process ended, or the connection broke, right then"


async def mark_owed(tx: Transaction, connector: Connector, batch: Batch) -> None:
    """Write down whose passwords are to be delivered, before their accounts are created."""
    created = [one for one in batch if one.export.change_type == ChangeType.CREATE]
    owed = [one.cso.id for one in created if connector.delivers_afterwards(one.export.type)]
    await owed_passwords.mark(tx, dict.fromkeys(owed, DIED))


async def take_results(tx: Transaction, batch: Batch, results: Sequence[ExportResult]) -> None:
    """Forget whose passwords were delivered, or whose accounts were not created; keep why the others' were not."""
    csos = {one.export.id: one.cso.id for one in batch if one.export.change_type == ChangeType.CREATE}
    told = {csos[one.id]: one for one in results if one.id in csos}
    await owed_passwords.forget(tx, [cso_id for cso_id, one in told.items() if not one.undelivered])
    await owed_passwords.mark(tx, {cso_id: one.undelivered for cso_id, one in told.items() if one.undelivered})


async def forget_unsent(tx: Transaction, batch: Batch) -> None:
    """Forget those of a batch that was not sent at all."""
    created = [one.cso.id for one in batch if one.export.change_type == ChangeType.CREATE]
    await owed_passwords.forget(tx, created)


async def tell_interrupted(
    tx: Transaction, step: Step, before: Sequence[PendingExport], settled: Sequence[PendingExport], csos: dict[int, Cso]
) -> None:
    """Tell of the accounts that were created while a run died, and whose passwords nobody may have got."""
    created = {one.cso_id for one in before if one.change_type == ChangeType.CREATE}
    are_sent_again = {
        one.cso_id for one in settled if one.change_type == ChangeType.CREATE and one.status != ExportStatus.EXPORTED
    }
    await owed_passwords.forget(tx, are_sent_again)
    owed = await owed_passwords.get(tx, created - are_sent_again)
    if owed:
        first = min(owed)
        others = f" and {len(owed) - 1:,} more like it" if len(owed) > 1 else ""
        told = f"'{label_of(csos[first])}' was created, and nobody may have got its password{others}"
        step.note([f"{told}: 'interlock todo' lists them, 'interlock password reset cso-{first}' gives another"])
