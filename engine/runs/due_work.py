"""What each step of a profile would touch if it ran now."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.configuration.steps import StepPlan
from storage import exports, metaverse, objects, reviews
from storage.records import ChangeType, CsoStatus, ExportStatus
from storage.store import Transaction

Systems = list[tuple[str, str, CsoStatus, int]]
"""How many objects there are: by system, type and status."""
Queue = list[tuple[str, ChangeType, ExportStatus, bool, int]]
"""How many exports are pending: by system, change type, status, and whether they are held."""


class Ahead(NamedTuple):
    """How many objects a step would touch: those it knows of, for a source may hold others."""

    plan: StepPlan
    objects: int
    approved: int = 0
    """Decisions of the review that a synchronisation would carry out."""
    creates: int = 0
    updates: int = 0
    """Those that give a new name are counted as renames alone."""
    renames: int = 0
    deletes: int = 0
    waiting: int = 0
    """Exports that a step leaves alone: held, waiting for their retry or for an approval, or failed."""


async def outlook(tx: Transaction, plans: Sequence[StepPlan], systems: Systems, queue: Queue) -> list[Ahead]:
    """Give for each step what it would touch, from the counts of objects and of pending exports."""
    known: dict[str, int] = {}
    for system, _, status, count in systems:
        if status is not CsoStatus.PENDING_PROVISIONING:
            known[system] = known.get(system, 0) + count
    due, due_mvos = await objects.count_due(tx), await metaverse.count_due(tx)
    approved = await reviews.count_to_carry_out(tx)
    found = []
    for plan in plans:
        match plan.phase:
            case "sync":
                found.append(Ahead(plan, due, approved=approved))
            case "evaluate":
                found.append(Ahead(plan, due_mvos))
            case "export":
                found.append(await _export(tx, plan, queue))
            case "confirm":
                sent = _count(queue, plan.system, (ExportStatus.EXPORTED, ExportStatus.EXECUTING))
                found.append(Ahead(plan, known.get(plan.system, 0), updates=sent))
            case _:
                found.append(Ahead(plan, known.get(plan.system, 0)))
    return found


async def _export(tx: Transaction, plan: StepPlan, queue: Queue) -> Ahead:
    ready = await exports.count_sendable(tx, plan.system)
    by_type = {change: _count(queue, plan.system, exports.SENDABLE, change=change, held=False) for change in ChangeType}
    updates = by_type[ChangeType.UPDATE]
    renames = await exports.count_renames(tx, plan.system) if updates else 0
    unsent = _count(queue, plan.system, (*exports.SENDABLE, ExportStatus.AWAITING_APPROVAL, ExportStatus.FAILED))
    return Ahead(
        plan,
        ready,
        creates=by_type[ChangeType.CREATE],
        updates=updates - renames,
        renames=renames,
        deletes=by_type[ChangeType.DELETE],
        waiting=unsent - ready,
    )


def _count(
    queue: Queue,
    system: str,
    statuses: Sequence[ExportStatus],
    *,
    change: ChangeType | None = None,
    held: bool | None = None,
) -> int:
    return sum(
        count
        for where, kind, status, is_held, count in queue
        if where == system
        and status in statuses
        and (change is None or kind is change)
        and (held is None or is_held is held)
    )
