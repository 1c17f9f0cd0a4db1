"""Phase 2, names that move: who takes a name that somebody gives up in the same run, and in which order.

A chain begins at its free end. A circle is broken by a name in between for one of its members, which cannot be taken
for a real one; whoever is found under it after a crash still has its export, and goes on from there.
"""

from collections.abc import Iterable
from typing import NamedTuple

from engine.pending_exports.interim_names import interim_name
from engine.pending_exports.waves import FREES, RENAMES
from engine.rules.compiled import ObjectType
from engine.step import Step
from engine.workspace import Workspace
from storage import clock, exports, objects
from storage.exports import SENDABLE
from storage.records import ChangeType, Cso, CsoStatus, ExportStatus, PendingExport
from storage.store import Transaction


class Claim(NamedTuple):
    """A name that is wanted for an MVO's account, and that another account has now."""

    mvo_id: int
    target: ObjectType
    cso_id: int | None
    """The account that is to be renamed; None for one that is to be created."""
    secondary_id: str
    key: str
    holder_id: int


class Turn(NamedTuple):
    """When an account gets a name that is given up in the same run: after those before it, or by a name in between."""

    wave: int
    interim_id: str | None = None


Turns = dict[tuple[int, ObjectType], Turn]


def may_be_vacated(holder: Cso) -> bool:
    """Tell whether whoever has a name could give it up: an account of somebody, not a planned one or a stranger's."""
    return holder.mvo_id is not None and holder.status == CsoStatus.NORMAL


async def take_turns(tx: Transaction, step: Step, claims: Iterable[Claim]) -> Turns:
    """Give their turn to those claims whose name becomes free in this run; deletes that free one go first."""
    claimed: dict[tuple[str, str], Claim] = {}
    for claim in sorted(claims):
        claimed.setdefault((claim.target[0], claim.key), claim)  # nobody else gets it in this run
    holders = {cso.id: cso for cso in await objects.get(tx, {claim.holder_id for claim in claimed.values()})}
    staged = await exports.of_objects(tx, holders)
    leaving = {cso_id: one for cso_id, one in staged.items() if _gives_up(step.workspace, holders[cso_id], one)}
    await _delete_first(tx, [one for one in leaving.values() if one.change_type == ChangeType.DELETE])
    waves = {cso_id: 0 if one.change_type == ChangeType.DELETE else one.wave for cso_id, one in leaving.items()}
    return await _turns(tx, step.workspace, _in_order(list(claimed.values()), waves))


async def _delete_first(tx: Transaction, deletes: list[PendingExport]) -> None:
    """Let deletes that free a name go before everything else."""
    at = clock.now()
    first = sorted(deletes, key=lambda export: export.cso_id)
    await exports.change(tx, [export._replace(wave=FREES, changed_at=at) for export in first])


async def _turns(tx: Transaction, workspace: Workspace, order: dict[Claim, tuple[int, bool]]) -> Turns:
    """Give each claim its turn, and a name in between to those who break a circle."""
    breakers = [claim.cso_id for claim, (_, breaks) in order.items() if breaks and claim.cso_id is not None]
    accounts = {cso.id: cso for cso in await objects.get(tx, breakers)}
    turns: Turns = {}
    for claim, (wave, breaks) in order.items():
        interim = None
        if breaks:
            has_dns = workspace.is_dn(*claim.target)
            interim = interim_name(accounts[claim.cso_id or 0], claim.secondary_id, is_dn=has_dns)
        turns[claim.mvo_id, claim.target] = Turn(wave, interim)
    return turns


def _gives_up(workspace: Workspace, holder: Cso, export: PendingExport) -> bool:
    """Tell whether the next export step takes an account's name away from it: by a rename, or an approved delete."""
    due = export.next_retry_at is None or export.next_retry_at <= clock.now()
    if export.held or not due or export.status not in (*SENDABLE, ExportStatus.EXECUTING):
        return False
    if export.change_type == ChangeType.DELETE:
        return export.approval_id is not None
    new, old = export.new_secondary_id, holder.secondary_id
    read = workspace.key_reader(holder.system, holder.type)
    return new is not None and old is not None and read(new) != read(old)


def _in_order(claims: list[Claim], leaving: dict[int, int]) -> dict[Claim, tuple[int, bool]]:
    """Give the wave of each claim that can be met, and whether it breaks a circle; `leaving` holds waves by CSO."""
    by_cso: dict[int | None, Claim] = {claim.cso_id: claim for claim in claims if claim.cso_id is not None}
    found: dict[Claim, tuple[int, bool]] = {}
    refused: set[Claim] = set()
    for claim in claims:
        path = _follow(claim, by_cso, found, refused, leaving)
        _line_up(path, found, refused, leaving)
    return found


def _follow(
    claim: Claim,
    by_cso: dict[int | None, Claim],
    found: dict[Claim, tuple[int, bool]],
    refused: set[Claim],
    leaving: dict[int, int],
) -> list[Claim]:
    """Go from a claim to that of whoever has its name, and on; a circle is ordered, and a dead end refused."""
    path = [claim]
    while path[-1] not in found and path[-1] not in refused and path[-1].holder_id not in leaving:
        following = by_cso.get(path[-1].holder_id)
        if following is None:
            refused.add(path[-1])
        elif following in path:
            found.update(_circle(path[path.index(following) :]))
        else:
            path.append(following)
    return path


def _circle(members: list[Claim]) -> dict[Claim, tuple[int, bool]]:
    """Order a circle, each of whose members waits for the next: one steps aside, and takes its new name last."""
    start = members.index(min(members, key=lambda claim: claim.cso_id or 0))
    aside, *others = members[start:] + members[:start]
    order = [*reversed(others), aside]
    return {claim: (RENAMES + 1 + place, claim is aside) for place, claim in enumerate(order)}


def _line_up(
    path: list[Claim], found: dict[Claim, tuple[int, bool]], refused: set[Claim], leaving: dict[int, int]
) -> None:
    """Let the claims of a path follow each other, the last of it first."""
    by_cso = {claim.cso_id: claim for claim in path}
    for claim in reversed(path):
        if claim in found or claim in refused:
            continue
        before = by_cso.get(claim.holder_id)
        if before in refused:
            refused.add(claim)
        elif before in found:
            found[claim] = (found[before][0] + 1, False)
        else:
            found[claim] = (leaving[claim.holder_id] + 1, False)
