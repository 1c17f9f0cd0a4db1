"""Phase 1, import: apply what came to the connector space, page by page, once all of it is there."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from engine.approvals.review_items import move_items
from engine.errors import ObjectError
from engine.events import Progress
from engine.pending_exports.interim_names import INTERIM, is_interim
from engine.phases.confirming.phase import Sighting, reconcile_pending_exports
from engine.phases.importing import changed_identities, reappeared
from engine.phases.importing.arrivals import Arrival, Twice
from engine.phases.importing.delta_deletes import remove_deleted
from engine.phases.importing.matching import Known, Match, find_matching_cso, load_known
from engine.phases.importing.same_object import is_proved
from engine.phases.importing.state import ImportState
from engine.step import Step
from storage import counters, metaverse, objects, reviews, transitions
from storage.objects import Content, content_of
from storage.records import Cso, CsoStatus, KnownCso, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

RECONCILED_AT_ONCE = 1_000
"""How many objects are compared with their exports at once: the exports of a whole page would take much memory."""


@dataclass(slots=True)
class _Rows:
    """What one page writes."""

    new: list[Arrival] = field(default_factory=list)
    changed: list[tuple[int, Content]] = field(default_factory=list)
    seen: list[Sighting] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    """Obsolete CSOs that were seen again, with an error or without."""
    restored: list[int] = field(default_factory=list)
    """Those of them whose attributes cannot be taken over."""
    unkept: list[int] = field(default_factory=list)
    found_again: list[int] = field(default_factory=list)
    """CSOs that were not looked for any more, and are found all the same."""


async def apply_arrivals(task: ImportState) -> AsyncIterator[Progress]:
    """Apply what came: changed and new objects, errors, then what the system says was deleted."""
    step = task.step
    twice = task.arrivals.twice()
    for page in task.arrivals.pages(twice):
        async with step.page() as tx:
            await _apply_page(tx, task, page, twice)
        yield step.progress()
    deleted = task.arrivals.deleted
    for start in range(0, len(deleted), step.page_size):
        part = deleted[start : start + step.page_size]
        async with step.page() as tx:
            await remove_deleted(tx, step, part, task.sightings)
        yield step.progress()


async def _apply_page(tx: Transaction, task: ImportState, page: list[tuple[Arrival, bool]], twice: Twice) -> None:
    step = task.step
    rows = _Rows()
    step.statistics["unchanged"] -= sum(1 for one, done in page if done and twice.error_of(one))
    left = [one for one, done in page if not done or twice.error_of(one)]
    for kind, group in groupby(left, key=attrgetter("type")):
        own = [one._replace(error=twice.error_of(one) or one.error) for one in group]
        known = Known()
        if task.is_known.get(kind, True):
            known = await load_known(tx, step.system, kind, own, every_name=bool(twice.pages) or not task.complete)
        matches = [find_matching_cso(known, one.external_id, one.content.secondary_key) for one in own]
        whole = await _read_whole(tx, task, own, matches)
        changed_hands = await changed_identities.changed_hands(tx, step, own, matches, whole)
        for one, match in zip(own, matches, strict=True):
            if match.cso is not None and match.cso.id in changed_hands.new:
                rows.new.append(one)
                continue
            refused = one._replace(error=one.error or changed_hands.errors.get(match.cso.id if match.cso else 0))
            _apply_one(task, rows, known, (refused, match), whole)
    await _write(tx, task, rows)


async def _read_whole(tx: Transaction, task: ImportState, own: list[Arrival], matches: list[Match]) -> dict[int, Cso]:
    """Read those CSOs whole of which more has to be known than ids and a hash."""
    ids, step = set(), task.step
    with_dns = {kind: step.workspace.is_dn(step.system, kind) for kind in {one.type for one in own}}
    for one, match in zip(own, matches, strict=True):
        if match.cso is None or one.error is not None:
            continue
        differs = match.cso.hash != one.content.hash
        compared = bool(step.settings.objects[one.type].same_person)
        aside = with_dns[one.type] and is_interim(one.content.secondary_id)
        if not match.certain or match.cso.id in task.asked_about or (differs and (compared or aside)):
            ids.add(match.cso.id)
    return {cso.id: cso for cso in await objects.get(tx, ids)} if ids else {}


def _apply_one(
    task: ImportState, rows: _Rows, known: Known, pair: tuple[Arrival, Match], whole: dict[int, Cso]
) -> None:
    """Decide what one imported object means, and put it into the page's rows."""
    one, match = pair
    if one.error is None and match.cso is not None and match.certain and _is_unclear(task, known, one, match.cso):
        one = one._replace(error=_unclear(one))
    if one.error is not None:
        _refuse(task, rows, known, one, match)
    elif match.cso is None or (not match.certain and not _is_the_same(task, one, whole[match.cso.id])):
        rows.new.append(one)
    else:
        if not match.certain and match.cso.external_id is not None:
            _tell_new_identity(task.step, one, match.cso)
        task.sightings.add(match.cso.id)
        _take_over(task, rows, match.cso, one, whole.get(match.cso.id))


def _is_the_same(task: ImportState, one: Arrival, cso: Cso) -> bool:
    """Tell whether an object that has only a CSO's name is that one: not one that is elsewhere, or cannot be proved."""
    if cso.external_id is not None and cso.id in task.sightings:
        return False
    return is_proved(task.step.workspace, cso, one.attributes())


