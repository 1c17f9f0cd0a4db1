"""Phase 1, import: read a system into the connector space, a page at a time."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import IO

from engine.connectors.base import Connector, ImportedObject, ImportEnd, ImportPage, ImportRequest, ImportRestart
from engine.errors import ConnectionLost, ObjectError
from engine.events import Progress
from engine.phases.ahead import read_ahead
from engine.phases.confirming import Sighting, reconcile_pending_exports, reconcile_unseen
from engine.phases.matching import Known, Match, find_matching_cso, load_known
from engine.phases.noticing import index_keys
from engine.phases.removing import remove_deleted
from engine.steps import Step
from storage import counters, exports, imports, metaverse, objects, reviews, transitions
from storage.documents import decode, encode
from storage.imports import Sightings
from storage.objects import Content, content_of
from storage.records import Cso, CsoStatus, KnownCso, ReviewKind, ReviewState, StepResult
from storage.store import Transaction
from storage.transitions import Move

RECONCILED_AT_ONCE = 1_000
"""How many objects are compared with their exports at once: the exports of a whole page would take much memory."""


@dataclass(slots=True)
class _Import:
    """What an import remembers from page to page: a bit for each CSO, and what it had to put aside."""

    step: Step
    reconciles: bool = False
    end: ImportEnd = ImportEnd(complete=False)  # noqa: RUF009 - frozen
    sightings: Sightings = field(default_factory=Sightings)
    unreadable: list[str] = field(default_factory=list)
    put_aside: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(max_size=4_000_000))  # noqa: SIM115

    def begin_again(self) -> None:
        """Forget what was seen: everything is read once more."""
        self.sightings = Sightings()
        self.unreadable.clear()
        self.put_aside.seek(0)
        self.put_aside.truncate()
        self.step.done = 0


@dataclass(slots=True)
class _Rows:
    """What one page writes."""

    new: list[tuple[str, Content]] = field(default_factory=list)
    changed: list[tuple[int, Content]] = field(default_factory=list)
    seen: list[Sighting] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    """Obsolete CSOs that were seen again, with an error or without."""
    restored: list[int] = field(default_factory=list)
    """Those of them whose attributes cannot be taken over."""
    unkept: list[int] = field(default_factory=list)


async def import_objects(step: Step) -> AsyncIterator[Progress]:
    """Read everything a system holds, or with a delta step what changed since; what changed is due for synchronisation.

    Open exports of the objects seen are reconciled in the same pages. The import's sightings are kept for
    deletion detection.
    """
    types = list(step.settings.objects)
    task = _Import(step)
    with task.put_aside:
        async with step.workspace.connector(step.system) as connector:
            async with step.page() as tx:
                request = await _request(tx, step, connector)
                full = request.watermark is None
                await imports.start(tx, step.id, step.system, full=full, types=types, partitions=[])
                task.reconciles = await exports.has_sent(tx, step.system)
            async for progress in _read(task, connector, request):
                yield progress
            step.note(connector.notes)
        async for progress in _finish(task):
            yield progress


async def _read(task: _Import, connector: Connector, request: ImportRequest) -> AsyncIterator[Progress]:
    """Apply pages up to the end that the connector tells of. Raises `ConnectionLost` where it tells of none."""
    async for event in read_ahead(connector.import_objects(request)):
        if isinstance(event, ImportEnd):
            task.end = event
            return
        if isinstance(event, ImportRestart):
            task.begin_again()
            continue
        async with task.step.page() as tx:
            await _apply_page(tx, task, event)
        yield task.step.progress()
    raise ConnectionLost(f"{task.step.system}: the import stopped without saying that it had reached the end")


async def _request(tx: Transaction, step: Step, connector: Connector) -> ImportRequest:
    """Say what to ask for: everything, or what changed since the last complete import."""
    rules = step.workspace.rules
    watermark = None
    if step.plan.phase == "delta":
        watermark = await imports.last_watermark(tx, step.system) if connector.capabilities.delta else None
        if watermark is None:
            why = "no earlier import knows where to go on" if connector.capabilities.delta else "it cannot tell that"
            step.note([f"everything was read, not only what changed: {why}"])
    types = step.settings.objects
    return ImportRequest(
        {kind: rules.used[step.system, kind] for kind in types},
        {kind: rules.required[step.system, kind] for kind in types},
        step.page_size,
        watermark,
    )


async def _finish(task: _Import) -> AsyncIterator[Progress]:
    """Settle what was put aside, then close the import's record."""
    step, end = task.step, task.end
    for batch in _read_put_aside(task.put_aside, step.page_size):
        async with step.page() as tx:
            await _apply_settled(tx, task, batch)
        yield step.progress()
    reason = end.reason or "; ".join(task.unreadable[:3])
    complete = end.complete and not task.unreadable
    async with step.page() as tx:
        if complete and end.full and task.reconciles:
            await reconcile_unseen(tx, step, task.sightings, list(end.partitions))
        if complete and end.full:
            await reviews.supersede(tx, step.system)
        await imports.finish(
            tx,
            step.id,
            full=end.full,
            complete=complete,
            reason=reason,
            sightings=task.sightings,
            partitions=list(end.partitions),
            watermark=end.watermark,
        )
    if not complete:
        step.result = StepResult.DISCOVERY_ERRORS
        step.message = "; ".join([*([step.message] if step.message else []), f"the import is incomplete: {reason}"])
    elif not step.done:
        step.result = StepResult.NO_OBJECTS
    yield step.progress()


