"""The connector space: queries for connected system objects."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, select, update

from storage import clock, tombstones, writing
from storage.dialects import expressions
from storage.documents import decode, sealed
from storage.labels import name_of
from storage.records import Attributes, Cso, CsoStatus, JoinedBy, KnownCso
from storage.store import Transaction
from storage.tables import leaving, objects, owed, owed_passwords, wanted

_KNOWN = [objects.c[name] for name in KnownCso._fields]
WHOLE = [objects.c[name] for name in Cso._fields]
"""What is read of a CSO that is read whole."""
IDS_AT_ONCE = 50_000
_STATUS = {status.value: status for status in CsoStatus}
_CONTENT = ("external_id", "secondary_id", "secondary_key", "partition", "attributes", "hash", "name")


class Content(NamedTuple):
    """What a CSO holds, ready to be stored: ids, the document as canonical text, their fingerprint, and a name."""

    external_id: str | None
    secondary_id: str | None
    secondary_key: str | None
    partition: str
    attributes: str
    hash: int
    name: str
    """What a person calls it, or an empty text."""


class PlannedCso(NamedTuple):
    """A CSO about to be provisioned."""

    id: int
    system: str
    type: str
    content: Content
    attributes: Attributes
    """What stands in the content, to be read."""
    mvo_id: int | None
    """None for one that is restored without its person."""


def content_of(
    attributes: Attributes,
    *,
    external_id: str | None,
    secondary_id: str | None,
    secondary_key: str | None,
    partition: str = "",
) -> Content:
    """Make a CSO's content from its ids and attributes."""
    document, mark = sealed(attributes, secondary_id) if secondary_id else sealed(attributes)
    return Content(external_id, secondary_id, secondary_key, partition, document, mark, name_of(attributes))


async def known_by_external_id(tx: Transaction, system: str, object_type: str, ids: Iterable[str]) -> list[KnownCso]:
    """Find what an import compares with, by primary external id."""
    query = select(*_KNOWN).where(
        objects.c.system == system,
        objects.c.type == object_type,
        expressions.among(objects.c.external_id, ids),
    )
    return [KnownCso(*row) for row in await tx.execute(query)]


async def known_by_secondary(tx: Transaction, system: str, object_type: str, keys: Iterable[str]) -> list[KnownCso]:
    """Find what an import compares with, by the normalised secondary external id."""
    query = select(*_KNOWN).where(
        objects.c.system == system,
        objects.c.type == object_type,
        expressions.among(objects.c.secondary_key, keys),
    )
    return [KnownCso(*row) for row in await tx.execute(query)]


async def add_imported(tx: Transaction, system: str, first_id: int, found: list[tuple[str, Content]]) -> None:
    """Insert CSOs that an import saw for the first time, as (type, content), with ids from the first on."""
    at = clock.now()
    same: dict[str, str | int] = {
        "system": system,
        "status": CsoStatus.NORMAL,
        "due": 1,
        "kept": 0,
        "created_at": at,
        "changed_at": at,
    }
    rows = [(first_id + index, kind, *content) for index, (kind, content) in enumerate(found)]
    await writing.insert_at_once(tx, objects, ("id", "type", *_CONTENT), rows, same)


async def add_planned(tx: Transaction, planned: list[PlannedCso]) -> None:
    """Insert `PendingProvisioning` CSOs."""
    if planned:
        at = clock.now()
        status = CsoStatus.PENDING_PROVISIONING
        same: dict[str, str | int] = {
            "status": status,
            "due": 0,
            "kept": 0,
            "created_at": at,
            "changed_at": at,
        }
        names = ("id", "system", "type", *_CONTENT, "mvo_id", "joined_by")
        how = JoinedBy.PROVISIONING
        rows = [
            (one.id, one.system, one.type, *one.content, one.mvo_id, how if one.mvo_id else None) for one in planned
        ]
        await writing.insert_many(tx, objects, names, rows, same)


