"""Phase 1, references: what an object names becomes the MVO that this is joined to; what is not there yet is owed."""

from collections.abc import Iterable

from engine.phases.synchronising.page import SyncPage
from engine.rules.compiled import Flow
from engine.rules.flows import Refer
from engine.step import Step
from engine.values import external_ids
from engine.values.typed import InvalidValue
from engine.workspace import Workspace
from storage import metaverse, references
from storage.records import Cso, Mvo
from storage.references import IN, Edge, Owed
from storage.store import Transaction


async def learn_references(tx: Transaction, page: SyncPage, csos: Iterable[Cso]) -> None:
    """Look up, in two queries for each system, everything that the references of some CSOs name."""
    workspace = page.step.workspace
    wanted: dict[str, dict[bool, set[str]]] = {}
    dns: dict[str, str | None] = {}
    for cso in csos:
        names = _referring_attributes(workspace, cso)
        if names:
            dns.setdefault(cso.system, _type_with_dns(workspace, cso.system))
            page.owing.setdefault(cso.id, [])  # whatever it owed before, and does not any more, is dropped
        for name in names:
            kind = meant_type(workspace, cso, name) or cso.type
            for text in cso.attributes.get(name, ()):
                if (cso.system, kind, text) not in page.keys:
                    by_dn, key = _reference_key(workspace, cso.system, dns[cso.system], kind, text)
                    page.keys[cso.system, kind, text] = key
                    wanted.setdefault(cso.system, {}).setdefault(by_dn, set()).add(key)
    if page.owing:
        page.in_grace = await metaverse.ids_in_grace(tx)
    for system, sides in wanted.items():
        types = list(workspace.config.systems[system].objects) if system in workspace.config.systems else []
        for by_dn, keys in sides.items():
            found = await references.joined_objects(tx, system, types, keys, by_secondary=by_dn)
            for key, named in found.items():
                page.known[system, key] = named


def _type_with_dns(workspace: Workspace, system: str) -> str | None:
    types = workspace.config.systems[system].objects if system in workspace.config.systems else {}
    return next((kind for kind in types if workspace.is_dn(system, kind)), None)


def _reference_key(workspace: Workspace, system: str, named: str | None, kind: str, text: str) -> tuple[bool, str]:
    """Give whether a reference is a DN, which only a type that has DNs can tell, and what it is looked up by.

    An id is read as those of a type are: `007` names 7 where they are integers.
    """
    if named is not None and "=" in text:
        return True, workspace.secondary_key(system, named, text) or text
    types = workspace.config.systems[system].objects if system in workspace.config.systems else {}
    if kind not in types or external_ids.is_as_written(types[kind]):
        return False, text
    try:
        return False, external_ids.reader(types[kind])(text)
    except InvalidValue:
        return False, text


def _referring_attributes(workspace: Workspace, cso: Cso) -> list[str]:
    rules = workspace.rules.inbound.get((cso.system, cso.type), [])
    return sorted({flow.copies for rule in rules for flow in rule.flows if flow.refers and flow.copies})


def refer_inbound(page: SyncPage, cso: Cso, mvo: Mvo) -> Refer:
    """Give the function that turns the references of a CSO into MVO ids; it writes down what is owed.

    What an MVO refers to already stays while that is in its grace period, though its object is gone.
    """

    def refer(flow: Flow, texts: list[str]) -> list[int]:
        found: set[int] = set()
        missing: list[Owed] = []
        kind = meant_type(page.step.workspace, cso, flow.copies or "")
        for text in texts:
            key = page.keys[cso.system, kind or cso.type, text]
            named = {mvo_id for of, mvo_id in page.known.get((cso.system, key), []) if kind in (None, of)}
            if len(named) == 1:
                found |= named
            else:
                owed = Owed(IN, cso.id, flow.copies or "", cso.system, key, told=_is_ignored(page, cso, flow))
                missing.append(owed)
        staying = sorted(set(mvo.attributes.get(flow.attribute, ())) & page.in_grace - found)[: len(missing)]
        if len(staying) < len(missing):
            page.owing.setdefault(cso.id, []).extend(missing)
        found.update(staying)
        return sorted(found)

    return refer


def meant_type(workspace: Workspace, cso: Cso, attribute: str) -> str | None:
    """Give the type that an attribute's references name, where the configuration says it."""
    types = workspace.config.systems[cso.system].objects if cso.system in workspace.config.systems else {}
    return types[cso.type].refers_to.get(attribute) if cso.type in types else None


def _is_ignored(page: SyncPage, cso: Cso, flow: Flow) -> bool:
    rules = page.step.workspace.rules.inbound[cso.system, cso.type]
    return not any(rule.tells_unresolved for rule in rules if flow in rule.flows)


async def owe(tx: Transaction, page: SyncPage) -> None:
    """Write down what the page's CSOs owe, and drop what is paid."""
    if page.owing:
        rows = {row[:5]: row for rows in page.owing.values() for row in rows}
        await references.replace_owed(tx, IN, page.owing, list(rows.values()))


async def keep_edges(tx: Transaction, step: Step, changes: list[tuple[Mvo, Mvo]]) -> None:
    """Keep the index of who refers to whom: of fifty thousand members, only those that come or go."""
    declared = step.workspace.config.metaverse
    gone: list[Edge] = []
    come: list[Edge] = []
    for old, new in changes:
        types = declared[new.type].attributes if new.type in declared else {}
        for name, kind in types.items():
            if kind.kind != "reference":
                continue
            before, after = set(old.attributes.get(name, ())), set(new.attributes.get(name, ()))
            gone += [Edge(new.id, name, target) for target in before - after]
            come += [Edge(new.id, name, target) for target in after - before]
    await references.change(tx, gone, come)
