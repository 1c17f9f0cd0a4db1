"""Phase 5, deletion detection: absence is weak evidence, so it has to pass five gates."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from engine.errors import ObjectError
from engine.events import Progress
from engine.gates.limits import Part, Stop, allowed, is_over, keep_stopped, share
from engine.labels import label_of
from engine.phases.detecting.common_traits import in_common
from engine.phases.removal.forgetting import forget
from engine.phases.removal.obsolete import mark_obsolete
from engine.step import Step
from storage import clock, exports, imports, objects, reviews
from storage.imports import Sightings
from storage.records import ImportRecord, StepResult
from storage.store import Transaction
from storage.transitions import Move

GATE_1 = "gate 1 (complete full import)"
GATE_2 = "gate 2 (what was looked for)"
GATE_3 = "gate 3 (seen, kept or sent)"
GATE_4 = "gate 4 (empty answer)"
GATE_5 = "gate 5 (threshold)"
SKIPPED = "skipped"


@dataclass(slots=True, frozen=True)
class Absence:
    """What is missing of one type in one partition."""

    part: Part
    normal: int
    """How many `Normal` objects were known before the import, the missing ones included."""
    seen: int
    new: int
    """How many came with the import."""
    missing: list[int]
    expected: list[int] = field(default_factory=list)
    """Missing too, and no news: kept by an operator, or their delete was sent."""
    outside: dict[int, str] = field(default_factory=dict)
    """Missing too, and last found by another query than imports ask now: no longer looked for."""


async def detect_deletions(step: Step) -> AsyncIterator[Progress]:
    """Mark what the last import of a system did not contain as `Obsolete`, if it passes the five gates.

    What passes waits in the review; what does not is kept for an operator, with the gate and its arithmetic.
    """
    async with step.page() as tx:
        record = await imports.latest(tx, step.system)
        await reviews.supersede(tx, step.system, state=SKIPPED)
    refusal = _gate_1_complete_full_import(step, record)
    if refusal or record is None:
        async for progress in _skip_all(step, record, refusal or ""):
            yield progress
        return
    sightings = Sightings(record.sightings or b"")
    async with step.page() as tx:
        elsewhere = await _gate_2_what_was_looked_for(tx, step, record)
        absences = [
            await _find_missing(tx, step, record, Part(step.system, kind, partition, record.known_up_to), sightings)
            for kind in record.types
            for partition in record.partitions
        ]
        for one in absences:
            await _skip_expected(tx, step, one)
            elsewhere = "; ".join(filter(None, (elsewhere, _tell_outside(step, record, one))))
        held = {one.part: stop for one in absences if (stop := _gates_4_and_5(step, one))}
    async with step.workspace.store.reading() as tx:  # it looks at everybody, and nobody has to wait for that
        common = {one.part: await in_common(tx, one.part, one.missing) for one in absences}
    async with step.page() as tx:
        await reviews.supersede(tx, step.system)
        for one in absences:
            if one.outside:
                stop = Stop(GATE_2, f"{len(one.outside):,} {one.part} are no longer looked for")
                await keep_stopped(tx, step, one.part, stop, sorted(one.outside))
            if (stopped := held.get(one.part)) is not None:
                await keep_stopped(tx, step, one.part, stopped, one.missing, in_common=common[one.part])
    step.total = step.done = sum(one.normal for one in absences)
    if held:
        step.result = StepResult.STOPPED_THRESHOLD
        said = [f"{stop.gate}: {stop.arithmetic}" for stop in held.values()]
        step.message = "; ".join([*said, *(words for part in held for words in common[part])])
        yield step.progress()
        return
    step.message = elsewhere
    for one in absences:
        async for progress in _mark_missing(step, record, one, common[one.part]):
            yield progress
    async with step.page() as tx:
        for kind in record.types:
            await _point_out_slow_losses(tx, step, kind, [one for one in absences if one.part.type == kind])
    yield step.progress()


async def _mark_missing(
    step: Step, record: ImportRecord, absence: Absence, common: list[str]
) -> AsyncIterator[Progress]:
    """Mark those that are missing as `Obsolete`, page by page, with a review item each."""
    missing = absence.missing
    for start in range(0, len(missing), step.page_size):
        ids = missing[start : start + step.page_size]
        async with step.page() as tx:
            moves = await mark_obsolete(tx, step.workspace, record, ids, together=len(missing), in_common=common)
            for move in moves:
                step.moved(move)
            step.statistics["deletes"] += sum(1 for move in moves if move.entity == "cso")
        yield step.progress()


def _gate_1_complete_full_import(step: Step, record: ImportRecord | None) -> str | None:
    """Gate 1: there is a full import, it reached its end, and nothing of it was unreadable."""
    if record is None:
        return f"'{step.system}' was never imported"
    if not record.full:
        return "the last import was a delta"
    if not record.complete:
        return record.reason
    if record.sightings is None:
        return "a newer import has begun"
    return None


async def _skip_all(step: Step, record: ImportRecord | None, refusal: str) -> AsyncIterator[Progress]:
    """Detect nothing, and keep whom the import has not shown so far."""
    step.result = StepResult.DISCOVERY_ERRORS
    step.message = f"{GATE_1}: nothing is detected: {refusal}"
    if record is None or not record.full or record.sightings is None:
        return
    sightings = Sightings(record.sightings)
    async with step.page() as tx:
        for kind, partition, normal in await objects.count_parts(tx, step.system):
            part = Part(step.system, kind, partition, record.known_up_to)
            missing = [one async for ids in _normal_ids(tx, part) for one in ids if one not in sightings]
            stop = Stop(GATE_1, f"{share(len(missing), normal)} {part} were not seen, and that says nothing: {refusal}")
            if missing:
                await keep_stopped(tx, step, part, stop, missing, state=SKIPPED)
    yield step.progress()


async def _gate_2_what_was_looked_for(tx: Transaction, step: Step, record: ImportRecord) -> str:
    """Gate 2: only types and partitions that the import was looking for; the others are told, and left alone."""
    told = []
    for kind, partition, normal in await objects.count_parts(tx, step.system):
        if kind in record.types and partition in record.partitions:
            continue
        part = Part(step.system, kind, partition)
        ids = [one async for chunk in _normal_ids(tx, part) for one in chunk]
        stop = Stop(GATE_2, f"the import did not look for {normal:,} {part}: nothing is known of them")
        await keep_stopped(tx, step, part, stop, ids, state=SKIPPED)
        told.append(f"{stop.gate}: {stop.arithmetic}")
        advice = "if the system's base or types were changed by mistake, change them back; if not, nothing is lost"
        error = ObjectError("not-looked-for", stop.arithmetic, advice)
        step.warned(error, object_type=kind, label=partition or kind, system=step.system)
    return "; ".join(told)


def _normal_ids(tx: Transaction, part: Part) -> AsyncIterator[list[int]]:
    return objects.normal_ids(tx, part.system, part.type, part.partition, part.known_up_to)


async def _find_missing(tx: Transaction, step: Step, record: ImportRecord, part: Part, sightings: Sightings) -> Absence:
    """Gate 3: never what the import saw by either id.

    `PendingProvisioning` objects are not `Normal` and so never looked at; objects that an operator keeps, and
    those whose delete was sent, are no news.
    """
    normal = 0
    missing: list[int] = []
    async for ids in _normal_ids(tx, part):
        normal += len(ids)
        missing.extend(cso_id for cso_id in ids if cso_id not in sightings)
    news = {cso.id: cso for cso in await objects.unsynchronised_among(tx, missing)}
    if len(news) < len(missing) or len(missing) < normal:
        # Taken back before anybody acted on it: a file that was wrong once must not hold up the right one.
        await forget(tx, list(news.values()), {})
        step.statistics["forgotten"] += len(news)
        why = "gone again before it was ever synchronised"
        for cso in news.values():
            step.moved(Move("cso", cso.id, cso.system, label_of(cso), cso.status, None, why))
        missing = [cso_id for cso_id in missing if cso_id not in news]
        normal -= len(news)
    seen = normal - len(missing)
    expected = await exports.deletes_sent(tx, missing) | await objects.kept_among(tx, missing)
    new = await objects.count_normal(tx, part.system, part.type, part.partition) - normal
    outside = await _no_longer_looked_for(tx, record, part, [one for one in missing if one not in expected])
    missing = [one for one in missing if one not in expected and one not in outside]
    return Absence(part, normal, seen, new, missing, sorted(expected), outside)


async def _no_longer_looked_for(
    tx: Transaction, record: ImportRecord, part: Part, missing: list[int]
) -> dict[int, str]:
    """Give those of the missing that were found by another query than the import asked: CSO id → that query.

    The query of an import is kept; who is missing once it has changed may stand outside the new one.
    """
    now = record.looked_for.get(part.type, "")
    before = await imports.last_complete_before(tx, record.system, record.step_id)
    if before is not None and before.looked_for.get(part.type, now) != now:
        await objects.keep_query(tx, missing, before.looked_for[part.type])
    return await objects.sought_otherwise(tx, missing, now)


def _tell_outside(step: Step, record: ImportRecord, absence: Absence) -> str:
    """Gate 2: say who is no longer looked for; nobody of them is missing."""
    if not absence.outside:
        return ""
    part = absence.part
    now, then = record.looked_for.get(part.type, ""), next(iter(absence.outside.values()))
    what = f"{len(absence.outside):,} {part} are no longer looked for: they were found by {then}, and now it is {now}"
    advice = (
        "if the query was changed by mistake, change it back; if they are really gone, "
        f"'interlock review release run-{record.run_id}' lets them into the review"
    )
    step.warned(ObjectError("not-looked-for", what, advice), object_type=part.type, label=part.type, system=step.system)
    return f"{GATE_2}: {what}"


async def _skip_expected(tx: Transaction, step: Step, absence: Absence) -> None:
    """Keep whom gate 3 has left out though they are missing."""
    if absence.expected:
        count = f"{len(absence.expected):,} {absence.part}"
        stop = Stop(GATE_3, f"{count} are missing as they were: an operator keeps them, or their delete was sent")
        await keep_stopped(tx, step, absence.part, stop, absence.expected, state=SKIPPED)


def _gates_4_and_5(step: Step, absence: Absence) -> Stop | None:
    """Gate 4: not an empty answer. Gate 5: neither too many nor too large a part of them."""
    count, normal = len(absence.missing), absence.normal
    if not count:
        return None
    what = str(absence.part)
    if not absence.seen and not absence.new:
        return Stop(GATE_4, f"none of {normal:,} {what} came back; that is an outage, not a leave")
    limits = step.workspace.config.limits_of(step.system, absence.part.type)
    if is_over(limits, count, normal):
        percent = 100 * count / normal
        missing = f"{count:,} of {normal:,} {what} are missing ({percent:.1f} %)"
        if not absence.seen:
            missing += f", and {absence.new:,} new ones came: have their ids changed?"
        return Stop(GATE_5, f"{missing}; {allowed(limits)}, are marked")
    return None


async def _point_out_slow_losses(tx: Transaction, step: Step, kind: str, absences: list[Absence]) -> None:
    """Say of a type that it has shrunk by more than the threshold, though no single run has."""
    limits = step.workspace.config.limits_of(step.system, kind)
    missing = sum(len(one.missing) for one in absences)
    if not missing or not limits.trend_days:
        return
    since = clock.after(-86_400 * limits.trend_days)
    lost, among, first = await reviews.lost_since(tx, step.system, kind, since)
    whole = sum(one.normal for one in absences) + lost - missing
    if among < 2 or not is_over(limits, lost, whole):
        return
    message = (
        f"{Part(step.system, kind)} shrink slowly: {share(lost, whole)} went missing in {among} runs "
        f"since {str(first)[:10]}, "
        f"each too few for the threshold ({allowed(limits)})"
    )
    advice = "look at the review for what they have in common; a source may lose some with every delivery"
    step.warned(
        ObjectError("slow-shrinking", message, advice),
        object_type=kind,
        label=kind,
        system=step.system,
    )
    step.message = "; ".join(filter(None, (step.message, message)))
