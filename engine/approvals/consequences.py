"""The consequences of a decision, worked out by the code that would carry them out."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.approvals.stages import Moment, moments, read_departures, shown, stages_of
from engine.contributions.contexts import Contexts
from engine.contributions.flowing import Contributed, contribute
from engine.contributions.joined import by_mvo
from engine.contributions.origins import givers_of
from engine.contributions.references import References, read_references
from engine.contributions.rows import ContributorFailed
from engine.labels import label_of, label_of_mvo, with_references
from engine.rules.lifecycle import Fate, fate_without
from engine.workspace import Workspace
from storage import metaverse, objects, references
from storage.leaving import Departure
from storage.records import Cso, CsoStatus, Mvo
from storage.store import Transaction

Consequences = dict[str, Any]
"""As the review keeps them.

`mvo`, `mvo_label`, `mvo_deleted`, `deletion_rule`, `grace_seconds`, `deletes`, `disabled`, `left_alone`, `recalled`,
`taken_over`, `becomes`, `recreated`, `referring`, `groups`, `together_with`, `stays_by`, `stages`
(`engine/approvals/stages.py`).

The lists of objects hold `[CSO id, system, label, primary external id]`; `taken_over` gives for each recalled
attribute that somebody else gives from then on `[CSO id, system, label]`, and `becomes` its values before and after;
`together_with` holds those of its person that are missing too, `[CSO id, system, label]`, and `stays_by` the other rows
of its type that keep its person; `referring` holds
`[MVO id, label, attribute]`; `groups` holds `[CSO id of the group, system, its label, attribute, member]`.
"""
PAGE = 2_000


async def consequences_of_absence(tx: Transaction, workspace: Workspace, csos: list[Cso]) -> dict[int, Consequences]:
    """Work out what follows when each of some missing CSOs is disconnected: CSO id → consequences.

    Where several sources have lost a person, what follows when all of them are disconnected.
    """
    mvo_ids = {cso.mvo_id for cso in csos if cso.mvo_id is not None}
    mvos = {mvo.id: mvo for mvo in await metaverse.get(tx, mvo_ids)}
    every = await objects.joined_to(tx, mvo_ids)
    joined = by_mvo(every)
    departures = await read_departures(tx, workspace.rules, every)
    known = _Known(await read_references(tx, workspace, every), Contexts(workspace), departures)
    found = {cso.id: _describe(known, cso, mvos.get(cso.mvo_id or 0), joined.get(cso.mvo_id or 0, [])) for cso in csos}
    await _add_referring(tx, [one for one in found.values() if one.get("mvo_deleted")])
    await _add_groups(tx, workspace, list(found.values()), every)
    return found


class _Known(NamedTuple):
    """What is read once for all objects whose consequences are worked out."""

    references: References
    contexts: Contexts
    departures: dict[int, Departure]


def _describe(known: _Known, cso: Cso, mvo: Mvo | None, joined: list[Cso]) -> Consequences:
    if mvo is None:
        return {}
    workspace = known.references.workspace
    others = [one for one in joined if one.id != cso.id and one.status == CsoStatus.OBSOLETE]
    leaving = {cso.id, *(one.id for one in others)}
    fate = fate_without(workspace.config, workspace.rules, mvo, joined, leaving, known.departures)
    found = describe(fate, mvo, cso)
    if others:
        found["together_with"] = [[one.id, one.system, label_of(one)] for one in others]
    if fate.mvo_deleted:
        found["deletion_rule"] = f"metaverse.{mvo.type}: {workspace.config.deletion_of(mvo.type).when}"
    elif (cso.system, cso.type) in workspace.rules.several:
        found["stays_by"] = _other_rows(cso, joined, leaving)
    staying = [one for one in joined if one.id not in leaving]
    if found["recalled"]:
        _add_heirs(known, mvo, staying, found)
    return found


def _other_rows(cso: Cso, joined: list[Cso], leaving: set[int]) -> list[list[Any]]:
    """Give the other rows of a person that stay."""
    rows = [one for one in joined if (one.system, one.type) == (cso.system, cso.type) and one.id not in leaving]
    return [[one.id, one.system, label_of(one)] for one in rows]


def _add_heirs(known: _Known, mvo: Mvo, staying: list[Cso], found: Consequences) -> None:
    """Add, for each recalled attribute that has one, whoever gives it once some CSOs have left, and what it becomes.

    What is the same by the other rows of its person, or by those whose values are merged, is not recalled.
    """
    try:
        got = contribute(known.references.workspace, known.contexts, known.references, mvo, staying)
    except ContributorFailed:
        got = None
    if got is None:
        return
    rows = {cso_id for cso_id, *_ in found.get("stays_by", [])}
    same = [name for name in found["recalled"] if _is_left_alone(mvo, got, rows, name)]
    found["recalled"] = [name for name in found["recalled"] if name not in same]
    by_id = {cso.id: cso for cso in staying}
    givers = {name: by_id.get(got.contributors[name][0]) for name in found["recalled"] if name in got.contributors}
    heirs = {name: [cso.id, cso.system, label_of(cso)] for name, cso in givers.items() if cso is not None}
    if heirs:
        declared = known.references.workspace.declared_mvo(mvo.type)
        before = with_references(mvo, declared)
        after = with_references(mvo._replace(attributes=got.attributes), declared)
        found["taken_over"] = heirs
        found["becomes"] = {name: [before.get(name, []), after.get(name, [])] for name in heirs}


def _is_left_alone(mvo: Mvo, got: Contributed, rows: set[int], name: str) -> bool:
    """Tell whether an attribute is the same without one of several who gave it, or by another row of its person."""
    if name not in got.contributors or mvo.attributes.get(name) != got.attributes.get(name):
        return False
    return len(mvo.contributors[name]) > 2 or got.contributors[name][0] in rows


async def _add_referring(tx: Transaction, found: list[Consequences]) -> None:
    """Add who refers to the MVOs that go: their groups, and those whose manager they are."""
    by_mvo = {one["mvo"]: one for one in found}
    edges = [edge for edge in await references.edges_to(tx, by_mvo) if edge.mvo_id not in by_mvo]
    names = {mvo.id: label_of_mvo(mvo) for mvo in await metaverse.get(tx, {edge.mvo_id for edge in edges})}
    for edge in edges:
        entry = [edge.mvo_id, names.get(edge.mvo_id, f"mvo-{edge.mvo_id}"), edge.attribute]
        by_mvo[edge.target_id].setdefault("referring", []).append(entry)


async def _add_groups(tx: Transaction, workspace: Workspace, found: list[Consequences], joined: list[Cso]) -> None:
    """Add the groups that the target objects which go are members of."""
    by_id = {cso.id: cso for cso in joined}
    doomed = [by_id[entry[0]] for one in found for entry in one.get("deletes", [])]
    groups = await groups_of(tx, workspace, doomed)
    for one in found:
        listed = [group for entry in one.get("deletes", []) for group in groups.get(entry[0], [])]
        if listed:
            one["groups"] = listed


async def consequences_of_delete(tx: Transaction, workspace: Workspace, csos: list[Cso]) -> dict[int, Consequences]:
    """Work out what follows when each of some target objects is deleted: CSO id → consequences."""
    groups = await groups_of(tx, workspace, csos)
    stages = await stages_of(tx, workspace, csos)
    found: dict[int, Consequences] = {cso.id: {"deletes": _listed([cso])} for cso in csos}
    for cso_id, listed in groups.items():
        found[cso_id]["groups"] = listed
    for cso_id, entry in stages.items():
        found[cso_id]["stages"] = [entry]
    return found


async def groups_of(tx: Transaction, workspace: Workspace, csos: Iterable[Cso]) -> dict[int, list[list[Any]]]:
    """Find the target's own groups that name some of its objects: CSO id → the groups it would leave."""
    members: dict[str, dict[str, int]] = {}
    for cso in csos:
        names = members.setdefault(cso.system, {})
        names |= {name.casefold(): cso.id for name in (cso.secondary_id, cso.external_id) if name}
    found: dict[int, list[list[Any]]] = {}
    for system, named in members.items():
        types = workspace.config.systems[system].objects if system in workspace.config.systems else {}
        for kind, settings in types.items():
            many = [name for name, one in settings.attributes.items() if one.kind == "reference" and one.multi]
            if many:
                await _find_members(tx, (system, kind), many, named, found)
    return found


