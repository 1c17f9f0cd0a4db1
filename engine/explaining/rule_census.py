"""How many objects are in the scope of each rule, by the objects that there are now."""

from collections import defaultdict
from typing import NamedTuple

from engine.contributions.everybody import METAVERSE, pages_of
from engine.errors import ObjectFailed
from engine.rules.compiled import InboundRule, OutboundRule
from engine.rules.flows import context_of
from engine.workspace import Workspace
from storage.records import CsoStatus, Mvo
from storage.store import Transaction

PAGE = 5_000
AnyRule = InboundRule | OutboundRule


class Census(NamedTuple):
    """How many of the objects that a rule reads are in its scope, are not, or could not be asked."""

    inside: int
    outside: int
    failed: int


def by_source(workspace: Workspace) -> dict[tuple[str, str], list[AnyRule]]:
    """Give the rules that read each type of objects: (system or `metaverse`, type) → rules."""
    found: dict[tuple[str, str], list[AnyRule]] = defaultdict(list)
    for source, inbound in workspace.rules.inbound.items():
        found[source] += inbound
    for mvo_type, targets in workspace.rules.outbound.items():
        for outbound in targets.values():
            found[METAVERSE, mvo_type] += outbound
    return found


async def census(tx: Transaction, workspace: Workspace) -> dict[str, Census]:
    """Count, for each rule by its name, in one pass over the objects of each type."""
    counted: dict[str, list[int]] = {}
    for (place, kind), rules in by_source(workspace).items():
        for rule in rules:
            counted[rule.name] = [0, 0, 0]
        declared = workspace.declared_mvo(kind) if place == METAVERSE else workspace.declared(place, kind)
        clocks = {_clock_of(rule): workspace.around(_clock_of(rule)) for rule in rules}
        async for page in pages_of(tx, place, kind, PAGE):
            for one in page:
                if one.deleted if isinstance(one, Mvo) else one.status != CsoStatus.NORMAL:
                    continue
                contexts = {system: context_of(one.attributes, declared, around) for system, around in clocks.items()}
                for rule in rules:
                    counted[rule.name][_place_in(rule, contexts[_clock_of(rule)])] += 1
    return {name: Census(*counts) for name, counts in counted.items()}


def _clock_of(rule: AnyRule) -> str:
    """Name the system whose clock a rule goes by: the one that is not the metaverse."""
    return rule.source[0] if isinstance(rule, InboundRule) else rule.target[0]


def _place_in(rule: AnyRule, context: dict[str, object]) -> int:
    """Say where an object stands: 0 in the scope, 1 outside, 2 where that could not be said."""
    try:
        return 0 if rule.scope is None or rule.scope(context) else 1
    except ObjectFailed:
        return 2
