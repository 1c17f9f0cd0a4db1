"""Phase 5, the five gates: absence is weak evidence, and each of them asks what else it may mean.

gate 1  gate_1_complete_full_import    was everything read, to its end
gate 2  gate_2_what_was_looked_for     the types and partitions that were not looked for
        tell_outside                   the objects that are no longer looked for
gate 3  gate_3_seen_kept_or_sent       who is missing at all, and who is missing as expected
gate 4  gates_4_and_5                  an empty answer
gate 5  gates_4_and_5                  too many, or too large a part
"""

from collections.abc import AsyncIterator, Container
from dataclasses import dataclass, field

from engine.errors import ObjectError
from engine.gates.limits import Part, Stop, allowed, is_over, keep_stopped
from engine.labels import label_of
from engine.phases.removal.forgetting import forget
from engine.statistics import Statistic
from engine.step import Step
from storage import census, exports, imports, objects
from storage.imports import ImportRecord, Sightings
from storage.records import BatchState, Cso, Entity
from storage.store import Transaction
from storage.transitions import Move

GATE_1 = "gate 1 (complete full import)"
GATE_2 = "gate 2 (what was looked for)"
GATE_3 = "gate 3 (seen, kept or sent)"
GATE_4 = "gate 4 (empty answer)"
GATE_5 = "gate 5 (threshold)"


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


def gate_1_complete_full_import(step: Step, record: ImportRecord | None) -> str | None:
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


async def gate_2_what_was_looked_for(tx: Transaction, step: Step, record: ImportRecord) -> list[str]:
    """Gate 2: only types and partitions that the import was looking for; the others are told, and left alone."""
    told: list[str] = []
    for kind, partition in await census.parts(tx, step.system):
        if (kind, partition) not in record.sought:
            told.append(await _leave_alone(tx, step, Part(step.system, kind, partition)))
    return [one for one in told if one]


async def _leave_alone(tx: Transaction, step: Step, part: Part) -> str:
    """Keep, and tell, those of whom the import says nothing because it did not look for them; nothing without any."""
    if part.type not in step.settings.objects:
        await _forget_those_of_another_type(tx, step, part)
    ids = [one async for page in _normal_ids(tx, part) for one in page]
    if not ids:
        return ""
    stop = Stop(GATE_2, f"the import did not look for {len(ids):,} {part}: nothing is known of them")
    await keep_stopped(tx, step, part, stop, ids, state=BatchState.SKIPPED)
    advice = "if the system's base or types were changed by mistake, change them back; if not, nothing is lost"
    error = ObjectError("not-looked-for", stop.arithmetic, advice)
    step.warned(error, object_type=part.type, label=part.partition or part.type, system=step.system)
    return f"{stop.gate}: {stop.arithmetic}"


async def _forget_those_of_another_type(tx: Transaction, step: Step, part: Part) -> None:
    """Forget entries of a type that is configured no more where each is known as one of another type by now."""
    if not step.workspace.is_dn(part.system, part.type):
        return  # ids are one object's alone, whatever its type, in directories
    known: dict[int, Cso] = {}
    async for ids in _normal_ids(tx, part):
        free = {cso.external_id: cso for cso in await objects.get(tx, ids) if cso.mvo_id is None and not cso.joined_by}
        for kind in step.settings.objects:
            found = await objects.known_by_external_id(tx, part.system, kind, [one for one in free if one is not None])
            known |= {free[one.external_id].id: free[one.external_id] for one in found}
    await _forget(tx, step, list(known.values()), "known as an object of another type by now")


def _normal_ids(tx: Transaction, part: Part) -> AsyncIterator[list[int]]:
    return objects.normal_ids(tx, part.system, part.type, part.partition, part.known_up_to)


async def count_unseen(tx: Transaction, part: Part, sightings: Sightings) -> tuple[int, list[int]]:
    """Count the `Normal` objects of a part, and give those of them that an import has not shown."""
    normal = 0
    unseen: list[int] = []
    async for ids in _normal_ids(tx, part):
        normal += len(ids)
        unseen += sightings.unseen(ids)
    return normal, unseen


