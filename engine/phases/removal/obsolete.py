"""Mark absent objects `Obsolete`: that, a review item with its evidence, and nothing else."""

from collections.abc import Sequence

from engine.approvals.consequences import Consequences, consequences_of_absence
from engine.labels import label_of
from engine.workspace import Workspace
from storage import imports, objects, reviews
from storage.records import CsoStatus, ImportRecord, ReviewItem, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move


async def mark_obsolete(
    tx: Transaction,
    workspace: Workspace,
    record: ImportRecord,
    ids: list[int],
    *,
    together: int,
    in_common: Sequence[str] = (),
    reason: str = "",
) -> list[Move]:
    """Mark CSOs that an import did not contain, open a review item for each, and give the transitions.

    `together` is how many went missing at once, `in_common` what can be said of all of them. Only those that are still
    `Normal` are marked.
    """
    csos = [cso for cso in await objects.get(tx, ids) if cso.status == CsoStatus.NORMAL]
    await objects.set_status(tx, [cso.id for cso in csos], CsoStatus.OBSOLETE)
    before = await imports.last_complete_before(tx, record.system, record.step_id)
    consequences = await consequences_of_absence(tx, workspace, csos)
    evidence = {
        "last_seen_at": before.started_at if before else None,
        "last_seen_in_run": before.run_id if before else None,
        "missing_since": record.started_at,
        "missing_in_run": record.run_id,
        "missing_together": together,
        "in_common": list(in_common),
    }
    items = [
        ReviewItem(
            id=0,
            kind=ReviewKind.ABSENCE,
            object_id=cso.id,
            system=cso.system,
            type=cso.type,
            label=label_of(cso),
            state=ReviewState.OPEN,
            run_id=record.run_id,
            opened_at=record.ended_at or record.started_at,
            evidence=evidence,
            consequences=consequences[cso.id],
        )
        for cso in csos
    ]
    opened = await reviews.open_items(tx, items)
    await _renew_what_follows(tx, workspace, consequences)
    reason = reason or f"not in the complete import of run {record.run_id}"
    return [
        move
        for cso, item in zip(csos, opened, strict=True)
        for move in (
            Move("cso", cso.id, cso.system, item.label, CsoStatus.NORMAL, CsoStatus.OBSOLETE, reason),
            Move("review", item.id, cso.system, item.label, None, ReviewState.OPEN, reason),
        )
    ]


async def _renew_what_follows(tx: Transaction, workspace: Workspace, consequences: dict[int, Consequences]) -> None:
    """Let the items of others whom the same people lack show what follows when all of them go."""
    ids = [entry[0] for one in consequences.values() for entry in one.get("together_with", [])]
    others = [cso for cso in await objects.get(tx, ids) if cso.id not in consequences]
    asked = await reviews.of_objects(tx, [cso.id for cso in others], ReviewKind.ABSENCE, reviews.UNDECIDED)
    follows = await consequences_of_absence(tx, workspace, others)
    await reviews.set_consequences(tx, {item.id: follows[item.object_id] for item in asked.values()})
    halves = [item.id for item in asked.values() if item.state is ReviewState.HALF_APPROVED]
    why = "its person has gone missing elsewhere too"
    await reviews.decide(
        tx, halves, expected=[ReviewState.HALF_APPROVED], state=ReviewState.OPEN, operator=None, reason=why
    )
