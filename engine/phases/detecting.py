"""Phase 5, deletion detection: absence is weak evidence, so it has to pass five gates."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from engine.events import Progress
from engine.labels import label_of
from engine.obsolete import mark_obsolete
from engine.phases.confirming import forget
from engine.steps import Step
from storage import exports, imports, objects, reviews
from storage.clock import now
from storage.imports import Sightings
from storage.records import CsoStatus, HeldBatch, ImportRecord, StepResult
from storage.store import Transaction
from storage.transitions import Move

PERCENT_FROM = 5
"""From how many missing objects on the percentage counts: one leaver in a team of ten is no alarm."""


@dataclass(slots=True, frozen=True)
class Absence:
    """What is missing of one type."""

    type: str
    normal: int
    """How many `Normal` objects there are, the missing ones included."""
    seen: int
    missing: list[int]


@dataclass(slots=True, frozen=True)
class Held:
    """Why a gate lets nothing pass, with its arithmetic."""

    gate: str
    arithmetic: str


async def detect_deletions(step: Step) -> AsyncIterator[Progress]:
    """Mark what the last import of a system did not contain as `Obsolete`, if it passes the five gates.

    What passes waits in the review; what does not is kept for an operator, with the gate and its arithmetic.
    """
    async with step.page() as tx:
        record = await imports.latest(tx, step.system)
    refusal = _gate_1_complete_full_import(step, record)
    if refusal or record is None:
        step.result = StepResult.DISCOVERY_ERRORS
        step.message = f"gate 1 (complete full import): nothing is detected: {refusal}"
        return
    sightings = Sightings(record.sightings or b"")
    absences: list[Absence] = []
    async with step.page() as tx:
        for object_type in record.types:
            absences.append(await _find_missing(tx, step, record, sightings, object_type))
        held = {one.type: reason for one in absences if (reason := _gates_4_and_5(step, one))}
        for one in absences:
            if one.type in held:
                await _hold(tx, step, one, held[one.type])
    step.total = step.done = sum(one.normal for one in absences)
    if held:
        step.result = StepResult.STOPPED_THRESHOLD
        step.message = "; ".join(f"{reason.gate}: {reason.arithmetic}" for reason in held.values())
        yield step.progress()
        return
    for one in absences:
        for start in range(0, len(one.missing), step.page_size):
            async with step.page() as tx:
                await _mark_obsolete(tx, step, record, one.missing[start : start + step.page_size], len(one.missing))
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


async def _find_missing(
    tx: Transaction, step: Step, record: ImportRecord, sightings: Sightings, object_type: str
) -> Absence:
    """Gates 2 and 3: only what the import was looking for, never what it saw by either id.

    `PendingProvisioning` objects are not `Normal` and so never looked at; objects that an operator keeps, and
    those whose delete was sent, are no news.
    """
    normal = 0
    missing: list[int] = []
    chunks = objects.ids_with_status(tx, step.system, object_type, record.partitions, CsoStatus.NORMAL)
    async for ids in chunks:
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
    return Absence(object_type, normal, seen, [cso_id for cso_id in missing if cso_id not in expected])


def _gates_4_and_5(step: Step, absence: Absence) -> Held | None:
    """Gate 4: not an empty answer. Gate 5: neither too many nor too large a part of them."""
    count, normal = len(absence.missing), absence.normal
    if not count:
        return None
    what = f"{absence.type} objects of '{step.system}'"
    if not absence.seen:
        return Held("gate 4 (empty answer)", f"none of {normal:,} {what} came back; that is an outage, not a leave")
    limits = step.settings.deletions
    percent = 100 * count / normal
    if count > limits.max_count or (count >= PERCENT_FROM and percent > limits.max_percent):
        return Held(
            "gate 5 (threshold)",
            f"{count:,} of {normal:,} {what} are missing ({percent:.1f} %); "
            f"at most {limits.max_count:,}, and from {PERCENT_FROM} on at most {limits.max_percent:g} %, are marked",
        )
    return None


async def _hold(tx: Transaction, step: Step, absence: Absence, held: Held) -> None:
    batch = HeldBatch(
        id=0,
        run_id=step.control.run_id,
        step_id=step.id,
        system=step.system,
        type=absence.type,
        gate=held.gate,
        missing=len(absence.missing),
        arithmetic=held.arithmetic,
        state="held",
        at=now(),
        decided_by=None,
        reason=None,
    )
    await reviews.supersede(tx, step.system, absence.type)
    await reviews.hold(tx, batch, absence.missing)


async def _mark_obsolete(tx: Transaction, step: Step, record: ImportRecord, ids: list[int], together: int) -> None:
    moves = await mark_obsolete(tx, step.workspace, record, ids, together=together)
    for move in moves:
        step.moved(move)
    step.statistics["deletes"] += sum(1 for move in moves if move.entity == "cso")
