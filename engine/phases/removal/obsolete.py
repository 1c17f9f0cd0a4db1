"""Mark absent objects `Obsolete`: that, a review item with its evidence, and nothing else."""

from collections.abc import Sequence
from typing import Any

from engine.approvals.consequences import Consequences, consequences_of_absence
from engine.approvals.questions import question
from engine.statistics import Statistic
from engine.step import Step
from engine.workspace import Workspace
from storage import imports, objects, reviews
from storage.imports import ImportRecord
from storage.records import CsoStatus, Entity, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move


async def mark_missing(
    tx: Transaction,
    step: Step,
    record: ImportRecord,
    ids: list[int],
    *,
    together: int,
    in_common: Sequence[str] = (),
    reason: str = "",
) -> None:
    """Mark CSOs that an import did not contain as `mark_obsolete` does, and count them with the step."""
    moves = await mark_obsolete(tx, step.workspace, record, ids, together=together, in_common=in_common, reason=reason)
    for move in moves:
        step.moved(move)
        step.statistics[Statistic.DELETES] += move.entity == Entity.CSO


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
    consequences = await consequences_of_absence(tx, workspace, csos)
    evidence = await _evidence(tx, record, together, in_common)
    at = record.ended_at or record.started_at
    items = [
        question(ReviewKind.ABSENCE, cso, evidence, consequences[cso.id], run_id=record.run_id, at=at) for cso in csos
    ]
    opened = await reviews.open_items(tx, items)
    await _renew_what_follows(tx, workspace, consequences)
    reason = reason or f"not in the complete import of run {record.run_id}"
    moves: list[Move] = []
    for cso, item in zip(csos, opened, strict=True):
        moves.append(Move(Entity.CSO, cso.id, cso.system, item.label, CsoStatus.NORMAL, CsoStatus.OBSOLETE, reason))
        moves.append(Move(Entity.REVIEW, item.id, cso.system, item.label, None, ReviewState.OPEN, reason))
    return moves


async def _evidence(tx: Transaction, record: ImportRecord, together: int, in_common: Sequence[str]) -> dict[str, Any]:
    """Give what speaks for objects being gone: when they were last seen, since when they are missing, with whom."""
    before = await imports.last_complete_before(tx, record.system, record.step_id)
    return {
        "last_seen_at": before.started_at if before else None,
        "last_seen_in_run": before.run_id if before else None,
        "missing_since": record.started_at,
        "missing_in_run": record.run_id,
        "missing_together": together,
        "in_common": list(in_common),
    }


async def _renew_what_follows(tx: Transaction, workspace: Workspace, consequences: dict[int, Consequences]) -> None:
    """Let the items of others whom the same people lack show what follows when all of them go."""
    ids = [entry[0] for one in consequences.values() for entry in one.get("together_with", [])]
    others = [cso for cso in await objects.get(tx, ids) if cso.id not in consequences]
    asked = await reviews.of_objects(tx, [cso.id for cso in others], ReviewKind.ABSENCE, reviews.UNDECIDED)
    follows = await consequences_of_absence(tx, workspace, others)
    await reviews.set_consequences(tx, {item.id: follows[item.object_id] for item in asked.values()})
    await _take_back_half_approvals(tx, [item.id for item in asked.values() if item.state is ReviewState.HALF_APPROVED])


async def _take_back_half_approvals(tx: Transaction, item_ids: list[int]) -> None:
    """Put items back that one of two people has approved: what follows is no longer what that one saw."""
    why = "its person has gone missing elsewhere too"
    await reviews.decide(
        tx, item_ids, expected=[ReviewState.HALF_APPROVED], state=ReviewState.OPEN, operator=None, reason=why
    )