async def _apply_page(tx: Transaction, task: _Import, page: ImportPage) -> None:
    step = task.step
    rows = _Rows()
    for kind, group in groupby(sorted(page.objects, key=attrgetter("type")), key=attrgetter("type")):
        imported = list(group)
        known = await load_known(tx, step.workspace, step.system, kind, imported)
        ids: Counter[str | None] = Counter(one.external_id for one in imported)
        key_of = step.workspace.key_reader(step.system, kind)
        for one in imported:
            if one.error is None and one.external_id is not None and ids[one.external_id] > 1:
                one.error = _duplicate(one)
            _apply(task, rows, known, one, one.secondary_id and key_of(one.secondary_id))
    step.done += len(page.objects) + len(page.deleted)
    step.total = page.total if page.total is not None else step.total
    await _write(tx, task, rows)
    if page.deleted:
        await remove_deleted(tx, step, page.deleted, task.sightings)


def _duplicate(one: ImportedObject) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"the external id '{one.external_id}' stands in this import more than once",
        "give every object its own id at the source; until then none of them changes anything",
    )


def _apply(task: _Import, rows: _Rows, known: Known, one: ImportedObject, key: str | None) -> None:
    """Decide what one imported object means, and put it into the page's rows; `key` is its secondary id's form."""
    step = task.step
    match = find_matching_cso(known, one.external_id, key)
    if match.cso and match.certain and match.cso.id in task.sightings and one.error is None:
        one.error = _duplicate(one)
    if one.error is not None:
        _refuse(task, rows, one, match)
    elif not match.certain:
        task.put_aside.write(encode(asdict(one)).encode() + b"\n")
    elif match.cso is None:
        rows.new.append((one.type, _content(one, key)))
    else:
        task.sightings.add(match.cso.id)
        _compare(step, rows, match.cso, _content(one, key), one)


def _refuse(task: _Import, rows: _Rows, one: ImportedObject, match: Match) -> None:
    """Record an object's error; whoever could be identified has been seen all the same, and is not missing."""
    if match.cso is not None and match.certain:
        task.sightings.add(match.cso.id)
        if match.cso.kept:
            rows.unkept.append(match.cso.id)
        if match.cso.status == CsoStatus.OBSOLETE:
            rows.restored.append(match.cso.id)
            rows.returned.append(match.cso.id)
            label = one.secondary_id or one.external_id or ""
            normal, why = CsoStatus.NORMAL, "seen again, with an error"
            task.step.moved(Move("cso", match.cso.id, task.step.system, label, match.cso.status, normal, why))
    if one.external_id is None:
        task.unreadable.append(f"{one.position}: the external id could not be read")
    label = one.secondary_id or one.external_id or one.position
    object_id = match.cso.id if match.cso else None
    if one.error:
        task.step.failed(one.error, object_type=one.type, label=label, position=one.position, object_id=object_id)


def _content(one: ImportedObject, key: str | None) -> Content:
    return content_of(
        one.attributes,
        external_id=one.external_id,
        secondary_id=one.secondary_id,
        secondary_key=key,
        partition=one.partition,
    )


def _compare(step: Step, rows: _Rows, cso: KnownCso, content: Content, one: ImportedObject) -> None:
    """Tell an unchanged object from a changed one by its hash."""
    rows.seen.append(Sighting(cso.id, one.type, one.attributes, one.secondary_id))
    if cso.kept:
        rows.unkept.append(cso.id)
    same_ids = cso.external_id == one.external_id and cso.partition == content.partition
    if cso.hash == content.hash and cso.status == CsoStatus.NORMAL and same_ids:
        step.statistics["unchanged"] += 1
        return
    rows.changed.append((cso.id, content))
    if cso.status == CsoStatus.OBSOLETE:
        rows.returned.append(cso.id)
    if cso.status != CsoStatus.NORMAL:
        reason = "seen again" if cso.status == CsoStatus.OBSOLETE else "confirmed by import"
        label = one.secondary_id or one.external_id or ""
        step.moved(Move("cso", cso.id, step.system, label, cso.status, CsoStatus.NORMAL, reason))
    renamed = cso.secondary_key is not None and cso.secondary_key != content.secondary_key
    step.statistics["renames" if renamed else "updates"] += 1


