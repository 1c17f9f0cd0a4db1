"""What a plan keeps in its copy of the store: every row as it was before a step touched it, and the changes told.

The tables here are made in the copy alone; a store never has them.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text, exists, func, insert, or_, select

from storage import tables
from storage.dialects import expressions
from storage.dialects.sqlite.before_images import keep_before_images
from storage.documents import decode, encode
from storage.leaving import Departure
from storage.records import (
    ChangeType,
    Cso,
    CsoStatus,
    ExportStatus,
    Mvo,
    PendingExport,
)
from storage.store import Transaction
from storage.stored_changes import StoredChanges

Record = TypeVar("Record", Cso, Mvo, PendingExport, Departure)
_metadata = MetaData()
_CSO, _MVO, _EXPORT, _LEAVING = "cso", "mvo", "export", "leaving"
"""What images are of."""
_images = Table(
    "plan_images",
    _metadata,
    Column("step_id", Integer, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("owner_id", Integer),
    Column("row", Text),
    Index("plan_images_by_owner", "step_id", "entity", "owner_id"),
    sqlite_with_rowid=False,
)
_changes = Table(
    "plan_changes",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("step_id", Integer, nullable=False),
    Column("export_id", Integer),
    Column("settled", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Index("plan_changes_by_step", "step_id"),
    Index("plan_changes_by_export", "export_id"),
)
_sent = Table(
    "plan_sent",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("step_id", Integer, nullable=False),
    Column("export_id", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Index("plan_sent_by_export", "step_id", "export_id"),
)


class Touched(NamedTuple, Generic[Record]):
    """A row that a step touched: its id, and what it was before; None where there was none."""

    id: int
    before: Record | None


class Sent(NamedTuple):
    """An operation that was sent for an export, as a document; those of a step are numbered in their order."""

    number: int
    export_id: int
    document: dict[str, Any]


class Told(NamedTuple):
    """A change to be told, as a document; one of an export that is not settled gives way to a later one."""

    document: dict[str, Any]
    export_id: int | None = None
    settled: bool = True


async def begin(tx: Transaction) -> None:
    """Make the tables, and begin to keep what rows were before."""
    await tx.run_sync(_metadata.create_all)
    for entity, table, owner, record in (
        (_CSO, tables.objects, "mvo_id", Cso),
        (_MVO, tables.metaverse, "id", Mvo),
        (_EXPORT, tables.pending_exports, "cso_id", PendingExport),
        (_LEAVING, tables.leaving, "mvo_id", Departure),
    ):
        await keep_before_images(tx, _images, entity, table, owner, record._fields)


async def touched_csos(tx: Transaction, step_id: int, after: int, limit: int) -> list[Touched[Cso]]:
    """List the next CSOs that a step touched, by id."""
    return [Touched(row.id, _cso(row)) for row in await tx.execute(_touched(step_id, _CSO, after, limit))]


async def touched_mvos(tx: Transaction, step_id: int, after: int, limit: int) -> list[Touched[Mvo]]:
    """List the next MVOs that a step touched, by id."""
    return [Touched(row.id, _mvo(row)) for row in await tx.execute(_touched(step_id, _MVO, after, limit))]


async def touched_departures(tx: Transaction, step_id: int, after: int, limit: int) -> list[Touched[Departure]]:
    """List the next CSOs of which a step touched what is kept of their leaving, by id."""
    rows = await tx.execute(_touched(step_id, _LEAVING, after, limit))
    return [Touched(row.id, Departure._make(decode(row.row)) if row.row else None) for row in rows]


async def touched_exports(
    tx: Transaction, step_id: int, after: tuple[int, int], limit: int
) -> list[tuple[tuple[int, int], Touched[PendingExport]]]:
    """List the next exports that a step touched, each after its place: in the order in which they are sent."""
    wave = func.coalesce(tables.pending_exports.c.wave, 0)
    place = or_(wave > after[0], (wave == after[0]) & (_images.c.id > after[1]))
    query = (
        select(_images.c.id, _images.c.row, wave.label("wave"))
        .outerjoin(tables.pending_exports, tables.pending_exports.c.id == _images.c.id)
        .where(_images.c.step_id == step_id, _images.c.entity == _EXPORT, place)
        .order_by(wave, _images.c.id)
    )
    return [((row.wave, row.id), Touched(row.id, _export(row))) for row in await tx.execute(query.limit(limit))]


async def csos_before(tx: Transaction, step_id: int, ids: Iterable[int]) -> dict[int, Cso]:
    """Give those of some CSOs that a step touched, as they were before it."""
    found = await tx.execute(_before(step_id, _CSO, ids))
    return {row.id: cso for row in found if (cso := _cso(row)) is not None}


async def exports_before(tx: Transaction, step_id: int, ids: Iterable[int]) -> dict[int, PendingExport]:
    """Give those of some exports that a step touched, as they were before it."""
    found = await tx.execute(_before(step_id, _EXPORT, ids))
    return {row.id: export for row in found if (export := _export(row)) is not None}


async def exports_of_before(tx: Transaction, step_id: int, cso_ids: Iterable[int]) -> dict[int, PendingExport]:
    """Give the exports of some CSOs that a step touched, as they were before it: CSO id → export."""
    found = _images.c.step_id == step_id, _images.c.entity == _EXPORT, expressions.among(_images.c.owner_id, cso_ids)
    rows = await tx.execute(select(_images.c.id, _images.c.row).where(*found))
    return {export.cso_id: export for row in rows if (export := _export(row)) is not None}


async def keep_sent(tx: Transaction, operations: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Keep what the present step has sent: (export id, document), in its order."""
    step_id = select(func.max(tables.steps.c.id)).scalar_subquery()
    rows = [{"export_id": export_id, "document": encode(document)} for export_id, document in operations]
    if rows:
        await tx.execute(insert(_sent).values(step_id=step_id), rows)


