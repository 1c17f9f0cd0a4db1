"""Joins by hand: an operator knows better than the rules; every such decision is recorded with its reason."""

from engine.approvals.audit import record
from engine.errors import DecisionRefused
from engine.labels import label_of, label_of_mvo
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import metaverse, objects, transitions
from storage.records import Cso, CsoStatus, Entity, JoinedBy, Mvo
from storage.store import Transaction
from storage.transitions import Move


async def join(workspace: Workspace, cso_id: int, mvo_id: int, *, operator: str, reason: str) -> str:
    """Join a CSO to an MVO, and give a sentence that says so. Raises `DecisionRefused` or `NotAllowed`."""
    require(workspace.config, operator, Role.ADMINISTRATOR, "join by hand")
    async with workspace.store.transaction() as tx:
        cso, mvo = await _cso(tx, cso_id), await _mvo(tx, mvo_id)
        if cso.mvo_id is not None:
            whose = await _label_of_person(tx, cso.mvo_id)
            raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is joined to {whose}; disconnect it first")
        _refuse_join(workspace, cso, mvo)
        several = (cso.system, cso.type) in workspace.rules.several
        for other in await objects.joined_to(tx, [mvo_id]):
            if (other.system, other.type) == (cso.system, cso.type) and not several:
                raise DecisionRefused(
                    f"{label_of_mvo(mvo)} has a {cso.type} of '{cso.system}' already: cso-{other.id} "
                    f"({label_of(other)}); disconnect that first"
                )
        await objects.join(tx, [(cso_id, mvo_id, JoinedBy.HAND)])
        await objects.set_due(tx, [cso_id], due=True)
        await metaverse.set_due(tx, [mvo_id], due=True)
        await _record(tx, workspace, cso, None, f"mvo-{mvo_id}", operator, reason)
    return f"{label_of(cso)} is joined to {label_of_mvo(mvo)}; the next sync lets its values flow"


def _refuse_join(workspace: Workspace, cso: Cso, mvo: Mvo) -> None:
    """Raise `DecisionRefused` where the two cannot belong together."""
    rules = workspace.rules
    inbound = {rule.mvo_type for rule in rules.inbound.get((cso.system, cso.type), [])}
    outbound = {mvo_type for mvo_type, targets in rules.outbound.items() if (cso.system, cso.type) in targets}
    if cso.status != CsoStatus.NORMAL:
        raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is {cso.status}; only Normal objects can be joined")
    if mvo.deleted:
        raise DecisionRefused(f"{label_of_mvo(mvo)} is deleted; its accounts are being removed")
    if mvo.type not in inbound | outbound:
        raise DecisionRefused(f"no rule leads between {cso.type} of '{cso.system}' and metaverse.{mvo.type}")


async def disconnect(workspace: Workspace, cso_id: int, *, operator: str, reason: str) -> str:
    """Take a CSO away from its MVO with the next sync; the rules may join it again. Raises `DecisionRefused`."""
    return await _leave(workspace, cso_id, JoinedBy.LEAVING, operator, reason)


async def exclude(workspace: Workspace, cso_id: int, *, operator: str, reason: str) -> str:
    """Take a CSO away, and let no rule join, project or write to it ever again. Raises `DecisionRefused`."""
    return await _leave(workspace, cso_id, JoinedBy.EXCLUDING, operator, reason)


async def _leave(workspace: Workspace, cso_id: int, how: JoinedBy, operator: str, reason: str) -> str:
    require(workspace.config, operator, Role.ADMINISTRATOR, "disconnect or exclude by hand")
    async with workspace.store.transaction() as tx:
        cso = await _cso(tx, cso_id)
        if cso.status != CsoStatus.NORMAL:
            raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is {cso.status}; the review decides about it")
        if cso.mvo_id is None and how is JoinedBy.LEAVING:
            raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is joined to nothing")
        if cso.joined_by in (JoinedBy.EXCLUDED, how):
            raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is {cso.joined_by} already")
        joined = cso.mvo_id is not None
        await objects.join(tx, [(cso_id, cso.mvo_id, how if joined else JoinedBy.EXCLUDED)])
        await objects.set_due(tx, [cso_id], due=joined)
        to = "excluded" if how is JoinedBy.EXCLUDING else "disconnected"
        await _record(tx, workspace, cso, f"mvo-{cso.mvo_id}" if joined else None, to, operator, reason)
        whose = await _label_of_person(tx, cso.mvo_id) if cso.mvo_id is not None else ""
    follows = f"; the next sync takes it from {whose}" if whose else ""
    return f"{label_of(cso)} is {to}{follows}"


async def include(workspace: Workspace, cso_id: int, *, operator: str, reason: str) -> str:
    """Let the rules have an excluded CSO again. Raises `DecisionRefused` or `NotAllowed`."""
    require(workspace.config, operator, Role.ADMINISTRATOR, "include by hand")
    async with workspace.store.transaction() as tx:
        cso = await _cso(tx, cso_id)
        if cso.joined_by not in (JoinedBy.EXCLUDED, JoinedBy.EXCLUDING):
            raise DecisionRefused(f"cso-{cso.id} ({label_of(cso)}) is not excluded")
        # one that is still joined goes through a disconnection, after which the rules may have it again
        await objects.join(tx, [(cso_id, cso.mvo_id, JoinedBy.LEAVING if cso.mvo_id is not None else None)])
        await objects.set_due(tx, [cso_id], due=True)
        await _record(tx, workspace, cso, "excluded", "included", operator, reason)
    return f"{label_of(cso)} is included again; the next sync looks at it"


async def _cso(tx: Transaction, cso_id: int) -> Cso:
    found = await objects.get(tx, [cso_id])
    if not found:
        raise DecisionRefused(f"there is no cso-{cso_id}")
    return found[0]


async def _label_of_person(tx: Transaction, mvo_id: int) -> str:
    found = await metaverse.get(tx, [mvo_id])
    return label_of_mvo(found[0]) if found else f"mvo-{mvo_id}"


async def _mvo(tx: Transaction, mvo_id: int) -> Mvo:
    found = await metaverse.get(tx, [mvo_id])
    if not found:
        raise DecisionRefused(f"there is no mvo-{mvo_id}")
    return found[0]


async def _record(
    tx: Transaction, workspace: Workspace, cso: Cso, before: str | None, after: str, operator: str, reason: str
) -> None:
    move = Move(Entity.JOIN, cso.id, cso.system, label_of(cso), before, after, reason)
    await transitions.record(tx, [move], operator=operator)
    action = after if after in ("excluded", "included", "disconnected") else "join"
    details = {"object": label_of(cso), "system": cso.system, "before": before, "after": after, "reason": reason}
    await record(tx, workspace, operator=operator, action=action, subject=f"cso-{cso.id}", details=details)
