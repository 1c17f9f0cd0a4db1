"""Phase 1, import: read a system whole, look at what came, then apply it to the connector space page by page.

whether anything has changed             last_read                   unchanged.py
read everything                          _read
    a page ahead                         read_ahead                  read_ahead.py
    what need not be read                load_fingerprints           recalling.py
    look who is known                    load_known                  matching.py
    who had another id before            note_claims                 previous_ids.py
    keep it on disk                      Arrivals.add                arrivals.py
who stands in it, and has not come       look_for_hidden             hidden.py
too many changes of one attribute        _holds_mass_change
apply it, page by page                   apply_arrivals              applying.py
    which CSO an object is               find_matching_cso           matching.py
    whose id may be somebody else's      changed_hands               changed_identities.py
    whether a name alone proves it       is_proved                   same_object.py
    who was deleted, and is there again  tell                        reappeared.py
    what became of open exports          reconcile_pending_exports   confirming/phase.py
what a delta says was deleted            remove_deleted              delta_deletes.py
whom a complete import has not shown     reconcile_unseen            confirming/phase.py
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from engine.connectors.base import Connector, ImportEnd, ImportPage, ImportRequest, ImportRestart
from engine.errors import ConnectionLost
from engine.events import Progress
from engine.gates import mass_changes
from engine.phases.confirming.phase import reconcile_unseen
from engine.phases.importing.applying import apply_arrivals
from engine.phases.importing.arrivals import Arrival, arrival_of
from engine.phases.importing.hidden import look_for_hidden
from engine.phases.importing.matching import Known, is_unchanged, load_known
from engine.phases.importing.previous_ids import note_claims
from engine.phases.importing.read_ahead import read_ahead
from engine.phases.importing.recalling import (
    keep_fingerprints,
    load_fingerprints,
    note_met,
    note_others,
    stands_twice,
    take_unchanged,
)
from engine.phases.importing.state import ImportState
from engine.phases.importing.unchanged import AGAIN_AFTER, last_read, reading_of, tell_unchanged
from engine.statistics import Statistic
from engine.step import Step
from storage import census, clock, exports, imports, objects, reviews
from storage.records import CsoStatus, KnownCso, ReviewKind, StepResult
from storage.store import Transaction

TOLD = 3
"""How many of those whom nobody can tell are named as why an import is incomplete."""


async def import_objects(step: Step) -> AsyncIterator[Progress]:
    """Read everything a system holds, or with a delta step what changed since; what changed is due for synchronisation.

    Nothing is applied before all of it is there: only then it is known who stands in it twice, and how much changes
    at once. Open exports of the objects seen are reconciled in the same pages. The import's sightings are kept for
    deletion detection.
    """
    task = ImportState(step)
    try:
        async with step.connected() as connector:
            async with step.page() as tx:
                request = await _begin(tx, task, connector)
            async for progress in _take_in(task, connector, request):
                yield progress
        if stands_twice(task):
            task.read_everything()
            async with step.connected() as connector:
                async for progress in _take_in(task, connector, replace(request, fingerprints=None)):
                    yield progress
        task.fingerprints.forget_known()
        if await _holds_mass_change(task):
            yield step.progress()
            return
        async for progress in apply_arrivals(task):
            yield progress
        if task.lost is not None:
            raise task.lost
        await _finish(task)
        yield step.progress()
    finally:
        task.arrivals.close()


async def _begin(tx: Transaction, task: ImportState, connector: Connector) -> ImportRequest:
    """Open the import's record, and say what to ask for: everything, or what changed since the last complete import."""
    step = task.step
    request = await _request(tx, step, connector)
    types = list(step.settings.objects)
    task.reconciles = await exports.has_sent(tx, step.system)
    if task.reconciles:
        async for cso_ids in exports.objects_with_any(tx, step.system):
            task.exported.update(cso_ids)
    task.asked_about = await reviews.asked_about(tx, step.system, ReviewKind.IDENTITY)
    task.reading = reading_of(step, connector)
    if request.watermark is None and not task.reconciles:
        task.last = await last_read(tx, step, task.reading, task.asked_about)
    if request.watermark is None:
        await load_fingerprints(tx, task)
    await imports.start(
        tx,
        step.id,
        step.system,
        full=request.watermark is None,
        types=types,
        partitions={},
        looked_for={kind: connector.looks_for(kind) for kind in types},
    )
    for kind in types:
        task.is_known[kind] = await census.has_any(tx, step.system, kind)
        task.flowing[kind] = mass_changes.flowing(step.workspace, step.system, kind)
    state = None if task.last is None else task.last.state
    newest = step.plan.phase == "confirm" or task.reconciles
    return replace(request, state=state, newest=newest, fingerprints=task.fingerprints)


