"""What the phases do with the review: open items and move them on, each with its transition."""

from collections.abc import Iterable

from engine.step import Step
from storage import reviews
from storage.records import Entity, ReviewItem, ReviewState
from storage.store import Transaction
from storage.transitions import Move


async def open_items(tx: Transaction, step: Step, items: list[ReviewItem]) -> None:
    """Put items into the review; why stands in their evidence as `cause`."""
    for item in await reviews.open_items(tx, items):
        step.moved(Move(Entity.REVIEW, item.id, item.system, item.label, None, item.state, item.evidence["cause"]))


async def move_items(tx: Transaction, step: Step, items: Iterable[ReviewItem], state: ReviewState, reason: str) -> None:
    """Move items, as they were just read, to another state: a step does it, and nobody decides."""
    listed = list(items)
    if not listed:
        return
    expected = tuple({item.state for item in listed})
    ids = [item.id for item in listed]
    await reviews.decide(tx, ids, expected=expected, state=state, operator=None, reason=reason)
    for item in listed:
        step.moved(Move(Entity.REVIEW, item.id, item.system, item.label, item.state, state, reason))