async def sent_after(tx: Transaction, step_id: int, after: int, limit: int) -> list[Sent]:
    """List the next operations that a step sent."""
    query = select(_sent.c.id, _sent.c.export_id, _sent.c.document).where(
        _sent.c.step_id == step_id, _sent.c.id > after
    )
    rows = await tx.execute(query.order_by(_sent.c.id).limit(limit))
    return [Sent(number, export_id, decode(document)) for number, export_id, document in rows]


async def sent_for(tx: Transaction, step_id: int, export_ids: Iterable[int]) -> list[Sent]:
    """List all operations that a step sent for some exports, in their order."""
    chosen = _sent.c.step_id == step_id, expressions.among(_sent.c.export_id, export_ids)
    query = select(_sent.c.id, _sent.c.export_id, _sent.c.document).where(*chosen).order_by(_sent.c.id)
    return [Sent(number, export_id, decode(document)) for number, export_id, document in await tx.execute(query)]


async def tell(tx: Transaction, step_id: int, told: Sequence[Told]) -> None:
    """Keep changes, in their order."""
    rows = [
        {"step_id": step_id, "export_id": one.export_id, "settled": one.settled, "document": encode(one.document)}
        for one in told
    ]
    if rows:
        await tx.execute(insert(_changes), rows)


async def told(tx: Transaction, step_id: int, limit: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Give the changes of a step in their order, the first ones or (0) all of them."""
    after, given = 0, 0
    query = _standing(step_id).add_columns(_changes.c.id, _changes.c.document).order_by(_changes.c.id)
    while not limit or given < limit:
        size = min(500, limit - given) if limit else 500
        rows = (await tx.execute(query.where(_changes.c.id > after).limit(size))).all()
        for row in rows:
            yield decode(row.document)
        if len(rows) < size:
            return
        after, given = rows[-1].id, given + len(rows)


async def count_told(tx: Transaction, step_id: int) -> int:
    """Count the changes of a step."""
    return int((await tx.execute(_standing(step_id).add_columns(func.count()))).scalar_one())


def _standing(step_id: int) -> Any:
    later = _changes.alias()
    superseded = exists().where(later.c.export_id == _changes.c.export_id, later.c.id > _changes.c.id)
    return select().where(_changes.c.step_id == step_id, or_(_changes.c.settled, ~superseded))


def _touched(step_id: int, entity: str, after: int, limit: int) -> Any:
    found = _images.c.step_id == step_id, _images.c.entity == entity, _images.c.id > after
    return select(_images.c.id, _images.c.row).where(*found).order_by(_images.c.id).limit(limit)


def _before(step_id: int, entity: str, ids: Iterable[int]) -> Any:
    found = _images.c.step_id == step_id, _images.c.entity == entity, expressions.among(_images.c.id, ids)
    return select(_images.c.id, _images.c.row).where(*found)


def _cso(row: Any) -> Cso | None:
    if row.row is None:
        return None
    one = Cso._make(decode(row.row))
    return one._replace(status=CsoStatus(one.status), attributes=decode(str(one.attributes)), kept=bool(one.kept))


def _mvo(row: Any) -> Mvo | None:
    if row.row is None:
        return None
    one = Mvo._make(decode(row.row))
    attributes, contributors = decode(str(one.attributes)), decode(str(one.contributors))
    cause = decode(str(one.deletion_cause)) if one.deletion_cause else None
    return one._replace(
        attributes=attributes,
        contributors=contributors,
        deleted=bool(one.deleted),
        due=bool(one.due),
        deletion_cause=cause,
    )


def _export(row: Any) -> PendingExport | None:
    if row.row is None:
        return None
    one = PendingExport._make(decode(row.row))
    status = ExportStatus(one.status)
    return one._replace(
        change_type=ChangeType(one.change_type),
        status=status,
        changes=StoredChanges(str(one.changes), status),
        held=bool(one.held),
    )