async def _request(tx: Transaction, step: Step, connector: Connector) -> ImportRequest:
    rules = step.workspace.rules
    watermark = None
    if step.plan.phase == "delta":
        watermark = await imports.last_watermark(tx, step.system) if connector.capabilities.delta else None
        if watermark is None:
            why = "no earlier import knows where to go on" if connector.capabilities.delta else "it cannot tell that"
            step.note([f"everything was read, not only what changed: {why}"])
        elif (full := await imports.last_full(tx, step.system)) is None or clock.is_past(full.started_at, AGAIN_AFTER):
            watermark = None
            step.message = f"everything was read, as once in {AGAIN_AFTER.days} days, not only what changed"
    types = step.settings.objects
    return ImportRequest(
        {kind: rules.used[step.system, kind] for kind in types},
        {kind: rules.required[step.system, kind] for kind in types},
        step.page_size,
        watermark,
    )


async def _take_in(task: ImportState, connector: Connector, request: ImportRequest) -> AsyncIterator[Progress]:
    """Read the system, and see who hides in it; where something may stand in it twice all will be read once more."""
    try:
        async for progress in _read(task, connector, request):
            yield progress
    except ConnectionLost as error:
        task.lost = error  # what came before is there all the same
    if stands_twice(task):
        return
    if not task.end.unchanged:
        await look_for_hidden(task, connector)
    task.claims.judge(task.sightings, whole=task.complete and task.end.full)
    task.is_noted = bool(connector.notes)
    task.step.note(connector.notes)


async def _read(task: ImportState, connector: Connector, request: ImportRequest) -> AsyncIterator[Progress]:
    """Take pages up to the end that the connector tells of. Raises `ConnectionLost` where it tells of none."""
    first = task.step.settings.first
    async with aclosing(read_ahead(connector.import_objects(request))) as events:
        async for event in events:
            if isinstance(event, ImportEnd):
                task.end = event
                if event.unchanged:
                    _take_unchanged(task)
                if event.complete:
                    task.step.total = task.step.done  # until then it may have been an estimate
                return
            if isinstance(event, ImportRestart):
                task.begin_again()
                continue
            page = event if first is None else replace(event, objects=event.objects[: first - task.step.done])
            async with task.step.page() as tx:
                await _look(tx, task, page)
            yield task.step.progress()
            if first is not None and task.step.done >= first:
                task.end = ImportEnd(complete=False, reason=f"the first {first} alone were read, as 'first' says")
                task.step.total = task.step.done
                return
    raise ConnectionLost(f"{task.step.system}: the import stopped without saying that it had reached the end")


def _take_unchanged(task: ImportState) -> None:
    """Take what the last import saw for what this one sees."""
    if task.last is None:
        raise ConnectionLost(f"{task.step.system}: it says that nothing has changed, and was not asked")
    task.sightings = task.last.sightings
    tell_unchanged(task.step, task.last)


async def _look(tx: Transaction, task: ImportState, page: ImportPage) -> None:
    """Compare a page with what is known, and put it aside: what is unchanged is done with."""
    arrivals: list[Arrival] = []
    settled = bytearray()
    take_unchanged(task, page)
    await note_others(tx, task, page.others)
    for kind, group in groupby(sorted(page.objects, key=attrgetter("type")), key=attrgetter("type")):
        key_of = task.step.workspace.key_reader(task.step.system, kind)
        own = [arrival_of(one, one.secondary_id and key_of(one.secondary_id)) for one in group]
        known, claimed = Known(), dict[str, KnownCso]()
        if task.is_known.get(kind, True):
            recalls = task.fingerprints.knows_any
            known = await load_known(tx, task.step.system, kind, own, every_name=recalls)
            if recalls:
                note_met(task, known)
            if (settings := task.step.settings.objects[kind]).previous_id is not None:
                claimed = await note_claims(tx, task.claims, task.step.system, settings, known, own)
        settled += await _compare(tx, task, known, own, claimed)
        arrivals += own
    task.step.statistics[Statistic.UNCHANGED] += settled.count(1)
    task.step.done += len(page.objects) + len(page.deleted) + len(page.unchanged)
    task.step.total = page.total if page.total is not None else task.step.total
    task.arrivals.add(arrivals, bytes(settled))
    task.arrivals.deleted += page.deleted