async def _write(tx: Transaction, task: _Import, rows: _Rows) -> None:
    step = task.step
    await objects.update_imported(tx, rows.changed)
    if rows.new:
        await _add(tx, task, rows.new)
    if rows.unkept:
        await objects.set_kept(tx, rows.unkept, kept=False)
    if rows.restored:
        await objects.set_status(tx, rows.restored, CsoStatus.NORMAL)
    if rows.returned:
        await _close_reviews(tx, step, rows.returned)
    if task.reconciles:
        for start in range(0, len(rows.seen), RECONCILED_AT_ONCE):
            await reconcile_pending_exports(tx, step, rows.seen[start : start + RECONCILED_AT_ONCE])


async def _add(tx: Transaction, task: _Import, new: list[tuple[str, Content]]) -> None:
    step = task.step
    first = await counters.allocate(tx, "objects", len(new))
    await objects.add_imported(tx, step.system, first, new)
    await transitions.record_new_objects(tx, first, step_id=step.id, reason="imported for the first time")
    task.sightings.update(range(first, first + len(new)))
    step.statistics["adds"] += len(new)


async def _close_reviews(tx: Transaction, step: Step, returned: list[int]) -> None:
    live = await reviews.of_objects(tx, returned, ReviewKind.ABSENCE, reviews.LIVE)
    ids = [item.id for item in live.values()]
    await reviews.decide(
        tx, ids, expected=reviews.LIVE, state=ReviewState.REAPPEARED, operator=None, reason="seen again"
    )
    for item in live.values():
        step.moved(Move("review", item.id, step.system, item.label, item.state, ReviewState.REAPPEARED, "seen again"))
    await metaverse.set_due_of_objects(tx, returned)


def _read_put_aside(spool: IO[bytes], page_size: int) -> Iterator[list[ImportedObject]]:
    spool.seek(0)
    batch: list[ImportedObject] = []
    for line in spool:
        batch.append(ImportedObject(**decode(line.decode())))
        if len(batch) == page_size:
            yield batch
            batch = []
    if batch:
        yield batch


async def _apply_settled(tx: Transaction, task: _Import, batch: list[ImportedObject]) -> None:
    """Handle objects whose DN belonged to a CSO with another primary id, now that all the others were seen."""
    step = task.step
    rows = _Rows()
    for kind, group in groupby(sorted(batch, key=attrgetter("type")), key=attrgetter("type")):
        imported = list(group)
        known = await load_known(tx, step.workspace, step.system, kind, imported)
        before = await _known_whole(tx, known)
        for one in imported:
            key = step.workspace.secondary_key(step.system, kind, one.secondary_id)
            match = find_matching_cso(known, one.external_id, key)
            content = _content(one, key)
            cso = before.get(match.cso.id) if match.cso else None
            if match.cso is None or cso is None or cso.id in task.sightings or _is_another(step, cso, one):
                rows.new.append((kind, content))
                continue
            task.sightings.add(cso.id)
            step.statistics["new identities"] += 1
            label, old, new = one.secondary_id or "", cso.external_id, one.external_id
            step.moved(Move("identity", cso.id, step.system, label, old, new, "the same DN has another external id"))
            _compare(step, rows, match.cso, content, one)
    await _write(tx, task, rows)


async def _known_whole(tx: Transaction, known: Known) -> dict[int, Cso]:
    ids = {cso.id for csos in known.by_secondary.values() for cso in csos}
    return {cso.id: cso for cso in await objects.get(tx, ids | {cso.id for cso in known.by_external_id.values()})}


def _is_another(step: Step, cso: Cso, one: ImportedObject) -> bool:
    """Tell by the join keys whether an entry that has a known DN and a new id is somebody else."""
    found = cso._replace(attributes=one.attributes)
    targets = [targets.get((step.system, one.type), []) for targets in step.workspace.rules.outbound.values()]
    joining = {join.name for rules in targets for rule in rules for join in rule.joins}
    owner = f"{step.system}.{one.type}"
    before, after = (
        {key.attributes: key.key for key in index_keys(step, owner, [side]) if key.attributes in joining}
        for side in (cso, found)
    )
    return any(before[name] != after.get(name) for name in before)