async def update_imported(tx: Transaction, found: list[tuple[int, Content]]) -> None:
    """Write what an import found on CSOs that exist; they become `Normal` and due for synchronisation."""
    if found:
        at = clock.now()
        names = (*_CONTENT, "status", "due", "kept", "changed_at", "sought_by")
        rows = [(*content, CsoStatus.NORMAL, 1, 0, at, None, cso_id) for cso_id, content in found]
        await writing.update_many(tx, objects, names, rows)


async def update_plan(tx: Transaction, plans: list[tuple[int, Content]]) -> None:
    """Replace the plans of `PendingProvisioning` CSOs."""
    if plans:
        at = clock.now()
        rows = [(*content, at, cso_id) for cso_id, content in plans]
        await writing.update_many(tx, objects, (*_CONTENT, "changed_at"), rows)


async def set_status(tx: Transaction, ids: Iterable[int], status: CsoStatus) -> None:
    """Give many CSOs one status."""
    change = update(objects).where(expressions.among(objects.c.id, ids))
    await tx.execute(change.values(status=status.value, changed_at=clock.now()))


async def set_kept(tx: Transaction, ids: Iterable[int], *, kept: bool) -> None:
    """Say of CSOs whether an operator keeps them though they are missing."""
    if not (ids := list(ids)):
        return
    await tx.execute(update(objects).where(expressions.among(objects.c.id, ids)).values(kept=kept))


async def forget_query(tx: Transaction, ids: Iterable[int]) -> None:
    """Say of CSOs that an import has found them by what it looks for now."""
    if not (ids := list(ids)):
        return
    await tx.execute(update(objects).where(expressions.among(objects.c.id, ids)).values(sought_by=None))


async def keep_query(tx: Transaction, ids: Iterable[int], query: str) -> None:
    """Keep of CSOs how they were last looked for, unless that is kept already."""
    chosen = update(objects).where(expressions.among(objects.c.id, ids), objects.c.sought_by.is_(None))
    await tx.execute(chosen.values(sought_by=query))


async def sought_otherwise(tx: Transaction, ids: Iterable[int], query: str) -> dict[int, str]:
    """Give those of some CSOs that were last found by another query than a given one: CSO id → that query."""
    if not (ids := list(ids)):
        return {}
    found = select(objects.c.id, objects.c.sought_by).where(
        expressions.among(objects.c.id, ids), objects.c.sought_by.is_not(None), objects.c.sought_by != query
    )
    return {cso_id: text for cso_id, text in await tx.execute(found)}  # noqa: C416 - rows are no pairs to a checker


async def release_id(tx: Transaction, ids: Iterable[int]) -> None:
    """Take their primary external ids from CSOs, which are `Obsolete` from now on: somebody else has these ids."""
    change = update(objects).where(expressions.among(objects.c.id, ids))
    await tx.execute(
        change.values(external_id=None, secondary_key=None, status=CsoStatus.OBSOLETE.value, changed_at=clock.now())
    )


async def kept_among(tx: Transaction, ids: Iterable[int]) -> set[int]:
    """Give those of some CSOs that an operator keeps though they are missing."""
    if not (ids := list(ids)):
        return set()
    query = select(objects.c.id).where(expressions.among(objects.c.id, ids), objects.c.kept)
    return set((await tx.execute(query)).scalars())


async def unsynchronised_among(tx: Transaction, ids: Iterable[int]) -> list[Cso]:
    """Read those of some CSOs that no synchronisation has looked at yet."""
    if not (ids := list(ids)):
        return []
    return await read_csos(
        tx, select(*WHOLE).where(expressions.among(objects.c.id, ids), objects.c.due, objects.c.mvo_id.is_(None))
    )


async def set_due(tx: Transaction, ids: Iterable[int], *, due: bool) -> None:
    """Say of CSOs whether the next synchronisation has to look at them."""
    if not (ids := list(ids)):
        return
    await tx.execute(update(objects).where(expressions.among(objects.c.id, ids)).values(due=due))


