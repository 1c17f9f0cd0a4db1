"""The queue of pending exports."""

from collections.abc import AsyncIterator, Iterable, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, tuple_, update

from storage import clock, transitions, writing
from storage.dialects import expressions
from storage.documents import encode
from storage.labels import KNOWN_AS, LABEL
from storage.list_queries import ListedExport
from storage.pages import fitting
from storage.records import ChangeType, ExportStatus, PendingExport
from storage.store import Transaction
from storage.stored_changes import StoredChanges
from storage.tables import objects, pending_exports, review_items

_WHOLE = (
    pending_exports.c.id,
    pending_exports.c.cso_id,
    pending_exports.c.system,
    pending_exports.c.type,
    pending_exports.c.change_type,
    pending_exports.c.status,
    pending_exports.c.wave,
    pending_exports.c.changes,
    pending_exports.c.new_secondary_id,
    pending_exports.c.held,
    pending_exports.c.attempts,
    pending_exports.c.next_retry_at,
    pending_exports.c.error_code,
    pending_exports.c.error_message,
    pending_exports.c.approval_id,
    pending_exports.c.cause,
    pending_exports.c.created_at,
    pending_exports.c.changed_at,
    pending_exports.c.interim_id,
)
_CHANGING = (
    "change_type",
    "status",
    "wave",
    "changes",
    "new_secondary_id",
    "held",
    "attempts",
    "next_retry_at",
    "error_code",
    "error_message",
    "approval_id",
    "cause",
    "changed_at",
    "interim_id",
)
_CHANGE_TYPE = {kind.value: kind for kind in ChangeType}
_STATUS = {status.value: status for status in ExportStatus}
SENDABLE = (ExportStatus.PENDING, ExportStatus.NOT_CONFIRMED)
"""What an export step may send."""


def _changing(export: PendingExport) -> tuple[Any, ...]:
    changes = encode(list(map(list, export.changes)))
    return (
        export.change_type,
        export.status,
        export.wave,
        changes,
        *export[8:16],
        export.changed_at,
        export.interim_id,
    )


async def add(tx: Transaction, exports: list[PendingExport]) -> None:
    """Insert new pending exports."""
    if exports:
        rows = [(*export[:4], export.created_at, *_changing(export)) for export in exports]
        names = ("id", "cso_id", "system", "type", "created_at", *_CHANGING)
        await writing.insert_many(tx, pending_exports, names, rows)


async def change(tx: Transaction, exports: list[PendingExport]) -> None:
    """Write pending exports that exist."""
    if exports:
        rows = [(*_changing(export), export.id) for export in exports]
        await writing.update_many(tx, pending_exports, _CHANGING, rows)


async def mark_executing(tx: Transaction, ids: Sequence[int], *, step_id: int) -> None:
    """Say of exports that they are being sent, and record it."""
    await transitions.record_exports(tx, ids, ExportStatus.EXECUTING, step_id=step_id, reason="sent")
    marked = update(pending_exports).where(expressions.among(pending_exports.c.id, ids))
    await tx.execute(marked.values(status=ExportStatus.EXECUTING.value, changed_at=clock.now()))


async def mark_exported(tx: Transaction, ids: Sequence[int], *, step_id: int, reason: str = "written") -> None:
    """Say of exports that they were written as a whole, and record it; each change of them is `Exported` thereby."""
    await transitions.record_exports(tx, ids, ExportStatus.EXPORTED, step_id=step_id, reason=reason)
    marked = update(pending_exports).where(expressions.among(pending_exports.c.id, ids))
    await tx.execute(
        marked.values(
            status=ExportStatus.EXPORTED.value,
            attempts=pending_exports.c.attempts + 1,
            next_retry_at=None,
            error_code=None,
            error_message=None,
            changed_at=clock.now(),
        )
    )


async def remove(tx: Transaction, ids: Iterable[int]) -> None:
    """Delete pending exports: confirmed, vanished or discarded."""
    if not (ids := list(ids)):
        return
    await tx.execute(delete(pending_exports).where(expressions.among(pending_exports.c.id, ids)))


async def get(tx: Transaction, ids: Iterable[int]) -> list[PendingExport]:
    """Read pending exports."""
    if not (ids := list(ids)):
        return []
    return await _exports(tx, select(*_WHOLE).where(expressions.among(pending_exports.c.id, ids)))


async def of_objects(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, PendingExport]:
    """Read the open exports of some CSOs: CSO id → export."""
    if not (cso_ids := list(cso_ids)):
        return {}
    query = select(*_WHOLE).where(expressions.among(pending_exports.c.cso_id, cso_ids))
    query = query.order_by(pending_exports.c.cso_id)
    return {export.cso_id: export for export in await _exports(tx, query)}


