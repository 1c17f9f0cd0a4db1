"""Which kinds of objects the connector space holds, and how many."""

from collections import Counter

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


async def parts(tx: Transaction, system: str) -> list[tuple[str, str]]:
    """Give of which types in which partitions a system has `Normal` objects, likewise by leaps."""
    of_system = objects.c.system == system
    found: list[tuple[str, str]] = []
    for kind in await _distinct(tx, objects.c.type, of_system):
        normal = objects.c.type == kind, objects.c.status == CsoStatus.NORMAL.value
        found += [(kind, partition) for partition in await _distinct(tx, objects.c.partition, of_system, *normal)]
    return found


async def count_parts(tx: Transaction, system: str) -> list[tuple[str, str, int]]:
    """Count the `Normal` objects of a system by type and partition."""
    group = (objects.c.type, objects.c.partition)
    of_system = (objects.c.system == system, objects.c.status == CsoStatus.NORMAL.value)
    rows = await tx.execute(select(*group, func.count()).where(*of_system).group_by(*group).order_by(*group))
    return [(kind, partition, count) for kind, partition, count in rows]


async def count_types(tx: Transaction, system: str) -> Counter[str]:
    """Count the `Normal` objects of a system by type, whatever their partitions."""
    counts = Counter[str]()
    for kind, _, count in await count_parts(tx, system):
        counts[kind] += count
    return counts


async def count_normal(tx: Transaction, system: str, object_type: str, partition: str, after: int = 0) -> int:
    """Count the `Normal` CSOs of a type in a partition, those alone that have a higher id than one."""
    of_part = (
        objects.c.id > after,
        objects.c.system == system,
        objects.c.type == object_type,
        objects.c.status == CsoStatus.NORMAL.value,
        objects.c.partition == partition,
    )
    return int((await tx.execute(select(func.count()).where(*of_part))).scalar_one())
