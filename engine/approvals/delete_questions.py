"""The question whether an object may be deleted in its target."""

from engine.approvals.consequences import Consequences
from engine.labels import label_of
from storage import clock
from storage.records import (
    Cso,
    ReviewItem,
    ReviewKind,
    ReviewState,
)


def ask(cso: Cso, cause: str, run_id: int | None, consequences: Consequences) -> ReviewItem:
    """Give the review item that asks whether an object may be deleted in its target."""
    return ReviewItem(
        id=0,
        kind=ReviewKind.DELETE,
        object_id=cso.id,
        system=cso.system,
        type=cso.type,
        label=label_of(cso),
        state=ReviewState.OPEN,
        run_id=run_id,
        opened_at=clock.now(),
        evidence={"cause": cause},
        consequences=consequences,
    )
