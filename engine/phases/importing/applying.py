"""Phase 1, import: apply what came to the connector space, page by page, once all of it is there."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter

from engine.approvals.names import follow_names
from engine.approvals.review_items import move_items
from engine.errors import ObjectError
from engine.events import Progress
from engine.pending_exports.interim_names import INTERIM, is_interim
from engine.phases.confirming.phase import Sighting, reconcile_pending_exports
from engine.phases.importing import reappeared
from engine.phases.importing.arrivals import Arrival, Twice
from engine.phases.importing.changed_identities import changed_hands
from engine.phases.importing.delta_deletes import remove_deleted
from engine.phases.importing.matching import Known, Match, find_matching_cso, is_unchanged, load_known
from engine.phases.importing.previous_ids import load_claimed
from engine.phases.importing.recalling import forget_settled, keep_applied, note_applied
from engine.phases.importing.same_object import is_proved
from engine.phases.importing.state import ImportState
from engine.statistics import Statistic
from engine.step import Step
from storage import counters, metaverse, objects, reviews, transitions
from storage.imports import Sightings
from storage.objects import Content, content_of
from storage.records import Cso, CsoStatus, Entity, KnownCso, ReviewKind, ReviewState
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
    """CSOs whose exports are compared with how they were seen, where there are any."""
    returned: list[int] = field(default_factory=list)
    """Obsolete CSOs that were seen again, with an error or without."""
    restored: list[int] = field(default_factory=list)
    """Those of them whose attributes cannot be taken over."""
    unkept: list[int] = field(default_factory=list)
    renamed: list[int] = field(default_factory=list)
    """CSOs that are called by another secondary external id from now on."""
    found_again: list[int] = field(default_factory=list)
    """CSOs that were not looked for any more, and are found all the same."""

    def see(self, cso: KnownCso) -> None:
        """Note of a CSO that it was seen: an operator need not keep it any more, and it is looked for."""
        if cso.kept:
            self.unkept.append(cso.id)
        if cso.sought_by is not None:
            self.found_again.append(cso.id)


async def apply_arrivals(task: ImportState) -> AsyncIterator[Progress]:
    """Apply what came: changed and new objects, errors, then what the system says was deleted."""
    step = task.step
    twice = task.arrivals.twice()
    for page in task.arrivals.pages(twice):
        await step.in_page(partial(_apply_page, task=task, page=page, twice=twice, seen=bytes(task.sightings)))
        keep_applied(task)
        yield step.progress()
    deleted = task.arrivals.deleted
    for start in range(0, len(deleted), step.page_size):
        part = deleted[start : start + step.page_size]
        async with step.page() as tx:
            await remove_deleted(tx, step, part, task.sightings)
        yield step.progress()


async def _apply_page(
    tx: Transaction, task: ImportState, page: list[tuple[Arrival, bool]], twice: Twice, seen: bytes
) -> None:
    """Apply one page; `seen` is what was seen before it, so that it can be begun anew."""
    task.sightings = Sightings(seen)
    task.applied.clear()
    left: list[Arrival] = []
    for one, done in page:
        error = twice.error_of(one)
        if done and error is None:
            continue
        if done:  # as unchanged it was counted when it came
            task.step.statistics[Statistic.UNCHANGED] -= 1
            forget_settled(task, one)
        left.append(one._replace(error=error or one.error))
    rows = _Rows()
    for _, group in groupby(left, key=attrgetter("type")):
        await _apply_type(tx, task, rows, list(group), every_name=bool(twice.pages) or not task.complete)
    await _write(tx, task, rows)


async def _apply_type(tx: Transaction, task: ImportState, rows: _Rows, own: list[Arrival], *, every_name: bool) -> None:
    """Decide what some imported objects of one type mean."""
    step, kind = task.step, own[0].type
    own = [one._replace(error=one.error or task.claims.error_of(one)) for one in own]
    known = Known()
    if task.is_known.get(kind, True):
        known = await load_known(tx, step.system, kind, own, every_name=every_name)
        await load_claimed(tx, task.claims, step.system, kind, known, own)
    matches = [find_matching_cso(known, one.external_id, one.content.secondary_key) for one in own]
    whole = await _read_whole(tx, task, own, matches)
    hands = await changed_hands(tx, step, own, matches, whole)
    for one, match in zip(own, matches, strict=True):
        if match.cso_id in hands.new:
            rows.new.append(one)
        else:
            told = one._replace(error=one.error or hands.errors.get(match.cso_id))
            _apply_one(task, rows, known, (told, match), whole)


async def _read_whole(tx: Transaction, task: ImportState, own: list[Arrival], matches: list[Match]) -> dict[int, Cso]:
    """Read those CSOs whole of which more has to be known than ids and a hash."""
    ids: set[int] = set()
    for one, match in zip(own, matches, strict=True):
        if match.cso is None or one.error is not None:
            continue
        doubtful = not match.certain or match.cso.id in task.asked_about
        if doubtful or _is_compared(task, one, match.cso):
            ids.add(match.cso.id)
    return {cso.id: cso for cso in await objects.get(tx, ids)} if ids else {}


def _is_compared(task: ImportState, one: Arrival, cso: KnownCso) -> bool:
    """Tell whether what came is compared with what was there: the person, or the values before a name in between."""
    if cso.hash == one.content.hash:
        return False
    same_person = task.step.settings.objects[one.type].same_person
    return bool(same_person) or is_interim(one.content.secondary_id)


def _apply_one(
    task: ImportState, rows: _Rows, known: Known, pair: tuple[Arrival, Match], whole: dict[int, Cso]
) -> None:
    """Decide what one imported object means, and put it into the page's rows."""
    one, match = pair
    if one.error is None and _is_unclear(task, known, one, match):
        one = one._replace(error=_unclear(one))
    if one.error is not None:
        _refuse(task, rows, known, one, match)
    elif match.cso is None or not _is_the_same(task, one, match, whole):
        rows.new.append(one)
    else:
        _tell_new_identity(task.step, one, match)
        task.sightings.add(match.cso.id)
        _take_over(task, rows, match.cso, one, whole.get(match.cso.id))


