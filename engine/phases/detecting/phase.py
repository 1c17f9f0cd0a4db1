"""Phase 5, deletion detection: absence is weak evidence, so it has to pass five gates.

was everything read, to its end      gate_1_complete_full_import     gates.py
was it looked for                    gate_2_what_was_looked_for      gates.py
was it seen, kept, or sent           gate_3_seen_kept_or_sent        gates.py
is it an outage, are they too many   gates_4_and_5                   gates.py
what the missing have in common      in_common                       common_traits.py
mark them, with a review item each   mark_missing                    removal/obsolete.py
a type that shrinks slowly           point_out_slow_losses           slow_losses.py
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from engine.events import Progress
from engine.gates.limits import Part, Stop, keep_stopped, share
from engine.phases.detecting.common_traits import in_common
from engine.phases.detecting.gates import (
    GATE_1,
    Absence,
    count_unseen,
    gate_1_complete_full_import,
    gate_2_what_was_looked_for,
    gate_3_seen_kept_or_sent,
    gates_4_and_5,
    keep_expected,
    keep_outside,
    tell_outside,
)
from engine.phases.detecting.slow_losses import point_out_slow_losses
from engine.phases.removal.obsolete import mark_missing
from engine.step import Step
from storage import census, imports, reviews
from storage.imports import ImportRecord, Sightings
from storage.records import BatchState, StepResult
from storage.store import Transaction


@dataclass(slots=True)
class _Detection:
    """What is missing of a system, and what the gates say of it."""

    absences: list[Absence] = field(default_factory=list)
    held: dict[Part, Stop] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """What was not looked for, though it is known."""
    common: dict[Part, list[str]] = field(default_factory=dict)
    """What the missing of each part have in common."""

    @property
    def any_missing(self) -> bool:
        """Tell whether somebody is missing without being expected to."""
        return any(one.missing for one in self.absences)


async def detect_deletions(step: Step) -> AsyncIterator[Progress]:
    """Mark what the last import of a system did not contain as `Obsolete`, if it passes the five gates.

    What passes waits in the review; what does not is kept for an operator, with the gate and its arithmetic.
    """
    found: _Detection | None = None
    async with step.page() as tx:
        record = await imports.latest(tx, step.system)
        await reviews.supersede(tx, step.system, state=BatchState.SKIPPED)
        refusal = gate_1_complete_full_import(step, record)
        if record is not None and not refusal:
            found = await _pass_gates(tx, step, record)
    if record is None or found is None:
        async for progress in _skip_all(step, record, refusal or ""):
            yield progress
        return
    if found.any_missing:
        async with step.workspace.store.reading() as tx:  # it looks at everybody, and nobody has to wait for that
            found.common = {one.part: await in_common(tx, one.part, one.missing) for one in found.absences}
    async with step.page() as tx:
        await _keep_stops(tx, step, found)
        step.total = step.done = sum(one.normal for one in found.absences)
    if found.held:
        step.result = StepResult.STOPPED_THRESHOLD
        step.message = "; ".join(_say_why_held(found))
        yield step.progress()
        return
    step.message = "; ".join(found.told)
    if found.any_missing:
        async for progress in _mark_all(step, record, found):
            yield progress
    yield step.progress()


async def _skip_all(step: Step, record: ImportRecord | None, refusal: str) -> AsyncIterator[Progress]:
    """Detect nothing, and keep whom the import has not shown so far."""
    step.result = StepResult.DISCOVERY_ERRORS
    step.message = f"{GATE_1}: nothing is detected: {refusal}"
    if record is None or not record.full or record.sightings is None:
        return
    sightings = Sightings(record.sightings)
    async with step.page() as tx:
        for kind, partition in await census.parts(tx, step.system):
            part = Part(step.system, kind, partition, record.known_up_to)
            normal, missing = await count_unseen(tx, part, sightings)
            stop = Stop(GATE_1, f"{share(len(missing), normal)} {part} were not seen, and that says nothing: {refusal}")
            if missing:
                await keep_stopped(tx, step, part, stop, missing, state=BatchState.SKIPPED)
    yield step.progress()


async def _pass_gates(tx: Transaction, step: Step, record: ImportRecord) -> _Detection:
    """Take what the last import did not contain through gates 2 to 5."""
    found = _Detection()
    found.told = await gate_2_what_was_looked_for(tx, step, record)
    sightings = Sightings(record.sightings or b"")
    for kind, partition in record.sought:
        part = Part(step.system, kind, partition, record.known_up_to)
        found.absences.append(await gate_3_seen_kept_or_sent(tx, step, record, part, sightings))
    for one in found.absences:
        await keep_expected(tx, step, one)
        if outside := tell_outside(step, record, one):
            found.told.append(outside)
        if stop := gates_4_and_5(step, one):
            found.held[one.part] = stop
    return found


async def _keep_stops(tx: Transaction, step: Step, found: _Detection) -> None:
    """Keep whom a gate has stopped for an operator, in the place of those that were kept before."""
    await reviews.supersede(tx, step.system)
    for one in found.absences:
        await keep_outside(tx, step, one)
        if (stop := found.held.get(one.part)) is not None:
            await keep_stopped(tx, step, one.part, stop, one.missing, in_common=found.common[one.part])


def _say_why_held(found: _Detection) -> list[str]:
    """Say which gates have stopped whom, and then what those have in common."""
    said = [f"{stop.gate}: {stop.arithmetic}" for stop in found.held.values()]
    for part in found.held:
        said += found.common[part]
    return said


async def _mark_all(step: Step, record: ImportRecord, found: _Detection) -> AsyncIterator[Progress]:
    """Mark whoever is missing, and say which types shrink slowly."""
    for one in found.absences:
        async for progress in _mark_missing(step, record, one, found.common[one.part]):
            yield progress
    async with step.page() as tx:
        for kind in dict.fromkeys(kind for kind, _ in record.sought):
            own = [one for one in found.absences if one.part.type == kind]
            await point_out_slow_losses(tx, step, kind, own)


async def _mark_missing(
    step: Step, record: ImportRecord, absence: Absence, common: list[str]
) -> AsyncIterator[Progress]:
    """Mark those that are missing as `Obsolete`, page by page, with a review item each."""
    missing = absence.missing
    for start in range(0, len(missing), step.page_size):
        ids = missing[start : start + step.page_size]
        async with step.page() as tx:
            await mark_missing(tx, step, record, ids, together=len(missing), in_common=common)
        yield step.progress()