async def gate_3_seen_kept_or_sent(
    tx: Transaction, step: Step, record: ImportRecord, part: Part, sightings: Sightings
) -> Absence:
    """Gate 3: never what the import saw by either id.

    `PendingProvisioning` objects are not `Normal` and so never looked at; objects that an operator keeps, and
    those whose delete was sent, are no news.
    """
    normal, missing = await count_unseen(tx, part, sightings)
    new = 0
    if part.known_up_to is not None:
        new = await census.count_normal(tx, part.system, part.type, part.partition, after=part.known_up_to)
    if not missing:
        return Absence(part, normal, normal, new, [])
    unsynchronised = await objects.unsynchronised_among(tx, missing)
    if len(unsynchronised) < normal:
        # Taken back before anybody acted on it: a file that was wrong once must not hold up the right one.
        await _forget_taken_back(tx, step, unsynchronised)
        missing = _without(missing, {cso.id for cso in unsynchronised})
        normal -= len(unsynchronised)
    expected = await exports.deletes_sent(tx, missing) | await objects.kept_among(tx, missing)
    news = _without(missing, expected)
    outside = await _no_longer_looked_for(tx, record, part, news)
    return Absence(part, normal, normal - len(missing), new, _without(news, outside), sorted(expected), outside)


def _without(ids: list[int], others: Container[int]) -> list[int]:
    return [one for one in ids if one not in others]


async def _forget_taken_back(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Forget what came, and is gone again, before any synchronisation has looked at it."""
    await _forget(tx, step, csos, "gone again before it was ever synchronised")


async def _forget(tx: Transaction, step: Step, csos: list[Cso], why: str) -> None:
    await forget(tx, csos, {})
    step.statistics[Statistic.FORGOTTEN] += len(csos)
    for cso in csos:
        step.moved(Move(Entity.CSO, cso.id, cso.system, label_of(cso), cso.status, None, why))


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


async def keep_expected(tx: Transaction, step: Step, absence: Absence) -> None:
    """Keep whom gate 3 has left out though they are missing."""
    if absence.expected:
        count = f"{len(absence.expected):,} {absence.part}"
        stop = Stop(GATE_3, f"{count} are missing as they were: an operator keeps them, or their delete was sent")
        await keep_stopped(tx, step, absence.part, stop, absence.expected, state=BatchState.SKIPPED)


def tell_outside(step: Step, record: ImportRecord, absence: Absence) -> str:
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


async def keep_outside(tx: Transaction, step: Step, absence: Absence) -> None:
    """Keep whom gate 2 has left out because imports no longer look for them: an operator may release them."""
    if absence.outside:
        stop = Stop(GATE_2, f"{len(absence.outside):,} {absence.part} are no longer looked for")
        await keep_stopped(tx, step, absence.part, stop, sorted(absence.outside))


def gates_4_and_5(step: Step, absence: Absence) -> Stop | None:
    """Gate 4: not an empty answer. Gate 5: neither too many nor too large a part of them."""
    if not absence.missing:
        return None
    if not absence.seen and not absence.new:
        what = f"none of {absence.normal:,} {absence.part} came back"
        return Stop(GATE_4, f"{what}; that is an outage, not a leave")
    return _gate_5_threshold(step, absence)


def _gate_5_threshold(step: Step, absence: Absence) -> Stop | None:
    count, normal = len(absence.missing), absence.normal
    limits = step.workspace.config.limits_of(step.system, absence.part.type)
    if not is_over(limits, count, normal):
        return None
    missing = f"{count:,} of {normal:,} {absence.part} are missing ({100 * count / normal:.1f} %)"
    if not absence.seen:
        missing += f", and {absence.new:,} new ones came: have their ids changed?"
    return Stop(GATE_5, f"{missing}; {allowed(limits)}, are marked")
