"""Which rule goes before which: the order of those that flow into one attribute, inbound and outbound."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from engine.configuration.models import Config
from engine.expressions.expression import InvalidExpression
from engine.expressions.sources import did_you_mean
from engine.rules.compiled import Flow, InboundRule, OutboundRule, Rules
from engine.rules.readable import Where

Rule = TypeVar("Rule", InboundRule, OutboundRule)
Wanted = Mapping[str, list[str]]
"""Attribute → names of rules, the strongest first, as the file says it."""


def order_inbound(config: Config, rules: Rules) -> None:
    """Order, for each attribute of the metaverse, the rules that contribute it. Raises `InvalidExpression`."""
    for mvo_type, settings in config.metaverse.items():
        where = ("metaverse", mvo_type, "priority")
        order = _ordered(where, rules.into.get(mvo_type, []), settings.priority, f"into metaverse.{mvo_type}")
        _check_merging(config, order)
        rules.priority[mvo_type] = order


def order_outbound(config: Config, rules: Rules) -> None:
    """Order, for each attribute of a target, the rules that flow to it. Raises `InvalidExpression`."""
    told: dict[tuple[str, str], list[OutboundRule]] = {}
    for targets in rules.outbound.values():
        for target, outbound in targets.items():
            told.setdefault(target, []).extend(outbound)
    for system, settings in config.systems.items():
        for kind, one in settings.objects.items():
            where = ("systems", system, "objects", kind, "priority")
            _ordered(where, told.get((system, kind), []), one.priority, f"to {system}.{kind}")
    for mvo_type, targets in rules.outbound.items():
        for (system, kind), outbound in targets.items():
            wanted = config.systems[system].objects[kind].priority
            flows = _by_attribute(outbound, wanted)
            ordered = [contender for contenders in flows.values() for contender in contenders]
            rules.outflows.setdefault(mvo_type, {})[system, kind] = ordered
            if special := [flow for _, flow in ordered if flow.is_silent or flow.shares]:
                rules.giving_way[mvo_type, (system, kind)] = special


def _ordered(where: Where, found: list[Rule], wanted: Wanted, ends: str) -> dict[str, list[tuple[Rule, Flow]]]:
    """Give for each attribute the rules that flow into it, in their order. Raises `InvalidExpression`."""
    names = [rule.name for rule in found]
    for attribute, first in wanted.items():
        for name in first:
            if name not in names:
                raise InvalidExpression(f"no rule {ends} is called '{name}'", (*where, attribute))
    order = _by_attribute(found, wanted)
    for attribute in wanted:
        if attribute not in order:
            raise InvalidExpression(
                f"no rule flows into '{attribute}'{did_you_mean(attribute, order)}", (*where, attribute)
            )
    return order


def _by_attribute(found: Iterable[Rule], wanted: Wanted) -> dict[str, list[tuple[Rule, Flow]]]:
    order: dict[str, list[tuple[Rule, Flow]]] = {}
    for rule in found:
        for flow in rule.flows:
            order.setdefault(flow.attribute, []).append((rule, flow))
    for attribute, contributors in order.items():
        first = wanted.get(attribute, [])
        rank = {name: position for position, name in enumerate(first)}
        contributors.sort(key=lambda one: rank.get(one[0].name, len(rank)))  # stable: the rest as in the file
    return order


def _check_merging(config: Config, order: Mapping[str, list[tuple[InboundRule, Flow]]]) -> None:
    """Refuse an attribute whose values some rules merge and others do not: nobody could say whose they are."""
    index = {rule.name: position for position, rule in enumerate(config.rules)}
    for attribute, contributors in order.items():
        merging = [rule for rule, flow in contributors if flow.merges]
        for rule, flow in contributors:
            if merging and not flow.merges:
                problem = f"rule '{merging[0].name}' merges its values into '{attribute}', and this one does not"
                where = ("rules", index[rule.name], "flow", attribute)
                raise InvalidExpression(f"{problem}: say merge = true here, too, or nowhere", where)
            if flow.merges and attribute in rule.asserts_empty:
                problem = f"'{attribute}' is merged, and empty of itself"
                raise InvalidExpression(problem, ("rules", index[rule.name], "asserts_empty"))
