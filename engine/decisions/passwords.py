"""Another password for one account: made by its type's policy, delivered once, and recorded with the reason."""

from engine.approvals.audit import record
from engine.errors import ConnectionLost, DecisionRefused, StepFailed, Undelivered
from engine.labels import label_of
from engine.phases.exporting.owed_passwords import DIED
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import objects, owed_passwords
from storage.records import Cso, CsoStatus
from storage.store import Transaction


async def reset_password(workspace: Workspace, cso_id: int, *, operator: str, reason: str) -> str:
    """Give an account another password, and give a sentence that says so; the password itself is told to nobody here.

    Raises `DecisionRefused`, `NotAllowed`, or a `StepFailed` of the connector.
    """
    require(workspace.config, operator, Role.ADMINISTRATOR, "reset a password")
    cso = await _account(workspace, cso_id)
    before = await _begin(workspace, cso, operator, reason)
    try:
        async with workspace.connector(cso.system) as connector:
            error = await connector.reset_password(
                cso.type, external_id=cso.external_id, secondary_id=cso.secondary_id, attributes=cso.attributes
            )
            notes = connector.notes
    except StepFailed as failure:
        owed = str(failure) if isinstance(failure, (Undelivered, ConnectionLost)) else before
        await _failed(workspace, cso, operator, str(failure), owed)
        raise
    if error is not None:
        await _failed(workspace, cso, operator, error.message, before)
        raise DecisionRefused(f"{label_of(cso)} keeps its password: {error.message}; {error.advice}")
    async with workspace.store.transaction() as tx:
        await owed_passwords.forget(tx, [cso.id])
    return "; ".join([f"{label_of(cso)} has another password, which was delivered", *notes])


async def _account(workspace: Workspace, cso_id: int) -> Cso:
    async with workspace.store.reading() as tx:
        found = await objects.get(tx, [cso_id])
    if not found:
        raise DecisionRefused(f"there is no cso-{cso_id}")
    cso = found[0]
    if cso.status != CsoStatus.NORMAL:
        raise DecisionRefused(f"cso-{cso_id} ({label_of(cso)}) is {cso.status}; only a Normal account has a password")
    if cso.system not in workspace.config.systems or cso.type not in workspace.config.systems[cso.system].objects:
        raise DecisionRefused(f"'{cso.system}' with its {cso.type} is not configured any more")
    if workspace.config.systems[cso.system].read_only:
        raise DecisionRefused(f"'{cso.system}' is read_only")
    return cso


async def _begin(workspace: Workspace, cso: Cso, operator: str, reason: str) -> str | None:
    """Write down who does it, and that the new password is owed; give why one was before, if it was."""
    async with workspace.store.transaction() as tx:
        before = (await owed_passwords.get(tx, [cso.id])).get(cso.id)
        await _record(tx, workspace, "password-reset", cso, operator, {"reason": reason})
        await owed_passwords.mark(tx, {cso.id: DIED})
    return before


async def _failed(workspace: Workspace, cso: Cso, operator: str, why: str, owed: str | None) -> None:
    """Write down why it failed, and whether a password is owed all the same."""
    async with workspace.store.transaction() as tx:
        await _record(tx, workspace, "password-reset-failed", cso, operator, {"why": why})
        if owed is not None:
            await owed_passwords.mark(tx, {cso.id: owed})
        else:
            await owed_passwords.forget(tx, [cso.id])


async def _record(
    tx: Transaction, workspace: Workspace, action: str, cso: Cso, operator: str, details: dict[str, str]
) -> None:
    told = {"system": cso.system, "object": label_of(cso), **details}
    await record(tx, workspace, operator=operator, action=action, subject=f"cso-{cso.id}", details=told)