def _is_the_same(task: ImportState, one: Arrival, match: Match, whole: dict[int, Cso]) -> bool:
    """Tell whether an object is the CSO that was found: by a name alone only one that is proved, and not elsewhere."""
    if match.certain:
        return True
    cso = whole[match.cso_id]
    if cso.external_id is not None and cso.id in task.sightings:
        return False
    return is_proved(task.step.workspace, cso, one.attributes())


def _is_unclear(task: ImportState, known: Known, one: Arrival, match: Match) -> bool:
    """Tell whether an object has one's id and another's name, in an import that may not have shown that other."""
    cso = match.cso
    if task.complete or cso is None or not match.certain or cso.secondary_key == one.content.secondary_key:
        return False
    named = known.named(one.content.secondary_key)
    return any(other.id != cso.id and other.id not in task.sightings for other in named)


def _unclear(one: Arrival) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"'{one.label}' has the id '{one.external_id}', which another object had, and the import is incomplete",
        "import the system to its end: then it is known whether the id stands there twice",
    )


def _tell_new_identity(step: Step, one: Arrival, match: Match) -> None:
    """Record that an object has another external id from now on."""
    cso = match.cso
    if cso is not None and cso.external_id not in (None, one.external_id):
        step.statistics[Statistic.NEW_IDENTITIES] += 1
        by_row = "its row says that it had the other external id before"
        why = by_row if match.certain else "the same name and join keys have another external id"
        step.moved(Move(Entity.IDENTITY, cso.id, step.system, one.label, cso.external_id, one.external_id, why))


def _refuse(task: ImportState, rows: _Rows, known: Known, one: Arrival, match: Match) -> None:
    """Record an object's error; whoever could be identified, by either id, has been seen all the same."""
    for cso in _identified(known, one, match):
        task.sightings.add(cso.id)
        rows.see(cso)
        if cso.status == CsoStatus.OBSOLETE and cso.external_id is not None:
            rows.restored.append(cso.id)
            rows.returned.append(cso.id)
            normal, why = CsoStatus.NORMAL, "seen again, with an error"
            task.step.moved(Move(Entity.CSO, cso.id, task.step.system, one.label, cso.status, normal, why))
    object_id = match.cso.id if match.cso else None
    if one.error:
        task.step.failed(one.error, object_type=one.type, label=one.label, position=one.position, object_id=object_id)