async def _find_members(
    tx: Transaction,
    of_type: tuple[str, str],
    attributes: list[str],
    named: dict[str, int],
    found: dict[int, list[list[Any]]],
) -> None:
    after = 0
    while page := await objects.of_type(tx, *of_type, after, PAGE):
        after = page[-1].id
        for group in page:
            for attribute in attributes:
                for value in group.attributes.get(attribute, ()):
                    if (member := named.get(str(value).casefold())) is not None:
                        entry = [group.id, group.system, label_of(group), attribute, member]
                        found.setdefault(member, []).append(entry)


def covers_delete(approved: Consequences, cso: Cso) -> bool:
    """Tell whether what an approval showed covers the delete of an object: this one, not one in its place."""
    return any(entry[0] == cso.id and entry[3] == cso.external_id for entry in approved.get("deletes", []))


def together(shown: Iterable[Consequences]) -> Consequences:
    """Give what several approvals showed as one."""
    every = list(shown)
    return {
        "mvo_deleted": any(one.get("mvo_deleted", False) for one in every),
        "deletes": [entry for one in every for entry in one.get("deletes", [])],
        "stages": [entry for one in every for entry in one.get("stages", [])],
    }


def describe(fate: Fate, mvo: Mvo, leaving: Cso) -> Consequences:
    """Write a fate down as the review keeps it."""
    given = [name for name, by in mvo.contributors.items() if leaving.id in givers_of(by)]
    staged = {"stages": [shown(cso, how, since) for cso, how, since in fate.stages]} if fate.stages else {}
    return {
        "mvo": mvo.id,
        "mvo_label": label_of_mvo(mvo),
        "mvo_deleted": fate.mvo_deleted,
        "grace_seconds": int(fate.grace.total_seconds()),
        "deletes": _listed(fate.deletes),
        "disabled": _listed(fate.disabled),
        "left_alone": _listed(fate.left_alone),
        "recalled": [] if fate.mvo_deleted else sorted(given),
        "recreated": _listed(fate.recreated),
        **staged,
    }


def _listed(csos: list[Cso]) -> list[list[Any]]:
    return [[cso.id, cso.system, label_of(cso), cso.external_id] for cso in csos]


def covers(approved: Consequences, now: Consequences) -> bool:
    """Tell whether what an approval showed covers what would happen now, to the very same objects, and when."""
    known = _deleted_when(approved)
    grown = _deleted_when(now) - known
    return not grown and (approved.get("mvo_deleted", False) or not now.get("mvo_deleted", False))


def _deleted_when(consequences: Consequences) -> set[tuple[int, str | None, Moment | None]]:
    """Give what is deleted: each object by its id, with the moment of a delete in stages."""
    when = moments(consequences)
    return {(entry[0], entry[3], when.get(entry[0])) for entry in consequences.get("deletes", [])}