def _sendable(system: str) -> Select[Any]:
    return select(*_WHOLE).where(
        pending_exports.c.system == system,
        pending_exports.c.status.in_([status.value for status in SENDABLE]),
        ~pending_exports.c.held,
        or_(pending_exports.c.next_retry_at.is_(None), pending_exports.c.next_retry_at <= clock.now()),
    )


async def sendable(tx: Transaction, system: str, after: tuple[int, int], limit: int) -> list[PendingExport]:
    """Read the next exports to send, all of one wave, after a (wave, id): so many, or as many as fit into a page."""
    places: list[tuple[int, int, int]] = []
    for status in SENDABLE:  # each by itself: the index has those of one status in their order
        places += await _places(tx, system, status, after, limit)
    places = sorted(places)[:limit]
    count = fitting(size for wave, _, size in places if wave == places[0][0])
    found = await get(tx, [export_id for _, export_id, _ in places[:count]])
    return sorted(found, key=attrgetter("id"))


async def _places(
    tx: Transaction, system: str, status: ExportStatus, after: tuple[int, int], limit: int
) -> list[tuple[int, int, int]]:
    """Give wave, id and size of the next exports to send that are in one status."""
    place = (pending_exports.c.wave, pending_exports.c.id)
    query = _sendable(system).where(pending_exports.c.status == status.value, tuple_(*place) > tuple_(*after))
    query = query.with_only_columns(*place, func.length(pending_exports.c.changes)).order_by(*place).limit(limit)
    return [(row[0], row[1], row[2]) for row in await tx.execute(query)]


async def with_interim(tx: Transaction, system: str) -> list[PendingExport]:
    """Read the exports to send whose object takes a name in between first."""
    query = _sendable(system).where(pending_exports.c.interim_id.is_not(None))
    return await _exports(tx, query.order_by(pending_exports.c.id))


async def count_sendable(tx: Transaction, system: str) -> int:
    """Count what an export step would send now."""
    query = select(func.count()).select_from(_sendable(system).subquery())
    return int((await tx.execute(query)).scalar_one())


async def sendable_deletes(tx: Transaction, system: str) -> dict[str, list[tuple[int, str]]]:
    """Give what an export step would delete now, by type: CSOs, and when the delete of each was approved."""
    found = _sendable(system).where(pending_exports.c.change_type == ChangeType.DELETE.value).subquery()
    approved = found.outerjoin(review_items, review_items.c.id == found.c.approval_id)
    deletes: dict[str, list[tuple[int, str]]] = {}
    query = select(found.c.type, found.c.cso_id, review_items.c.decided_at).select_from(approved)
    for kind, cso_id, decided_at in await tx.execute(query):
        deletes.setdefault(kind, []).append((cso_id, decided_at or clock.now()))
    return deletes


async def unproved_deletes(tx: Transaction, system: str, since: str) -> dict[str, list[int]]:
    """Give the CSOs of a system whose delete was sent since a moment, and not proved by an import yet, by type."""
    query = select(pending_exports.c.type, pending_exports.c.cso_id).where(
        pending_exports.c.system == system,
        pending_exports.c.change_type == ChangeType.DELETE.value,
        pending_exports.c.status == ExportStatus.EXPORTED.value,
        pending_exports.c.changed_at >= since,
    )
    deletes: dict[str, list[int]] = {}
    for kind, cso_id in await tx.execute(query):
        deletes.setdefault(kind, []).append(cso_id)
    return deletes


async def under_approvals(tx: Transaction, approval_ids: Iterable[int]) -> list[PendingExport]:
    """Read the deletes that were staged under some approvals."""
    return await _exports(tx, select(*_WHOLE).where(expressions.among(pending_exports.c.approval_id, approval_ids)))


async def with_status(
    tx: Transaction,
    system: str,
    statuses: Sequence[ExportStatus],
    after: int,
    limit: int,
    change_type: ChangeType | None = None,
) -> list[PendingExport]:
    """Read the exports of a system in some statuses, by id; of one kind of change, or of all."""
    query = select(*_WHOLE).where(
        pending_exports.c.system == system,
        pending_exports.c.status.in_([status.value for status in statuses]),
        pending_exports.c.id > after,
    )
    if change_type is not None:
        query = query.where(pending_exports.c.change_type == change_type.value)
    return await _exports(tx, query.order_by(pending_exports.c.id).limit(limit))


