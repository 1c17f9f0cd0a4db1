"""Say that somebody knows of a group of what waits: why, and until when it is not told as new."""

from collections.abc import Mapping, Sequence

from engine.approvals.audit import record
from engine.decisions.until import moment_of
from engine.errors import DecisionRefused
from engine.roles import Role, require
from engine.todo.gathering import gather
from engine.todo.groups import Group
from engine.workspace import Workspace
from storage import clock, todo
from storage.store import Transaction
from storage.todo import Acknowledgement


async def acknowledge(
    workspace: Workspace,
    ids: Sequence[str],
    *,
    operator: str,
    reason: str,
    until: str = "7d",
    shown: Mapping[str, int] | None = None,
) -> list[Group]:
    """Acknowledge some groups (`todo-1f2e3d4c`): as many as there are now, for a while; give them.

    `shown` says how many of each were on screen: where there are more by now, nothing is acknowledged.
    Raises `DecisionRefused` and `NotAllowed`.
    """
    require(workspace.config, operator, Role.OPERATOR, "acknowledge")
    if not reason.strip():
        raise DecisionRefused("a reason is wanted: say why it can wait, with --reason")
    moment = moment_of(until)
    async with workspace.store.transaction() as tx:
        groups = await _chosen(tx, workspace, ids)
        _refuse_grown(groups, shown or {})
        known = [Acknowledgement(one.key, one.number, operator, clock.now(), moment, reason) for one in groups]
        details = {"groups": {one.key: one.covers for one in known}, "reason": reason, "until": moment}
        await record(tx, workspace, operator=operator, action="acknowledge", subject=_subject(groups), details=details)
        await todo.acknowledge(tx, known)
    return [one._replace(acknowledged=said) for one, said in zip(groups, known, strict=True)]


def _refuse_grown(groups: list[Group], shown: Mapping[str, int]) -> None:
    for one in groups:
        if one.number > shown.get(one.id, one.number):
            raise DecisionRefused(f"by now there are {one.number:,}, not {shown[one.id]:,}: {one.what}; look again")


async def forget_what_is_over(tx: Transaction, workspace: Workspace) -> None:
    """Let acknowledgements cover no more than there is before a run begins: what it finds is not known to anybody."""
    if await todo.acknowledged(tx):
        await todo.shrink(tx, {one.key: one.number for one in await gather(tx, workspace)})


async def take_back(workspace: Workspace, ids: Sequence[str], *, operator: str) -> list[Group]:
    """Let some acknowledged groups be told as new again; give them. Raises `DecisionRefused` and `NotAllowed`."""
    require(workspace.config, operator, Role.OPERATOR, "take an acknowledgement back")
    async with workspace.store.transaction() as tx:
        groups = await _chosen(tx, workspace, ids)
        if unknown := [one.id for one in groups if one.acknowledged is None]:
            raise DecisionRefused(f"{', '.join(unknown)}: nobody has acknowledged that")
        keys = [one.key for one in groups]
        subject = _subject(groups)
        await record(
            tx, workspace, operator=operator, action="unacknowledge", subject=subject, details={"groups": keys}
        )
        await todo.take_back(tx, keys)
    return groups


async def _chosen(tx: Transaction, workspace: Workspace, ids: Sequence[str]) -> list[Group]:
    """Give the groups of some ids, as they are now. Raises `DecisionRefused` for one that is not there any more."""
    there = {one.id: one for one in await gather(tx, workspace)}
    if missing := [one for one in dict.fromkeys(ids) if one not in there]:
        raise DecisionRefused(f"nothing of that name waits (any more): {', '.join(missing)}; see 'interlock todo'")
    return [there[one] for one in dict.fromkeys(ids)]


def _subject(groups: list[Group]) -> str:
    return groups[0].id if len(groups) == 1 else f"{len(groups)} groups"
