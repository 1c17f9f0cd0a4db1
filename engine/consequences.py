"""The consequences of a decision, worked out by the code that would carry them out."""

from collections.abc import Iterable
from typing import Any

from engine.labels import label_of
from engine.rules.lifecycle import Fate, fate_without
from engine.workspace import Workspace
from storage import metaverse, objects
from storage.records import Cso, Mvo
from storage.store import Transaction

Consequences = dict[str, Any]
"""As the review keeps them.

`mvo`, `mvo_deleted`, `grace_seconds`, `deletes`, `disabled`, `left_alone`, `recalled`, `recreated`.

The lists of objects hold `[CSO id, system, label, primary external id]`.
"""


async def consequences_of_absence(tx: Transaction, workspace: Workspace, csos: list[Cso]) -> dict[int, Consequences]:
    """Work out what follows when each of some missing CSOs is disconnected: CSO id → consequences."""
    mvo_ids = {cso.mvo_id for cso in csos if cso.mvo_id is not None}
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, mvo_ids)}
    joined: dict[int, list[Cso]] = {}
    for cso in await objects.joined_to(tx, mvo_ids):
        joined.setdefault(cso.mvo_id or 0, []).append(cso)
    return {
        cso.id: _describe(workspace, cso, mvos.get(cso.mvo_id or 0), joined.get(cso.mvo_id or 0, [])) for cso in csos
    }


def _describe(workspace: Workspace, cso: Cso, mvo: Mvo | None, joined: list[Cso]) -> Consequences:
    if mvo is None:
        return {}
    fate = fate_without(workspace.config, workspace.rules, mvo, joined, {cso.id})
    return describe(fate, mvo, cso)


def covers_delete(approved: Consequences, cso: Cso) -> bool:
    """Tell whether what an approval showed covers the delete of an object: this one, not one in its place."""
    return any(entry[0] == cso.id and entry[3] == cso.external_id for entry in approved.get("deletes", []))


def together(shown: Iterable[Consequences]) -> Consequences:
    """Give what several approvals showed as one."""
    every = list(shown)
    return {
        "mvo_deleted": any(one.get("mvo_deleted", False) for one in every),
        "deletes": [entry for one in every for entry in one.get("deletes", [])],
    }


def describe(fate: Fate, mvo: Mvo, leaving: Cso) -> Consequences:
    """Write a fate down as the review keeps it."""
    recalled = [] if fate.mvo_deleted else [name for name, by in mvo.contributors.items() if by[0] == leaving.id]
    return {
        "mvo": mvo.id,
        "mvo_deleted": fate.mvo_deleted,
        "grace_seconds": int(fate.grace.total_seconds()),
        "deletes": _listed(fate.deletes),
        "disabled": _listed(fate.disabled),
        "left_alone": _listed(fate.left_alone),
        "recalled": sorted(recalled),
        "recreated": _listed(fate.recreated),
    }


def _listed(csos: list[Cso]) -> list[list[Any]]:
    return [[cso.id, cso.system, label_of(cso), cso.external_id] for cso in csos]


def covers(approved: Consequences, now: Consequences) -> bool:
    """Tell whether what an approval showed covers what would happen now, to the very same objects."""
    shown = {(entry[0], entry[3]) for entry in approved.get("deletes", [])}
    grown = {(entry[0], entry[3]) for entry in now.get("deletes", [])} - shown
    return not grown and (approved.get("mvo_deleted", False) or not now.get("mvo_deleted", False))
