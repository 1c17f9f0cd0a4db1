"""The objects that MVOs have in systems, or want: those that evaluation looks at, and those that give them."""

from collections.abc import Collection, Iterable

from sqlalchemy import and_, or_, select

from storage.dialects import expressions
from storage.objects import WHOLE, read_csos
from storage.records import Cso, CsoStatus, JoinedBy
from storage.store import Transaction
from storage.tables import objects, pending_exports

_COMING_IN = (JoinedBy.JOIN, JoinedBy.PROJECTION)


async def of_mvos(tx: Transaction, mvo_ids: Iterable[int], targets: Collection[tuple[str, str]]) -> list[Cso]:
    """Read the CSOs that are joined to some MVOs, by id, but for those that only give.

    Those came in by an inbound rule, their (system, type) is not among the targets, and nothing is staged for them.
    """
    exported = (and_(objects.c.system == system, objects.c.type == kind) for system, kind in sorted(targets))
    gives = objects.c.joined_by.in_([how.value for how in _COMING_IN])
    is_staged = select(pending_exports.c.id).where(pending_exports.c.cso_id == objects.c.id).exists()
    chosen = or_(*exported, objects.c.joined_by.is_(None), ~gives, is_staged)
    query = select(*WHOLE).where(expressions.among(objects.c.mvo_id, mvo_ids), chosen)
    return await read_csos(tx, query.order_by(objects.c.id))


async def with_external_ids(tx: Transaction, system: str, object_type: str, ids: Iterable[str]) -> list[Cso]:
    """Read the CSOs of a type whose primary external id is one of some."""
    query = select(*WHOLE).where(
        objects.c.system == system, objects.c.type == object_type, expressions.among(objects.c.external_id, ids)
    )
    return await read_csos(tx, query)


async def normal_links_to(tx: Transaction, mvo_ids: Iterable[int]) -> list[tuple[int, str, str]]:
    """Give whom of some MVOs `Normal` CSOs are joined to, and of which system and type each of those is."""
    chosen = expressions.among(objects.c.mvo_id, mvo_ids), objects.c.status == CsoStatus.NORMAL.value
    rows = await tx.execute(select(objects.c.mvo_id, objects.c.system, objects.c.type).where(*chosen))
    return [(mvo_id, system, object_type) for mvo_id, system, object_type in rows]
