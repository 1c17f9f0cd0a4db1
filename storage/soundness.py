"""What must not be in a sound store, whatever database holds it."""

from sqlalchemy import and_, exists, select

from storage.records import ChangeType, ExportStatus
from storage.store import Transaction
from storage.tables import metaverse, objects, pending_exports


async def deletes_under_way(tx: Transaction) -> list[int]:
    """List the pending exports that delete and do not wait for an approval."""
    query = select(pending_exports.c.id).where(
        pending_exports.c.change_type == ChangeType.DELETE.value,
        pending_exports.c.status != ExportStatus.AWAITING_APPROVAL.value,
    )
    return list((await tx.execute(query)).scalars())


async def joined_to_nothing(tx: Transaction) -> list[int]:
    """List the CSOs that are joined to an MVO that is not there."""
    query = select(objects.c.id).where(
        and_(objects.c.mvo_id.is_not(None), ~exists().where(metaverse.c.id == objects.c.mvo_id))
    )
    return list((await tx.execute(query)).scalars())
