"""Phase 1, import: who was deleted under an approval and is there again, by a restored backup or somebody's hand."""

from collections.abc import Collection

from engine.approvals.consequences import consequences_of_delete
from engine.approvals.questions import delete_question
from engine.approvals.review_items import open_items
from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.deletes import stage_delete
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.same_object import have_same_keys
from engine.step import Step
from storage import counters, exports, objects, tombstones
from storage.records import Cso, Entity, ExportStatus
from storage.store import Transaction
from storage.tombstones import Tombstone
from storage.transitions import Move

AGAIN = "there_again"
"""What the evidence of such a review item holds: what was deleted, when, and under which approval."""


async def tell(tx: Transaction, step: Step, first: int, new: list[Arrival]) -> None:
    """Say of new objects, whose ids begin with `first`, that they were deleted; ask whether to delete them again."""
    by_type: dict[str, dict[int, Arrival]] = {}
    targets = step.workspace.rules.target_types()
    for offset, one in enumerate(new):
        if (step.system, one.type) in targets:
            by_type.setdefault(one.type, {})[first + offset] = one
    for kind, found in by_type.items():
        deleted = await _deleted_among(tx, step, kind, found.values())
        again = {cso_id: _gone(step, one, deleted) for cso_id, one in found.items()}
        await _ask(tx, step, {cso_id: gone for cso_id, gone in again.items() if gone is not None})


async def _deleted_among(tx: Transaction, step: Step, kind: str, found: Collection[Arrival]) -> list[Tombstone]:
    """Give what was deleted with the id, or the name, that one of some objects of a type has."""
    ids = {one.external_id for one in found if one.external_id is not None}
    names = {one.content.secondary_key for one in found if one.content.secondary_key is not None}
    return await tombstones.deleted_among(tx, step.system, kind, ids, names)


def _gone(step: Step, one: Arrival, deleted: list[Tombstone]) -> Tombstone | None:
    """Give what was deleted and is there again, the latest first: with its id, or with its name and join keys."""
    for gone in reversed(deleted):
        if gone.external_id is not None and gone.external_id == one.external_id:
            return gone
    for gone in reversed(deleted):
        if _has_name_and_keys(step, one, gone):
            return gone
    return None


def _has_name_and_keys(step: Step, one: Arrival, gone: Tombstone) -> bool:
    """Tell whether an object has the name and the join keys of what was deleted.

    A name alone proves nothing: it may be somebody else's by now.
    """
    named = gone.secondary_key is not None and gone.secondary_key == one.content.secondary_key
    kind = gone.system, gone.type
    return named and bool(have_same_keys(step.workspace, kind, gone.attributes, one.attributes()))


async def _ask(tx: Transaction, step: Step, again: dict[int, Tombstone]) -> None:
    """Stage a delete of each that awaits an approval of its own, and open the item that asks for it."""
    if not again:
        return
    csos = await objects.get(tx, again)
    follows = await consequences_of_delete(tx, step.workspace, csos)
    first = await counters.allocate(tx, "exports", len(csos))
    staged, items = [], []
    for offset, cso in enumerate(csos):
        gone = again[cso.id]
        cause = f"it was deleted under rev-{gone.review_id} on {gone.at[:10]}, and is there again"
        staged.append(stage_delete(cso, None, first + offset, None, cause))
        item = delete_question(cso, cause, step.control.run_id, follows[cso.id])
        items.append(
            item._replace(evidence={**item.evidence, AGAIN: [f"cso-{gone.object_id}", gone.at, gone.review_id]})
        )
        _warn(step, cso, cause)
    await exports.add(tx, staged)
    for export, cso in zip(staged, csos, strict=True):
        waiting = ExportStatus.AWAITING_APPROVAL
        step.moved(Move(Entity.EXPORT, export.id, step.system, label_of(cso), None, waiting, export.cause))
    await open_items(tx, step, items)


def _warn(step: Step, cso: Cso, cause: str) -> None:
    error = ObjectError(
        "deleted-is-there-again",
        cause,
        "look at the review: approve to delete it again, or keep it; if its person comes back, the rules join it",
    )
    step.warned(error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system)
