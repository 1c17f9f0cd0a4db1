"""Explain how an account leaves: since when, in which stages, and what its delete waits for."""

from engine.approvals.stages import steps
from engine.explaining.scopes import Document
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.leaving import covering_approval
from engine.phases.evaluating.page import EvaluationPage
from engine.rules.compiled import DELETE, DISABLE, DISCONNECT, MOVE, Leaving
from engine.rules.leaving import Going
from storage.records import Cso, ReviewState

_WAITS = {
    ReviewState.OPEN: "it waits for an approval",
    ReviewState.HALF_APPROVED: "one of two people has approved it",
    ReviewState.DEFERRED: "it is put off",
    ReviewState.KEPT: "an operator keeps it",
}

_STATES = {DISABLE: "disabled", MOVE: "moved", DELETE: "and to be deleted", DISCONNECT: "and to be let go of"}


def leaving_of(page: EvaluationPage, desired: Desired, cso: Cso | None) -> Document | None:
    """Tell in which stages an account leaves, or will from a date on that is known."""
    how = page.step.workspace.rules.leaving[desired.mvo.type][desired.target]
    since = desired.going.since if desired.going else desired.ends_at
    if cso is None or not how.is_staged or since is None:
        return None
    listed = [(stage.do, stage.after.total_seconds()) for stage in how.stages]
    stages: list[Document] = [
        {"does": one.does, "at": one.at, "on": one.day, "done": one.is_past and bool(desired.going)}
        for one in steps(since, listed)
    ]
    return {
        "since": since,
        "begun": desired.going is not None,
        "because": _because(desired, desired.going) if desired.going else "its date of leaving is known",
        "stages": stages,
        "delete": _delete_waits(page, desired, cso, how) if how.stages[-1].do == DELETE else None,
    }


def _delete_waits(page: EvaluationPage, desired: Desired, cso: Cso, how: Leaving) -> str:
    """Say what a delete waits for beside its day."""
    if desired.going is not None and covering_approval(page, desired.mvo, cso, desired.going) is not None:
        return "it is approved"
    item = page.items.get(cso.id)
    if item is not None and item.state in _WAITS:
        return f"{_WAITS[item.state]} (rev-{item.id})"
    return "it is asked about when it begins to leave" if how.stages[-1].asks_at_start else "it is asked about then"


def verdict_of_leaving(cso: Cso | None, desired: Desired, going: Going, reasons: list[str]) -> str:
    """Say how it stands with the account of somebody whom no rule wants it for."""
    state = "not wanted" if cso else "none"
    if cso is not None and going.leaving.is_staged:
        state = f"leaving, {_STATES[going.does]}" if going.does else "leaving, and as it was"
    elif cso is not None and going.disables:
        state = "disabled" if not desired.mvo.deleted else state
    if desired.mvo.deleted or going.gone_at is None or (desired.mvo.in_grace and going.leaving.is_staged):
        return f"{state}: {_because(desired, going)}"
    return f"{state}: no rule is in scope: {'; '.join(reasons)}"


def _because(desired: Desired, going: Going) -> str:
    if desired.mvo.deleted:
        return "the metaverse object is deleted"
    if desired.mvo.in_grace:
        return "the metaverse object is to be deleted"
    return "no rule is in scope" if going.gone_at else "its date of leaving has come"