async def _compare(
    tx: Transaction, task: ImportState, known: Known, arrivals: list[Arrival], claimed: dict[str, KnownCso]
) -> bytearray:
    """Mark with a 1 each object that is just what is known of it; count what changes of the others.

    `claimed` are those that objects with a new id say they are.
    """
    settled = bytearray(len(arrivals))
    changed: dict[int, Arrival] = {}
    for index, one in enumerate(arrivals):
        if one.external_id is None and len(task.unreadable) < TOLD:
            task.unreadable.append(f"{one.position}: the external id could not be read")
        cso = known.by_external_id.get(one.external_id or "")
        before = claimed.get(one.external_id or "")
        if before is not None and one.error is None and _flows(task, before, one):
            changed[before.id] = one
        if cso is None or one.error is not None:
            continue
        task.sightings.add(cso.id)
        if _is_at_rest(cso, one):
            settled[index] = _settle(task, cso, one)
        elif _flows(task, cso, one):
            changed[cso.id] = one
    if changed:
        await _count_changes(tx, task, changed)
    return settled


def _is_at_rest(cso: KnownCso, one: Arrival) -> bool:
    """Tell whether nothing has to be written of an object that was seen."""
    return is_unchanged(cso, one.content) and not cso.kept and cso.sought_by is None


def _settle(task: ImportState, cso: KnownCso, one: Arrival) -> bool:
    """Tell whether an object that is at rest is settled; of one that is, what came need not be read again."""
    is_settled = _is_settled(task, cso, one)
    if is_settled and one.fingerprint is not None:
        task.fingerprints.keep(one.fingerprint, cso.id)
    return is_settled


def _is_settled(task: ImportState, cso: KnownCso, one: Arrival) -> bool:
    """Tell whether nothing at all has to be done about an object that is at rest."""
    if cso.id in task.asked_about:
        return False
    if not task.reconciles:
        return True
    # what it may have been before is told while anything of its system is confirmed
    return cso.id not in task.exported and task.step.settings.objects[one.type].previous_id is None


def _flows(task: ImportState, cso: KnownCso, one: Arrival) -> bool:
    """Tell whether something has changed of an object that may flow on."""
    return cso.status == CsoStatus.NORMAL and cso.hash != one.content.hash and bool(task.flowing[one.type])


async def _count_changes(tx: Transaction, task: ImportState, changed: dict[int, Arrival]) -> None:
    """Count by attribute what changes; what our own exports have changed is no surprise."""
    written = await exports.of_objects(tx, changed) if task.reconciles else {}
    for whole in await objects.get(tx, changed.keys() - written.keys()):
        mass_changes.count_changes(task.tally, task.flowing[whole.type], whole, changed[whole.id].attributes())


async def _holds_mass_change(task: ImportState) -> bool:
    """Gate 6: stop before anything is applied where one attribute would change on too many objects."""
    step = task.step
    async with step.page() as tx:
        workspace = step.workspace
        stops = await mass_changes.stops_of(tx, workspace, step.system, task.tally, reviews.MASS_CHANGE)
        if not stops:
            await mass_changes.close_released(tx, step.system)
            return False
        await reviews.supersede(tx, step.system)
        said = await mass_changes.hold(tx, step, stops)
        await _close_record(tx, task, complete=False, reason=said)
        await keep_fingerprints(tx, task, nothing_applied=True)
    step.statistics.pop(Statistic.UNCHANGED, None)
    step.result = StepResult.STOPPED_CHANGES
    step.message = "; ".join(filter(None, (step.message, f"{said}; nothing was applied")))
    return True


async def _finish(task: ImportState) -> None:
    """Close the import's record, and settle the exports of whoever it has not shown."""
    step = task.step
    reason = task.end.reason or "; ".join(task.unreadable[:TOLD])
    async with step.page() as tx:
        if task.complete and task.end.full:
            await _settle_unseen(tx, task)
        await _close_record(tx, task, complete=task.complete, reason=reason)
        await keep_fingerprints(tx, task, nothing_applied=task.end.unchanged)
    if not task.complete:
        step.result = StepResult.DISCOVERY_ERRORS
        step.message = "; ".join(filter(None, (step.message, f"the import is incomplete: {reason}")))
    elif not step.done:
        step.result = StepResult.NO_OBJECTS


async def _settle_unseen(tx: Transaction, task: ImportState) -> None:
    """Settle what a complete import says of those whom it has not shown; what gates held before it is outdated."""
    if task.reconciles:
        await reconcile_unseen(tx, task.step, task.sightings, task.end.partitions)
    await reviews.supersede(tx, task.step.system)


async def _close_record(tx: Transaction, task: ImportState, *, complete: bool, reason: str) -> None:
    end = task.end
    outcome = imports.Outcome(
        end.full,
        complete,
        reason,
        task.sightings,
        end.partitions,
        # a claim that a delta could not prove is read once more, with everything else
        end.watermark if end.full or not task.claims.is_open() else None,
        f"{task.reading} {end.state}" if end.state is not None else None,
        task.last.by.step_id if task.last is not None and end.unchanged else None,
    )
    await imports.finish(tx, task.step.id, outcome)
