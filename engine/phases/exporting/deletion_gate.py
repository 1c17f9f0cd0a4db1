"""The look before the first delete of an export leaves: many small approvals must not add up to a disaster unseen."""

from collections.abc import Container, Iterable

from engine.errors import StepFailed
from engine.gates.limits import Part, Stop, allowed, is_over, keep_stopped, share
from engine.step import Step
from storage import census, clock, exports, reviews, tombstones
from storage.records import StepResult
from storage.store import Transaction

WITHIN_SECONDS = 24 * 3600.0
"""Deletes of this time count together."""


async def look_before_deleting(tx: Transaction, step: Step) -> tuple[list[Stop], set[int]]:
    """Hold the deletes of an export that are, with those of the last day, over the threshold of their type.

    What an operator has released passes, unless it was approved after the gate had held it. Gives the reasons; with
    none, the deletes of the CSOs that are given too may leave.
    """
    since = clock.after(-WITHIN_SECONDS)
    released = await reviews.released_candidates(tx, step.system, reviews.BEFORE_EXPORT)
    staged = await exports.sendable_deletes(tx, step.system)
    gone = await tombstones.deleted_since(tx, step.system, since)
    sent = await exports.unproved_deletes(tx, step.system, since)
    normal = await census.count_types(tx, step.system)
    stops: list[Stop] = []
    await reviews.supersede(tx, step.system, gate=reviews.BEFORE_EXPORT)
    for kind in sorted(staged):
        waiting = [cso_id for cso_id, approved_at in staged[kind] if approved_at > released.get(cso_id, "")]
        proved = _unreleased(gone.get(kind, ()), released)
        before = proved + _unreleased(sent.get(kind, ()), released)
        stop = _stop_of(step, Part(step.system, kind), len(waiting), before, normal[kind] + proved)
        if stop is not None:
            stops.append(stop)
            await keep_stopped(tx, step, Part(step.system, kind), stop, waiting)
    return stops, {cso_id for deletes in staged.values() for cso_id, _ in deletes}


def _unreleased(cso_ids: Iterable[int], released: Container[int]) -> int:
    """Count those that no operator has released."""
    return sum(cso_id not in released for cso_id in cso_ids)


def _stop_of(step: Step, part: Part, waiting: int, before: int, whole: int) -> Stop | None:
    """Tell why the deletes of a type may not leave, where they and those `before` them are too many; None where not."""
    limits = step.workspace.config.limits_of(step.system, part.type)
    if not waiting or not is_over(limits, waiting + before, whole):
        return None
    earlier = f", {before:,} of them within the last day" if before else ""
    what = f"{share(waiting + before, whole)} {part} would be deleted{earlier}; {allowed(limits)}, go unasked"
    return Stop(reviews.BEFORE_EXPORT, what)


def stopped(stops: list[Stop], *, first: bool) -> StepFailed:
    """Give the failure that ends the export before its first delete, or before those approved while it went on."""
    nothing = "nothing was deleted" if first else "nothing more was deleted"
    said = "; ".join(f"{stop.gate}: {stop.arithmetic}" for stop in stops)
    return StepFailed(f"{said}; {nothing}", StepResult.STOPPED_THRESHOLD)