def _identified(known: Known, one: Arrival, match: Match) -> list[KnownCso]:
    """Give the CSOs that an object with an error shows: its own, and of ids that stand twice those with its name."""
    found = [match.cso] if match.cso is not None and match.certain else []
    found += [cso for cso in known.claimed.get(one.external_id or "", ()) if cso not in found]
    if one.error and one.error.code == "duplicate-external-id":
        found += [cso for cso in known.named(one.content.secondary_key) if cso not in found]
    return found


def _take_over(task: ImportState, rows: _Rows, cso: KnownCso, one: Arrival, whole: Cso | None) -> None:
    """Take over what is new of an object; an unchanged one is only seen."""
    content = _content_to_keep(one, whole)
    if task.reconciles:
        rows.seen.append(Sighting(cso.id, one.type, one.attributes(), content.secondary_id, one.label))
    rows.see(cso)
    if content is one.content:
        note_applied(task, one, cso.id)
    if is_unchanged(cso, content):
        task.step.statistics[Statistic.UNCHANGED] += 1
        return
    rows.changed.append((cso.id, content))
    if cso.status == CsoStatus.OBSOLETE:
        rows.returned.append(cso.id)
    if _is_renamed(cso, content):
        rows.renamed.append(cso.id)
    _tell_change(task.step, cso, one, content)


def _is_renamed(cso: KnownCso, content: Content) -> bool:
    return cso.secondary_key is not None and cso.secondary_key != content.secondary_key


def _tell_change(step: Step, cso: KnownCso, one: Arrival, content: Content) -> None:
    """Record that an object is `Normal` from now on, and count what has changed of it."""
    reason = "seen again" if cso.status == CsoStatus.OBSOLETE else "confirmed by import"
    step.moved(Move(Entity.CSO, cso.id, step.system, one.label, cso.status, CsoStatus.NORMAL, reason))
    step.statistics[Statistic.RENAMES if _is_renamed(cso, content) else Statistic.UPDATES] += 1


def _content_to_keep(one: Arrival, whole: Cso | None) -> Content:
    """Give what a CSO holds of an object from now on: all that came, but for values of a name in between."""
    if whole is None or not is_interim(one.content.secondary_id):
        return one.content
    return _without_interim_values(one.content, one, whole)


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
    await objects.update_imported(tx, rows.changed)
    await follow_names(tx, task.step, rows.renamed)
    if rows.new:
        await _add(tx, task, rows.new)
    await _write_seen(tx, task.step, rows)
    for start in range(0, len(rows.seen), RECONCILED_AT_ONCE):
        await reconcile_pending_exports(tx, task.step, rows.seen[start : start + RECONCILED_AT_ONCE])


async def _write_seen(tx: Transaction, step: Step, rows: _Rows) -> None:
    """Write down of whom nothing else has changed than that they were seen."""
    if rows.unkept:
        await objects.set_kept(tx, rows.unkept, kept=False)
    if rows.found_again:
        await objects.forget_query(tx, rows.found_again)
    if rows.restored:
        await objects.set_status(tx, rows.restored, CsoStatus.NORMAL)
    if rows.returned:
        await _close_reviews(tx, step, rows.returned)


async def _add(tx: Transaction, task: ImportState, new: list[Arrival]) -> None:
    step = task.step
    first = await counters.allocate(tx, "objects", len(new))
    await objects.add_imported(tx, step.system, first, [(one.type, one.content) for one in new])
    await transitions.record_new_objects(tx, first, step_id=step.id, reason="imported for the first time")
    task.sightings.update(range(first, first + len(new)))
    for cso_id, one in enumerate(new, first):
        note_applied(task, one, cso_id)
    step.statistics[Statistic.ADDS] += len(new)
    await reappeared.tell(tx, step, first, new)


async def _close_reviews(tx: Transaction, step: Step, returned: Iterable[int]) -> None:
    live = await reviews.of_objects(tx, returned, ReviewKind.ABSENCE, reviews.LIVE)
    await move_items(tx, step, live.values(), ReviewState.REAPPEARED, "seen again")
    await metaverse.set_due_of_objects(tx, returned)
