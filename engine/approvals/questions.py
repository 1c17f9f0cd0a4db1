"""The questions that the review asks about an object."""

from typing import Any

from engine.approvals.consequences import Consequences
from engine.labels import label_of
from storage import clock
from storage.records import Cso, ReviewItem, ReviewKind, ReviewState


def question(
    kind: ReviewKind,
    cso: Cso,
    evidence: dict[str, Any],
    consequences: Consequences,
    *,
    run_id: int | None,
    at: str | None = None,
) -> ReviewItem:
    """Give an item that asks about an object, opened by a run; now, unless it says when."""
    return ReviewItem(
        id=0,
        kind=kind,
        object_id=cso.id,
        system=cso.system,
        type=cso.type,
        label=label_of(cso),
        state=ReviewState.OPEN,
        run_id=run_id,
        opened_at=at or clock.now(),
        evidence=evidence,
        consequences=consequences,
    )


def delete_question(cso: Cso, cause: str, run_id: int | None, consequences: Consequences) -> ReviewItem:
    """Give the item that asks whether an object may be deleted in its target."""
    return question(ReviewKind.DELETE, cso, {"cause": cause}, consequences, run_id=run_id)