async def has_sent(tx: Transaction, system: str) -> bool:
    """Tell whether any export of a system was sent and is still open, so that imports must reconcile."""
    query = select(pending_exports.c.id).where(
        pending_exports.c.system == system, pending_exports.c.status != ExportStatus.AWAITING_APPROVAL.value
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def objects_with_any(tx: Transaction, system: str) -> AsyncIterator[list[int]]:
    """Stream the CSOs of a system that have an open export, in chunks."""
    query = select(pending_exports.c.id, pending_exports.c.cso_id).where(pending_exports.c.system == system)
    query = query.order_by(pending_exports.c.id).limit(50_000)
    last = 0
    while rows := (await tx.execute(query.where(pending_exports.c.id > last))).all():
        yield [cso_id for _, cso_id in rows]
        last = rows[-1][0]


async def sent_among(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, ExportStatus]:
    """Give those of some planned CSOs whose open export may have reached the target: CSO id → the export's status."""
    if not (cso_ids := list(cso_ids)):
        return {}
    sent = (ExportStatus.EXECUTING, ExportStatus.EXPORTED, ExportStatus.NOT_CONFIRMED)
    query = select(pending_exports.c.cso_id, pending_exports.c.status).where(
        expressions.among(pending_exports.c.cso_id, cso_ids),
        or_(
            pending_exports.c.status.in_([status.value for status in sent]),
            pending_exports.c.change_type == ChangeType.UPDATE.value,
        ),
    )
    return {cso_id: ExportStatus(status) for cso_id, status in await tx.execute(query)}


async def deletes_sent(tx: Transaction, cso_ids: Iterable[int]) -> set[int]:
    """Give those of some CSOs whose delete has been sent to the target."""
    if not (cso_ids := list(cso_ids)):
        return set()
    query = select(pending_exports.c.cso_id).where(
        expressions.among(pending_exports.c.cso_id, cso_ids),
        pending_exports.c.change_type == ChangeType.DELETE.value,
        pending_exports.c.status.in_([ExportStatus.EXPORTED.value, ExportStatus.NOT_CONFIRMED.value]),
    )
    return set((await tx.execute(query)).scalars())


async def listed(tx: Transaction, ids: Iterable[int]) -> list[ListedExport]:
    """Read pending exports, each with the label of its CSO."""
    query = select(*_WHOLE, LABEL, KNOWN_AS).join(objects, objects.c.id == pending_exports.c.cso_id)
    rows = await tx.execute(query.where(expressions.among(pending_exports.c.id, ids)))
    return [ListedExport(_export(row), *row[len(_WHOLE) :]) for row in rows]


async def counts(tx: Transaction) -> list[tuple[str, ChangeType, ExportStatus, bool, int]]:
    """Count pending exports by system, change type, status and whether they are held."""
    group = (
        pending_exports.c.system,
        pending_exports.c.change_type,
        pending_exports.c.status,
        pending_exports.c.held,
    )
    rows = await tx.execute(select(*group, func.count()).group_by(*group).order_by(*group))
    return [(row[0], ChangeType(row[1]), ExportStatus(row[2]), bool(row[3]), row[4]) for row in rows]


IS_RENAME = and_(
    pending_exports.c.change_type == ChangeType.UPDATE.value, pending_exports.c.new_secondary_id.is_not(None)
)
"""Whether an export gives an object that is there a new name."""


async def count_renames(tx: Transaction, system: str) -> int:
    """Count the updates that give a new name, among those of a system that wait to be sent and that nobody holds."""
    query = select(func.count()).where(
        pending_exports.c.system == system,
        pending_exports.c.status.in_([status.value for status in SENDABLE]),
        IS_RENAME,
        ~pending_exports.c.held,
    )
    return int((await tx.execute(query)).scalar_one())


async def unsent(tx: Transaction) -> list[tuple[ExportStatus, str, bool, int]]:
    """Count what was not sent, or was given up, by status, the code of its error, and whether it is held."""
    group = (pending_exports.c.status, func.coalesce(pending_exports.c.error_code, ""), pending_exports.c.held)
    chosen = pending_exports.c.status.in_([status.value for status in (*SENDABLE, ExportStatus.FAILED)])
    rows = await tx.execute(select(*group, func.count()).where(chosen).group_by(*group).order_by(*group))
    return [(ExportStatus(status), code, bool(held), count) for status, code, held, count in rows]


async def any_failed(tx: Transaction) -> bool:
    """Tell whether any export is given up."""
    query = select(pending_exports.c.id).where(pending_exports.c.status == ExportStatus.FAILED.value)
    return (await tx.execute(query.limit(1))).first() is not None


async def _exports(tx: Transaction, query: Select[Any]) -> list[PendingExport]:
    return [_export(row) for row in await tx.execute(query)]


def _export(row: Any) -> PendingExport:
    status = _STATUS[row[5]]
    head = (row[0], row[1], row[2], row[3], _CHANGE_TYPE[row[4]], status, row[6], StoredChanges(row[7], status), row[8])
    return PendingExport._make((*head, bool(row[9]), *row[10:19]))
