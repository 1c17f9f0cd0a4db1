"""The look before the first delete of an export leaves: many small approvals must not add up to a disaster unseen."""

from collections import Counter

from engine.errors import StepFailed
from engine.gates import Part, Stop, allowed, is_over, keep_stopped, share
from engine.steps import Step
from storage import clock, exports, objects, reviews
from storage.records import StepResult
from storage.store import Transaction

WITHIN_SECONDS = 24 * 3600.0
"""Deletes of this time count together."""


async def look_before_deleting(tx: Transaction, step: Step) -> list[Stop]:
    """Hold the deletes of an export that are, with those of the last day, over the threshold of their type.

    What an operator has released passes. Gives the reasons; with none, the deletes may leave.
    """
    released = await reviews.released_candidates(tx, step.system, reviews.BEFORE_EXPORT)
    staged = await exports.sendable_deletes(tx, step.system)
    gone = await objects.deleted_since(tx, step.system, clock.after(-WITHIN_SECONDS))
    normal = Counter({kind: count for kind, _, count in await objects.count_parts(tx, step.system)})
    stops = []
    await reviews.supersede(tx, step.system, gate=reviews.BEFORE_EXPORT)
    for kind in sorted(staged):
        waiting = [cso_id for cso_id in staged[kind] if cso_id not in released]
        before = sum(cso_id not in released for cso_id in gone.get(kind, ()))
        whole = normal[kind] + before
        limits = step.workspace.config.limits_of(step.system, kind)
        if waiting and is_over(limits, len(waiting) + before, whole):
            part = Part(step.system, kind)
            earlier = f", {before:,} of them within the last day" if before else ""
            what = (
                f"{share(len(waiting) + before, whole)} {part} would be deleted{earlier}; {allowed(limits)}, go unasked"
            )
            stops.append(Stop(reviews.BEFORE_EXPORT, what))
            await keep_stopped(tx, step, part, stops[-1], waiting)
    return stops


def stopped(stops: list[Stop]) -> StepFailed:
    """Give the failure that ends the export before its first delete."""
    said = "; ".join(f"{stop.gate}: {stop.arithmetic}" for stop in stops)
    return StepFailed(f"{said}; nothing was deleted", StepResult.STOPPED_THRESHOLD)
