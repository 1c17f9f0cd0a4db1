"""Which kinds of objects the connector space holds, and how many."""

from sqlalchemy import Column, ColumnElement, func, select

from storage.records import CsoStatus
from storage.store import Transaction
from storage.tables import objects


async def kinds(tx: Transaction) -> dict[str, list[str]]:
    """Give the systems that have CSOs, and the types of each, in order: by leaps over an index, whatever its size."""
    return {
        system: await _distinct(tx, objects.c.type, objects.c.system == system)
        for system in await _distinct(tx, objects.c.system)
    }


async def _distinct(tx: Transaction, column: Column[str], *within: ColumnElement[bool]) -> list[str]:
    found = select(func.min(column).label("value")).where(*within).cte(recursive=True)
    later = select(func.min(column)).where(column > found.c.value, *within).scalar_subquery()
    found = found.union_all(select(later).where(found.c.value.is_not(None)))
    return list((await tx.execute(select(found.c.value).where(found.c.value.is_not(None)))).scalars())


async def counts(tx: Transaction) -> list[tuple[str, str, CsoStatus, int]]:
    """Count CSOs by system, type and status."""
    group = (objects.c.system, objects.c.type, objects.c.status)
    rows = await tx.execute(select(*group, func.count()).group_by(*group).order_by(*group))
    return [(system, kind, CsoStatus(status), count) for system, kind, status, count in rows]


async def has_any(tx: Transaction, system: str, object_type: str) -> bool:
    """Tell whether there is any CSO of a type, in whatever state."""
    query = select(objects.c.id).where(objects.c.system == system, objects.c.type == object_type)
    return (await tx.execute(query.limit(1))).first() is not None
