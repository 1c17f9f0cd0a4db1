"""Let what a gate held in a run pass it after all."""

from engine.approvals.audit import record
from engine.errors import DecisionRefused
from engine.gates.mass_changes import let_change
from engine.phases.removal.obsolete import mark_obsolete
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import imports, reviews, transitions
from storage.records import Entity, HeldBatch

STAGED = (reviews.BEFORE_CHANGING, reviews.AFTER_RESTORE)
"""How the gates begin that hold what is staged."""
CHANGES = (*STAGED, reviews.MASS_CHANGE)
"""How the gates begin whose batches hold changes, and nobody who is missing."""


async def release(
    workspace: Workspace, run_id: int, *, count: int, operator: str, reason: str
) -> tuple[list[HeldBatch], int]:
    """Let what a gate held in one run pass it, by typing how many objects that are.

    What was missing goes into the review; deletes and changes that an export held back are sent by the next, changes
    that an import held back taken over by the next. Gives the batches, and how many objects are now obsolete.
    Raises `DecisionRefused`, and `NotAllowed`.
    """
    require(workspace.config, operator, Role.APPROVER, "release")
    async with workspace.store.transaction() as tx:
        batches = await reviews.held(tx, run_id)
        if not batches:
            raise DecisionRefused(f"run {run_id} holds nothing; 'interlock review' lists what is held")
        held = sum(batch.missing for batch in batches)
        if held != count:
            raise DecisionRefused(f"run {run_id} holds {held:,} objects, not {count:,}; nothing was released")
        marked = 0
        details = {"gates": [batch.arithmetic for batch in batches], "count": count, "reason": reason}
        await record(tx, workspace, operator=operator, action="release", subject=f"run-{run_id}", details=details)
        for batch in batches:
            await reviews.release(tx, batch.id, operator=operator, reason=reason)
            if batch.gate.startswith(STAGED):
                moves = await let_change(tx, await reviews.candidates_of(tx, batch.id), operator)
                await transitions.record(tx, moves, operator=operator)
            if batch.gate == reviews.BEFORE_EXPORT or batch.gate.startswith(CHANGES):
                continue
            seen = await imports.latest(tx, batch.system)
            if seen is None or seen.run_id != run_id:
                raise DecisionRefused(f"'{batch.system}' was imported again since run {run_id}; look at the newer run")
            ids = await reviews.candidates_of(tx, batch.id)
            moves = await mark_obsolete(tx, workspace, seen, ids, together=batch.missing, in_common=batch.in_common)
            await transitions.record(tx, moves, operator=operator)
            marked += sum(1 for move in moves if move.entity == Entity.CSO)
    return batches, marked