async def set_type_due(tx: Transaction, system: str, object_type: str) -> None:
    """Make every CSO of a type due, because its rules changed."""
    await tx.execute(update(objects).where(objects.c.system == system, objects.c.type == object_type).values(due=True))


async def join(tx: Transaction, joins: Sequence[tuple[int, int | None, str | None]]) -> None:
    """Join CSOs to MVOs, or disconnect them: (CSO id, MVO id or None, how)."""
    if joins:
        await writing.update_many(tx, objects, ("mvo_id", "joined_by"), [(mvo, how, cso) for cso, mvo, how in joins])


async def rename(tx: Transaction, renamed: list[tuple[int, str, str]]) -> None:
    """Keep the names of CSOs that were just renamed: (CSO id, secondary external id, its normalised form)."""
    if renamed:
        rows = [(name, key, cso_id) for cso_id, name, key in renamed]
        await writing.update_many(tx, objects, ("secondary_id", "secondary_key"), rows)


async def learn_external_ids(tx: Transaction, learned: list[tuple[int, str]]) -> None:
    """Keep the primary external ids that the target gave to objects just created: (CSO id, external id)."""
    if learned:
        rows = [(external_id, cso_id) for cso_id, external_id in learned]
        await writing.update_many(tx, objects, ("external_id",), rows)


async def get(tx: Transaction, ids: Iterable[int]) -> list[Cso]:
    """Read CSOs whole."""
    if not (ids := list(ids)):
        return []
    return await read_csos(tx, select(*WHOLE).where(expressions.among(objects.c.id, ids)))


async def due_after(tx: Transaction, after: int, limit: int, *, joined: bool) -> list[Cso]:
    """Read the next page of CSOs that synchronisation has to look at, by id: the joined ones, or the others."""
    return await read_csos(tx, _due(select(*WHOLE), after, limit, joined=joined))


def _due(query: Select[Any], after: int, limit: int, *, joined: bool) -> Select[Any]:
    which = objects.c.mvo_id.is_not(None) if joined else objects.c.mvo_id.is_(None)
    return query.where(objects.c.due, which, objects.c.id > after).order_by(objects.c.id).limit(limit)


async def sizes_of_due(tx: Transaction, after: int, limit: int, *, joined: bool) -> list[tuple[int, str, str, int]]:
    """Give id, system, type and the length of the stored attributes of the next page of `due_after`."""
    told = select(objects.c.id, objects.c.system, objects.c.type, func.length(objects.c.attributes))
    return [tuple(row) for row in await tx.execute(_due(told, after, limit, joined=joined))]


async def due_among(tx: Transaction, ids: Iterable[int]) -> list[Cso]:
    """Read those of some CSOs that synchronisation has to look at."""
    if not (ids := list(ids)):
        return []
    return await read_csos(tx, select(*WHOLE).where(expressions.among(objects.c.id, ids), objects.c.due))


async def count_due(tx: Transaction) -> int:
    """Count the CSOs that synchronisation has to look at."""
    return int((await tx.execute(select(func.count()).where(objects.c.due))).scalar_one())


async def joined_to(tx: Transaction, mvo_ids: Iterable[int], known: Mapping[int, Cso] | None = None) -> list[Cso]:
    """Read every CSO that is joined to one of some MVOs, by id; those already `known` are not read again."""
    joined = expressions.among(objects.c.mvo_id, mvo_ids)
    if not known:
        return await read_csos(tx, select(*WHOLE).where(joined).order_by(objects.c.id))
    narrow = select(objects.c.id, objects.c.mvo_id, objects.c.joined_by).where(joined).order_by(objects.c.id)
    links = [(cso, mvo, how) for cso, mvo, how in await tx.execute(narrow)]
    others = {cso.id: cso for cso in await get(tx, [cso for cso, _, _ in links if cso not in known])}
    return [known[cso]._replace(mvo_id=mvo, joined_by=how) if cso in known else others[cso] for cso, mvo, how in links]


