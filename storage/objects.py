"""The connector space: queries for connected system objects."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, false, func, insert, or_, select, true, update

from storage import clock, dialect
from storage.documents import decode
from storage.records import Cso, CsoStatus, KnownCso
from storage.store import Transaction
from storage.tables import objects, tombstones

_KNOWN = (
    objects.c.id,
    objects.c.external_id,
    objects.c.secondary_id,
    objects.c.secondary_key,
    objects.c.partition,
    objects.c.status,
    objects.c.hash,
    objects.c.kept,
)
_WHOLE = (
    objects.c.id,
    objects.c.system,
    objects.c.type,
    objects.c.external_id,
    objects.c.secondary_id,
    objects.c.partition,
    objects.c.status,
    objects.c.attributes,
    objects.c.mvo_id,
    objects.c.joined_by,
    objects.c.kept,
    objects.c.created_at,
    objects.c.changed_at,
)
_IMPORTED = (
    update(objects)
    .where(objects.c.id == bindparam("b_id"))
    .values(
        external_id=bindparam("external_id"),
        secondary_id=bindparam("secondary_id"),
        secondary_key=bindparam("secondary_key"),
        partition=bindparam("partition"),
        status=CsoStatus.NORMAL.value,
        attributes=bindparam("attributes"),
        hash=bindparam("hash"),
        due=true(),
        kept=false(),
        changed_at=bindparam("changed_at"),
    )
)


async def known_by_external_id(tx: Transaction, system: str, object_type: str, ids: Iterable[str]) -> list[KnownCso]:
    """Find what an import compares with, by primary external id."""
    query = select(*_KNOWN).where(
        objects.c.system == system,
        objects.c.type == object_type,
        dialect.among(objects.c.external_id, ids),
    )
    return [KnownCso(*row) for row in await tx.execute(query)]


async def known_by_secondary(tx: Transaction, system: str, object_type: str, keys: Iterable[str]) -> list[KnownCso]:
    """Find what an import compares with, by the normalised secondary external id."""
    query = select(*_KNOWN).where(
        objects.c.system == system,
        objects.c.type == object_type,
        dialect.among(objects.c.secondary_key, keys),
    )
    return [KnownCso(*row) for row in await tx.execute(query)]


async def add(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Insert new CSOs."""
    if rows:
        await tx.execute(insert(objects), rows)


