"""Drop exports that were not sent, or not all of which was."""

from collections.abc import Collection

from engine.pending_exports.changes import RDN, unsent_names
from storage import exports, wanted_marks
from storage.records import PendingExport
from storage.store import Transaction


async def drop_unsent(tx: Transaction, dropped: Collection[PendingExport]) -> None:
    """Remove exports, and forget that what they had not written was wanted.

    Otherwise it would be taken for what the account held: for written once, or for somebody else's edit.
    """
    await exports.remove(tx, [export.id for export in dropped])
    await wanted_marks.forget(tx, {export.cso_id: _unsent(export) for export in dropped})


def _unsent(export: PendingExport) -> set[str]:
    names = unsent_names(export)
    return names if export.new_secondary_id is None else names | {RDN, wanted_marks.DN}
