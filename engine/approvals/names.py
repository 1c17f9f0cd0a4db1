"""What is asked about an account goes on naming it as it is called, wherever it is moved meanwhile."""

from engine.approvals.consequences import consequences_of_delete
from engine.labels import label_of
from engine.step import Step
from storage import objects, reviews
from storage.records import ReviewKind, ReviewState
from storage.store import Transaction

ASKED = (ReviewState.OPEN, ReviewState.DEFERRED)
"""The states in which nobody has approved anything of an item yet: what somebody has seen is left as it was."""


async def follow_names(tx: Transaction, step: Step, renamed: list[int]) -> None:
    """Let the questions about deletes of CSOs that were renamed show their new names."""
    asked = await reviews.of_objects(tx, renamed, ReviewKind.DELETE, ASKED) if renamed else {}
    csos = await objects.get(tx, asked)
    shown = await consequences_of_delete(tx, step.workspace, csos) if csos else {}
    await reviews.set_labels(tx, {asked[cso.id].id: label_of(cso) for cso in csos})
    await reviews.set_consequences(tx, {asked[cso.id].id: shown[cso.id] for cso in csos})
