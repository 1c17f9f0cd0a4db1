"""Which attributes of a target two rules flow to, and nothing says whose word counts."""

from collections.abc import Iterator

from engine.connectors.base import CheckLine
from engine.expressions.sources import as_key, toml
from engine.rules.compiled import Flow, OutboundRule
from engine.workspace import Workspace


def conflict_lines(workspace: Workspace, system: str) -> Iterator[CheckLine]:
    """Name the outbound rules that flow to one attribute without a priority, those of the same attributes together."""
    for targets in workspace.rules.outflows.values():
        for (name, kind), flows in targets.items():
            if name == system:
                priority = workspace.object_type(system, kind).priority
                for rules, attributes in _shared(flows, priority).items():
                    yield CheckLine(True, "rules", _told(f"systems.{system}.objects.{kind}", rules, attributes))


def _shared(flows: list[tuple[OutboundRule, Flow]], priority: dict[str, list[str]]) -> dict[tuple[str, ...], list[str]]:
    """Give the attributes that several rules flow to and no priority orders: rules → attributes."""
    order: dict[str, list[str]] = {}
    for rule, flow in flows:
        order.setdefault(flow.attribute, []).append(rule.name)
    shared: dict[tuple[str, ...], list[str]] = {}
    for attribute, names in order.items():
        if len(set(names) - set(priority.get(attribute, []))) > 1:
            shared.setdefault(tuple(names), []).append(attribute)
    return shared


def _told(table: str, rules: tuple[str, ...], attributes: list[str]) -> str:
    several = " and ".join(f"'{one}'" for one in rules)
    written = f"{as_key(attributes[0])} = [{', '.join(map(toml, rules))}]"
    return (
        f"{', '.join(attributes)}: {several} flow to it, and where both are in scope '{rules[0]}' goes first, as "
        f"in the file; [{table}.priority] {written} would say so"
    )
