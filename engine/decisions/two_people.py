"""Where two people have to agree: whose approval is the first, and whether somebody else's is the second."""

from collections import Counter

from engine.approvals.audit import APPROVED_FIRST, verified_approvals
from engine.decisions.deciding import Outcome
from engine.decisions.operator import same_person, same_seat
from engine.workspace import Workspace
from storage import audit, clock, objects, reviews
from storage.records import ReviewItem, ReviewState
from storage.store import Transaction

TOGETHER_SECONDS = 24 * 3600.0
"""Approvals within this time count together where two people have to agree: many small ones are one large one."""
ONE_SEAT = (
    "{} approved it first from here: two people are two users of this machine, or two keys where the configuration "
    "says so ([review] people)"
)


async def split_by_people(
    tx: Transaction, workspace: Workspace, items: list[ReviewItem], operator: str, outcomes: list[Outcome]
) -> tuple[list[ReviewItem], list[ReviewItem]]:
    """Split items into those that want somebody else's approval as well, and those that have enough by this one."""
    half = [item for item in items if item.state is ReviewState.HALF_APPROVED]
    halved = await verified_approvals(tx, half, APPROVED_FIRST)
    refused = await _not_by_another(tx, workspace, [item for item in half if item.id in halved], operator)
    outcomes += [Outcome(item.id, item.label, refused[item.id]) for item in items if item.id in refused]
    want_two = await _wanting_two(tx, workspace, items) | {item.id for item in half}
    left = [item for item in items if item.id not in refused]
    first = [item for item in left if item.id in want_two - halved]
    return first, [item for item in left if item not in first]


async def _wanting_two(tx: Transaction, workspace: Workspace, items: list[ReviewItem]) -> set[int]:
    """Give the items about so many objects of a type, with all that was approved lately, that two have to agree."""
    asked = {item.id for item in items}
    recent = await reviews.approved_since(tx, clock.after(-TOGETHER_SECONDS))
    counted = [*items, *(one for one in recent if one.id not in asked)]
    together = Counter(system for item in counted for system in touched_systems(item))
    types = await _types_touched(tx, items)
    return {
        item_id
        for item_id, touched in types.items()
        if any(_wants_two(workspace, system, kind, together[system]) for system, kind in touched)
    }


async def _not_by_another(
    tx: Transaction, workspace: Workspace, halved: list[ReviewItem], operator: str
) -> dict[int, str]:
    """Tell of items that one person has approved why this operator is no second one, by item."""
    entries = await audit.get(tx, [item.audit_id for item in halved if item.audit_id is not None])
    seats = {entry.id: entry.session for entry in entries}
    here, by_key = audit.session(), workspace.config.review.people == "key"
    refused: dict[int, str] = {}
    for item in halved:
        if same_person(item.first_by or "", operator):
            refused[item.id] = "you approved it first: somebody else has to"
        elif same_seat(seats[item.audit_id or 0], here, by_key=by_key):
            refused[item.id] = ONE_SEAT.format(item.first_by)
    return refused


async def _types_touched(tx: Transaction, items: list[ReviewItem]) -> dict[int, set[tuple[str, str]]]:
    """Give the types of objects, by their systems, that each item is about: its own, and those it deletes."""
    doomed = {item.id: [entry[0] for entry in item.consequences.get("deletes", [])] for item in items}
    csos = {cso.id: cso for cso in await objects.get(tx, {one for ids in doomed.values() for one in ids})}
    return {
        item.id: {
            (item.system, item.type),
            *((csos[one].system, csos[one].type) for one in doomed[item.id] if one in csos),
        }
        for item in items
    }


def _wants_two(workspace: Workspace, system: str, object_type: str, count: int) -> bool:
    least = workspace.config.limits_of(system, object_type).two_people_from
    return 0 < least <= count


def touched_systems(item: ReviewItem) -> set[str]:
    """Give the systems that a decision about an item is about: its own, and those it deletes in."""
    return {item.system, *(entry[1] for entry in item.consequences.get("deletes", []))}