async def update_imported(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Write what an import found on CSOs that exist; they become `Normal` and due for synchronisation."""
    if rows:
        await tx.execute(_IMPORTED, rows)


async def set_status(tx: Transaction, ids: Iterable[int], status: CsoStatus) -> None:
    """Give many CSOs one status."""
    change = update(objects).where(dialect.among(objects.c.id, ids))
    await tx.execute(change.values(status=status.value, changed_at=clock.now()))


async def set_kept(tx: Transaction, ids: Iterable[int], *, kept: bool) -> None:
    """Say of CSOs whether an operator keeps them though they are missing."""
    await tx.execute(update(objects).where(dialect.among(objects.c.id, ids)).values(kept=kept))


async def kept_among(tx: Transaction, ids: Iterable[int]) -> set[int]:
    """Give those of some CSOs that an operator keeps though they are missing."""
    query = select(objects.c.id).where(dialect.among(objects.c.id, ids), objects.c.kept)
    return set((await tx.execute(query)).scalars())


async def set_due(tx: Transaction, ids: Iterable[int], *, due: bool) -> None:
    """Say of CSOs whether the next synchronisation has to look at them."""
    await tx.execute(update(objects).where(dialect.among(objects.c.id, ids)).values(due=due))


async def set_type_due(tx: Transaction, system: str, object_type: str) -> None:
    """Make every CSO of a type due, because its rules changed."""
    await tx.execute(update(objects).where(objects.c.system == system, objects.c.type == object_type).values(due=True))


async def join(tx: Transaction, joins: list[tuple[int, int | None, str | None]]) -> None:
    """Join CSOs to MVOs, or disconnect them: (CSO id, MVO id or None, how)."""
    if joins:
        statement = (
            update(objects)
            .where(objects.c.id == bindparam("b_id"))
            .values(mvo_id=bindparam("mvo_id"), joined_by=bindparam("joined_by"))
        )
        await tx.execute(statement, [{"b_id": cso, "mvo_id": mvo, "joined_by": how} for cso, mvo, how in joins])


async def update_plan(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Replace the planned attributes and ids of `PendingProvisioning` CSOs; rows have `b_id`."""
    if rows:
        names = ("external_id", "secondary_id", "secondary_key", "attributes", "hash", "changed_at")
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        await tx.execute(update(objects).where(objects.c.id == bindparam("b_id")).values(**values), rows)


async def learn_external_id(tx: Transaction, cso_id: int, external_id: str) -> None:
    """Keep the primary external id that the target gave to an object just created."""
    await tx.execute(update(objects).where(objects.c.id == cso_id).values(external_id=external_id))


async def get(tx: Transaction, ids: Iterable[int]) -> list[Cso]:
    """Read CSOs whole."""
    return await _csos(tx, select(*_WHOLE).where(dialect.among(objects.c.id, ids)))


async def due_after(tx: Transaction, after: int, limit: int) -> list[Cso]:
    """Read the next page of CSOs that synchronisation has to look at, by id."""
    query = select(*_WHOLE).where(objects.c.due, objects.c.id > after).order_by(objects.c.id).limit(limit)
    return await _csos(tx, query)


async def count_due(tx: Transaction) -> int:
    """Count the CSOs that synchronisation has to look at."""
    return int((await tx.execute(select(func.count()).where(objects.c.due))).scalar_one())


async def joined_to(tx: Transaction, mvo_ids: Iterable[int]) -> list[Cso]:
    """Read every CSO that is joined to one of some MVOs, by id."""
    query = select(*_WHOLE).where(dialect.among(objects.c.mvo_id, mvo_ids)).order_by(objects.c.id)
    return await _csos(tx, query)


async def holders_of(tx: Transaction, system: str, keys: Iterable[str]) -> list[Cso]:
    """Read the CSOs of a system, of any type, whose normalised secondary external id is one of some."""
    query = select(*_WHOLE).where(objects.c.system == system, dialect.among(objects.c.secondary_key, keys))
    return await _csos(tx, query)


async def ids_with_status(
    tx: Transaction, system: str, object_type: str, partitions: Sequence[str], status: CsoStatus
) -> AsyncIterator[list[int]]:
    """Stream the ids of all CSOs of a type in some partitions that have a status, in chunks."""
    query = select(objects.c.id).where(
        objects.c.system == system,
        objects.c.type == object_type,
        objects.c.status == status.value,
        dialect.among(objects.c.partition, partitions),
    )
    last = 0
    while True:
        chunk = list(
            (await tx.execute(query.where(objects.c.id > last).order_by(objects.c.id).limit(50_000))).scalars()
        )
        if not chunk:
            return
        yield chunk
        last = chunk[-1]


async def remove(tx: Transaction, csos: list[Cso], *, review_ids: dict[int, int | None]) -> None:
    """Take CSOs out of the connector space, keeping what they last held as tombstones."""
    if not csos:
        return
    at = clock.now()
    chosen = dialect.among(objects.c.id, [cso.id for cso in csos])
    kept = select(
        objects.c.id,
        objects.c.system,
        objects.c.type,
        objects.c.external_id,
        objects.c.secondary_id,
        objects.c.attributes,
        objects.c.mvo_id,
        func.cast(bindparam("at", at), objects.c.created_at.type),
    ).where(chosen)
    names = ["object_id", "system", "type", "external_id", "secondary_id", "attributes", "mvo_id", "at"]
    await tx.execute(insert(tombstones).from_select(names, kept))
    covered = [{"b_id": cso, "review_id": review} for cso, review in review_ids.items() if review is not None]
    if covered:
        link = update(tombstones).where(tombstones.c.object_id == bindparam("b_id"))
        await tx.execute(link.values(review_id=bindparam("review_id")), covered)
    await tx.execute(delete(objects).where(chosen))


async def page(
    tx: Transaction,
    *,
    after: int = 0,
    limit: int = 200,
    system: str | None = None,
    object_type: str | None = None,
    status: str | None = None,
    search: str | None = None,
) -> list[Cso]:
    """List CSOs by id; `search` looks into both external ids and the attributes."""
    query = select(*_WHOLE).where(objects.c.id > after).order_by(objects.c.id).limit(limit)
    if system:
        query = query.where(objects.c.system == system)
    if object_type:
        query = query.where(objects.c.type == object_type)
    if status:
        query = query.where(objects.c.status == status)
    if search:
        columns = (objects.c.external_id, objects.c.secondary_id, objects.c.attributes)
        query = query.where(or_(*(dialect.contains(column, search) for column in columns)))
    return await _csos(tx, query)


async def counts(tx: Transaction) -> list[tuple[str, str, CsoStatus, int]]:
    """Count CSOs by system, type and status."""
    group = (objects.c.system, objects.c.type, objects.c.status)
    rows = await tx.execute(select(*group, func.count()).group_by(*group).order_by(*group))
    return [(system, kind, CsoStatus(status), count) for system, kind, status, count in rows]


async def _csos(tx: Transaction, query: Select[Any]) -> list[Cso]:
    return [
        Cso(
            id=row.id,
            system=row.system,
            type=row.type,
            external_id=row.external_id,
            secondary_id=row.secondary_id,
            partition=row.partition,
            status=CsoStatus(row.status),
            attributes=decode(row.attributes),
            mvo_id=row.mvo_id,
            joined_by=row.joined_by,
            kept=bool(row.kept),
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in await tx.execute(query)
    ]
