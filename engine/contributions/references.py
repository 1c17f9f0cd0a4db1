"""References: what an object names becomes the MVO that this is joined to; what is not there yet is owed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from engine.configuration import external_ids
from engine.rules.compiled import Flow
from engine.values.typed import InvalidValue
from engine.workspace import Workspace
from storage import metaverse, references
from storage.records import Cso, Mvo
from storage.references import IN, Owed
from storage.store import Transaction


class Resolved(NamedTuple):
    """What the references of one flow name: MVO ids in order, and what is owed."""

    mvo_ids: list[int]
    owed: list[Owed]


@dataclass(slots=True, frozen=True)
class References:
    """What the references of some CSOs name, as it was read for all of them."""

    workspace: Workspace
    keys: dict[tuple[str, str, str], str]
    """(System, type whose ids are read so, what a reference says) → the id or DN by which it is looked up."""
    named: dict[tuple[str, str], list[tuple[str, int]]]
    """(System, key of a reference) → the objects that this names: their types and MVOs."""
    in_grace: set[int]
    """MVOs in their grace period: who refers to them goes on doing so."""
    referring: frozenset[int]
    """The CSOs of which rules take references: whatever they owed before, and do not any more, is dropped."""

    def resolve(self, flow: Flow, cso: Cso, mvo: Mvo) -> Resolved:
        """Turn the references of a flow into MVOs.

        What an MVO refers to already stays while that is in its grace period, though its object is gone.
        """
        attribute = flow.copies or ""
        kind = meant_type(self.workspace, cso, attribute)
        found: set[int] = set()
        missing: list[Owed] = []
        for text in cso.attributes.get(attribute, ()):
            key = self.keys[cso.system, kind or cso.type, text]
            named = {mvo_id for of, mvo_id in self.named.get((cso.system, key), []) if kind in (None, of)}
            if len(named) == 1:
                found |= named
            else:
                missing.append(
                    Owed(IN, cso.id, attribute, cso.system, key, told=_is_ignored(self.workspace, cso, flow))
                )
        staying = sorted(set(mvo.attributes.get(flow.attribute, ())) & self.in_grace - found)[: len(missing)]
        return Resolved(sorted(found.union(staying)), missing if len(staying) < len(missing) else [])


async def read_references(tx: Transaction, workspace: Workspace, csos: Iterable[Cso]) -> References:
    """Look up everything that the references of some CSOs name: of each system all ids at once, and all DNs."""
    keys: dict[tuple[str, str, str], str] = {}
    with_dns = {system: _type_with_dns(workspace, system) for system in workspace.config.systems}
    wanted: dict[str, dict[bool, set[str]]] = {}
    referring: set[int] = set()
    for cso in csos:
        for attribute in _referring_attributes(workspace, cso):
            referring.add(cso.id)
            kind = meant_type(workspace, cso, attribute) or cso.type
            for text in cso.attributes.get(attribute, ()):
                if (cso.system, kind, text) not in keys:
                    by_dn, key = _reference_key(workspace, cso.system, with_dns.get(cso.system), kind, text)
                    keys[cso.system, kind, text] = key
                    wanted.setdefault(cso.system, {}).setdefault(by_dn, set()).add(key)
    named: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for system, sides in wanted.items():
        types = list(workspace.config.systems[system].objects) if system in workspace.config.systems else []
        for by_dn, own in sides.items():
            found = await references.joined_objects(tx, system, types, own, by_secondary=by_dn)
            named |= {(system, key): joined for key, joined in found.items()}
    in_grace = await metaverse.ids_in_grace(tx) if referring else set()
    return References(workspace, keys, named, in_grace, frozenset(referring))


def _type_with_dns(workspace: Workspace, system: str) -> str | None:
    return next((kind for kind in workspace.config.systems[system].objects if workspace.is_dn(system, kind)), None)


def _reference_key(workspace: Workspace, system: str, with_dns: str | None, kind: str, text: str) -> tuple[bool, str]:
    """Give whether a reference is a DN, which only a type that has DNs can tell, and what it is looked up by.

    An id is read as those of a type are: `007` names 7 where they are integers.
    """
    if "=" in text and with_dns is not None:
        return True, workspace.secondary_key(system, with_dns, text) or text
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


def meant_type(workspace: Workspace, cso: Cso, attribute: str) -> str | None:
    """Give the type that an attribute's references name, where the configuration says it."""
    types = workspace.config.systems[cso.system].objects if cso.system in workspace.config.systems else {}
    return types[cso.type].refers_to.get(attribute) if cso.type in types else None


def _is_ignored(workspace: Workspace, cso: Cso, flow: Flow) -> bool:
    rules = workspace.rules.inbound[cso.system, cso.type]
    return not any(rule.tells_unresolved for rule in rules if flow in rule.flows)