def _is_unclear(task: ImportState, known: Known, one: Arrival, cso: KnownCso) -> bool:
    """Tell whether an object has one's id and another's name, in an import that may not have shown that other."""
    if task.complete or cso.secondary_key == one.content.secondary_key:
        return False
    named = known.by_secondary.get(one.content.secondary_key or "", [])
    return any(other.id != cso.id and other.id not in task.sightings for other in named)


def _unclear(one: Arrival) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"'{one.label}' has the id '{one.external_id}', which another object had, and the import is incomplete",
        "import the system to its end: then it is known whether the id stands there twice",
    )


def _tell_new_identity(step: Step, one: Arrival, cso: KnownCso) -> None:
    step.statistics["new identities"] += 1
    why = "the same name and join keys have another external id"
    step.moved(Move("identity", cso.id, step.system, one.label, cso.external_id, one.external_id, why))


def _refuse(task: ImportState, rows: _Rows, known: Known, one: Arrival, match: Match) -> None:
    """Record an object's error; whoever could be identified, by either id, has been seen all the same."""
    found = [match.cso] if match.cso is not None and match.certain else []
    if one.error and one.error.code == "duplicate-external-id":
        found += [cso for cso in known.by_secondary.get(one.content.secondary_key or "", []) if cso not in found]
    for cso in found:
        task.sightings.add(cso.id)
        if cso.kept:
            rows.unkept.append(cso.id)
        if cso.sought_by is not None:
            rows.found_again.append(cso.id)
        if cso.status == CsoStatus.OBSOLETE and cso.external_id is not None:
            rows.restored.append(cso.id)
            rows.returned.append(cso.id)
            normal, why = CsoStatus.NORMAL, "seen again, with an error"
            task.step.moved(Move("cso", cso.id, task.step.system, one.label, cso.status, normal, why))
    object_id = match.cso.id if match.cso else None
    if one.error:
        task.step.failed(one.error, object_type=one.type, label=one.label, position=one.position, object_id=object_id)


def _take_over(task: ImportState, rows: _Rows, cso: KnownCso, one: Arrival, whole: Cso | None) -> None:
    """Take over what is new of an object; an unchanged one is only seen."""
    step, content = task.step, one.content
    if is_interim(content.secondary_id) and whole is not None and step.workspace.is_dn(step.system, one.type):
        content = _without_interim_values(content, one, whole)
    if task.reconciles:
        rows.seen.append(Sighting(cso.id, one.type, one.attributes(), content.secondary_id, one.label))
    if cso.kept:
        rows.unkept.append(cso.id)
    if cso.sought_by is not None:
        rows.found_again.append(cso.id)
    same_ids = cso.external_id == content.external_id and cso.partition == content.partition
    if cso.hash == content.hash and cso.status == CsoStatus.NORMAL and same_ids:
        step.statistics["unchanged"] += 1
        return
    rows.changed.append((cso.id, content))
    if cso.status == CsoStatus.OBSOLETE:
        rows.returned.append(cso.id)
    if cso.status != CsoStatus.NORMAL:
        reason = "seen again" if cso.status == CsoStatus.OBSOLETE else "confirmed by import"
        step.moved(Move("cso", cso.id, step.system, one.label, cso.status, CsoStatus.NORMAL, reason))
    renamed = cso.secondary_key is not None and cso.secondary_key != content.secondary_key
    step.statistics["renames" if renamed else "updates"] += 1


def _without_interim_values(content: Content, one: Arrival, whole: Cso) -> Content:
    """Give what came of an object that has a name in between, with its former values for it: it flows nowhere."""
    attributes = {
        name: whole.attributes.get(name, []) if any(str(value).startswith(INTERIM) for value in values) else values
        for name, values in one.attributes().items()
    }
    return content_of(
        {name: values for name, values in attributes.items() if values},
        external_id=content.external_id,
        secondary_id=content.secondary_id,
        secondary_key=content.secondary_key,
        partition=content.partition,
    )


async def _write(tx: Transaction, task: ImportState, rows: _Rows) -> None:
    step = task.step
    await objects.update_imported(tx, rows.changed)
    if rows.new:
        await _add(tx, task, rows.new)
    if rows.unkept:
        await objects.set_kept(tx, rows.unkept, kept=False)
    if rows.found_again:
        await objects.forget_query(tx, rows.found_again)
    if rows.restored:
        await objects.set_status(tx, rows.restored, CsoStatus.NORMAL)
    if rows.returned:
        await _close_reviews(tx, step, rows.returned)
    if task.reconciles:
        for start in range(0, len(rows.seen), RECONCILED_AT_ONCE):
            await reconcile_pending_exports(tx, step, rows.seen[start : start + RECONCILED_AT_ONCE])


async def _add(tx: Transaction, task: ImportState, new: list[Arrival]) -> None:
    step = task.step
    first = await counters.allocate(tx, "objects", len(new))
    await objects.add_imported(tx, step.system, first, [(one.type, one.content) for one in new])
    await transitions.record_new_objects(tx, first, step_id=step.id, reason="imported for the first time")
    task.sightings.update(range(first, first + len(new)))
    step.statistics["adds"] += len(new)
    await reappeared.tell(tx, step, first, new)


async def _close_reviews(tx: Transaction, step: Step, returned: Iterable[int]) -> None:
    live = await reviews.of_objects(tx, returned, ReviewKind.ABSENCE, reviews.LIVE)
    await move_items(tx, step, live.values(), ReviewState.REAPPEARED, "seen again")
    await metaverse.set_due_of_objects(tx, returned)
