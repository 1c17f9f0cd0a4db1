"""What all decisions of the review share: which items can be decided, how much has to be said, and the record of it."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.approvals.audit import record, seal_of
from engine.errors import DecisionRefused
from engine.workspace import Workspace
from storage import reviews, transitions
from storage.records import Entity, ReviewItem, ReviewState
from storage.store import Transaction
from storage.transitions import Move


class Outcome(NamedTuple):
    """What became of a decision about one item: an empty refusal means it was taken, as the note says."""

    item_id: int
    label: str
    refusal: str = ""
    note: str = ""


class Decision(NamedTuple):
    """Who decides what, and why."""

    action: str
    """The word of the audit log: `approve`, `approve-first`, `keep`, …"""
    operator: str
    reason: str
    deferred_until: str | None = None


def refuse_too_short(workspace: Workspace, ids: Sequence[int], verb: str, reason: str, count: int | None) -> None:
    """Raise `DecisionRefused` where a decision about that many items wants its number, or a reason."""
    settings = workspace.config.review
    if count != len(ids) and (count is not None or len(ids) > settings.handful):
        raise DecisionRefused(f"this {verb} {len(ids):,} items; say so with --count {len(ids)}")
    if len(ids) >= settings.reason_from and not reason.strip():
        raise DecisionRefused("a reason is wanted: say it with --reason")


async def decidable(
    tx: Transaction, ids: Sequence[int], states: Sequence[ReviewState]
) -> tuple[list[ReviewItem], list[Outcome]]:
    """Split items into those that can be decided, and outcomes that say why the others cannot."""
    found = {item.id: item for item in await reviews.get(tx, ids)}
    ready: list[ReviewItem] = []
    outcomes: list[Outcome] = []
    for item_id in dict.fromkeys(ids):
        item = found.get(item_id)
        if item is None:
            outcomes.append(Outcome(item_id, "", "there is no such review item"))
        elif item.state not in states:
            by = f" by {item.decided_by}" if item.decided_by else ""
            meanwhile = f"decided meanwhile: {item.state}{by}" if item.state != ReviewState.OPEN else "it is open"
            outcomes.append(Outcome(item_id, item.label, meanwhile))
        else:
            ready.append(item)
    return ready, outcomes


async def take(
    tx: Transaction, workspace: Workspace, items: list[ReviewItem], state: ReviewState, decision: Decision
) -> None:
    """Move items to a state, and write down who did it: the items, their transitions and the audit log together."""
    if not items:
        return
    details = {"items": {str(item.id): seal_of(item) for item in items}, "reason": decision.reason}
    if decision.deferred_until:
        details["until"] = decision.deferred_until
    entry = await record(
        tx,
        workspace,
        operator=decision.operator,
        action=decision.action,
        subject=f"rev-{items[0].id}" if len(items) == 1 else f"{len(items)} items",
        details=details,
    )
    await reviews.decide(
        tx,
        [item.id for item in items],
        expected=tuple({item.state for item in items}),
        state=state,
        operator=decision.operator,
        reason=decision.reason,
        deferred_until=decision.deferred_until,
        audit_id=entry if state in (ReviewState.APPROVED, ReviewState.HALF_APPROVED) else None,
    )
    moves = [
        Move(Entity.REVIEW, item.id, item.system, item.label, item.state, state, decision.reason) for item in items
    ]
    await transitions.record(tx, moves, operator=decision.operator)