async def holders_of(tx: Transaction, system: str, keys: Iterable[str]) -> list[Cso]:
    """Read the CSOs of a system, of any type, whose normalised secondary external id is one of some."""
    query = select(*WHOLE).where(objects.c.system == system, expressions.among(objects.c.secondary_key, keys))
    return await read_csos(tx, query)


async def planned_among(tx: Transaction, system: str, keys: Iterable[str]) -> dict[int, str]:
    """Find the planned CSOs of a system under some normalised secondary external ids: CSO id → id."""
    query = select(objects.c.id, objects.c.secondary_key).where(
        objects.c.system == system,
        expressions.among(objects.c.secondary_key, keys),
        objects.c.status == CsoStatus.PENDING_PROVISIONING.value,
    )
    return {cso_id: key for cso_id, key in await tx.execute(query)}  # noqa: C416 - rows are no pairs to a checker


async def normal_ids(
    tx: Transaction, system: str, object_type: str, partition: str, up_to: int | None = None
) -> AsyncIterator[list[int]]:
    """Stream the ids of all `Normal` CSOs of a type in a partition, in chunks; `up_to` leaves out those after an id."""
    query = select(objects.c.id).where(
        objects.c.system == system,
        objects.c.type == object_type,
        objects.c.status == CsoStatus.NORMAL.value,
        objects.c.partition == partition,
    )
    if up_to is not None:
        query = query.where(objects.c.id <= up_to)
    last = 0
    while True:
        following = query.where(objects.c.id > last).order_by(objects.c.id).limit(IDS_AT_ONCE).subquery()
        chunk = sorted(decode((await tx.execute(select(expressions.listed(following.c.id)))).scalar_one()))
        if chunk:
            yield chunk
        if len(chunk) < IDS_AT_ONCE:
            return
        last = chunk[-1]


async def external_ids(tx: Transaction, ids: Iterable[int]) -> list[str]:
    """Give the primary external ids of some CSOs, where they have one."""
    query = select(objects.c.external_id).where(expressions.among(objects.c.id, ids))
    return [one for one in (await tx.execute(query)).scalars() if one is not None]


async def remove(tx: Transaction, csos: list[Cso], *, review_ids: dict[int, int | None], deleted: bool = False) -> None:
    """Take CSOs out of the connector space, keeping what they last held as tombstones.

    `deleted` says that it was our own approved delete that took them from their system.
    """
    if not csos:
        return
    ids = [cso.id for cso in csos]
    await tombstones.bury(tx, ids, deleted=deleted)
    await tombstones.cover(tx, review_ids)
    await tx.execute(delete(wanted).where(expressions.among(wanted.c.cso_id, ids)))
    await tx.execute(delete(leaving).where(expressions.among(leaving.c.id, ids)))
    await tx.execute(delete(owed_passwords).where(expressions.among(owed_passwords.c.cso_id, ids)))
    await tx.execute(delete(owed).where(owed.c.direction == "in", expressions.among(owed.c.owner_id, ids)))
    await tx.execute(delete(objects).where(expressions.among(objects.c.id, ids)))


async def of_type(tx: Transaction, system: str, object_type: str, after: int, limit: int) -> list[Cso]:
    """Read the next page of CSOs of a type, by id: along the ids, as no index has them in their order."""
    of_type = expressions.unindexed(objects.c.system) == system, expressions.unindexed(objects.c.type) == object_type
    return await read_csos(tx, select(*WHOLE).where(*of_type, objects.c.id > after).order_by(objects.c.id).limit(limit))


async def read_csos(tx: Transaction, query: Select[Any]) -> list[Cso]:
    """Read the CSOs that a query of `WHOLE` gives."""
    return [
        Cso._make((*head, _STATUS[status], decode(document), mvo_id, how, bool(kept), created_at, changed_at))
        for *head, status, document, mvo_id, how, kept, created_at, changed_at in await tx.execute(query)
    ]
