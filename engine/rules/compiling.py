"""Compile the rules of the configuration, once, into what the phases look up."""

from dataclasses import replace

from engine.configuration.models import Config
from engine.configuration.rule_models import RuleConfig
from engine.expressions.expression import Expression, InvalidExpression, compile_condition, compile_text
from engine.rules.compiled import Flow, InboundRule, ObjectType, OutboundRule, Rules
from engine.rules.flow_compiling import INBOUND, OUTBOUND, compile_flows, compile_flows_with_options
from engine.rules.generated import attributes_of_all, compile_groups, compile_unique, filled_attributes
from engine.rules.join_compiling import compile_joins
from engine.rules.leaving_compiling import collect_leaving, compile_leaving_from, compile_stages
from engine.rules.lookups import collect
from engine.rules.preferring import Preferences
from engine.rules.priorities import order_inbound, order_outbound
from engine.rules.readable import Side, Where, read, refuse_truth_of_text, side_of_metaverse, side_of_system


def compile_rules(config: Config) -> Rules:
    """Compile every rule. Raises `InvalidExpression` whose `where` is the path of the offending key."""
    rules = Rules(several=_with_several(config))
    _compile_inbound(config, rules)
    order_inbound(config, rules)
    _compile_outbound(config, rules)
    order_outbound(config, rules)
    collect_leaving(config, rules)
    compile_unique(config, rules)
    compile_groups(config, rules)
    _check_inbound_joins(config, rules)
    collect(config, rules)
    return rules


def _with_several(config: Config) -> frozenset[ObjectType]:
    """Give the types of which a person may have several objects."""
    types = {(name, kind): one for name, system in config.systems.items() for kind, one in system.objects.items()}
    return frozenset(kind for kind, settings in types.items() if settings.joins == "many")


def _compile_inbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.target.startswith("metaverse."):
            continue
        for key in ("provision", "dn", "initial", "disable", "leaving", "leaving_from"):
            if getattr(rule, key):
                raise _refusal(index, key, "belongs to rules from the metaverse")
        system, kind = rule.source.split(".", 1)
        mvo_type = rule.target.removeprefix("metaverse.")
        where: Where = ("rules", index)
        source = side_of_system(config, system, kind)
        target = side_of_metaverse(config, mvo_type, ())
        flows = _with_preferences(
            (*where, "prefer"),
            rule,
            Preferences(config, system, kind, source),
            compile_flows_with_options((*where, "flow"), rule.flow, source, target, INBOUND),
        )
        _refuse_joins_by_rows(index, rule, flows)
        unknown = sorted(set(rule.asserts_empty) - {flow.attribute for flow in flows})
        if unknown:
            raise _refusal(index, "asserts_empty", f"'{unknown[0]}' is no attribute that the rule flows to")
        compiled = InboundRule(
            name=rule.name,
            source=(system, kind),
            mvo_type=mvo_type,
            scope=_condition((*where, "scope"), rule.scope, source),
            remains=rule.out_of_scope == "remain",
            joins=compile_joins(index, rule, source, target._replace(is_closed=False)),
            project=rule.project,
            flows=flows,
            asserts_empty=frozenset(rule.asserts_empty),
            tells_unresolved=rule.unresolved == "report",
        )
        rules.inbound.setdefault((system, kind), []).append(compiled)
        rules.into.setdefault(mvo_type, []).append(compiled)


def _refuse_joins_by_rows(index: int, rule: RuleConfig, flows: tuple[Flow, ...]) -> None:
    """Refuse a join by what a flow makes of all rows: each row finds its person by itself."""
    made = {flow.attribute for flow in flows if flow.expression.is_of_rows}
    for position, parts in enumerate(rule.join):
        for part in parts:
            if (looks := part.source or part.target) in made:
                problem = f"'{looks}' is made of all rows, and each row looks for its person by itself"
                raise _refusal(index, "join", f"{problem}; give the join a source of the row", position)


def _with_preferences(
    where: Where, rule: RuleConfig, compiled: Preferences, flows: tuple[Flow, ...]
) -> tuple[Flow, ...]:
    """Give flows with which row each prefers: as it says itself, or as its rule does."""
    usual = compiled(where, rule.prefer)
    found = []
    for flow in flows:
        own = rule.flow[flow.attribute].prefer
        special = None if own is None else compiled((*where[:-1], "flow", flow.attribute, "prefer"), own)
        found.append(replace(flow, prefer=special or usual))
    return tuple(found)


def _compile_outbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.source.startswith("metaverse."):
            continue
        for key in ("project", "asserts_empty", "prefer"):
            if getattr(rule, key):
                raise _refusal(index, key, "belongs to rules into the metaverse")
        system, kind = rule.target.split(".", 1)
        mvo_type = rule.source.removeprefix("metaverse.")
        where: Where = ("rules", index)
        source = side_of_metaverse(config, mvo_type, filled_attributes(config, rules, mvo_type))
        flowing = source._replace(beyond=attributes_of_all(config, rules))
        target = side_of_system(config, system, kind)
        compiled = OutboundRule(
            name=rule.name,
            mvo_type=mvo_type,
            target=(system, kind),
            scope=_condition((*where, "scope"), rule.scope, source),
            joins=compile_joins(index, rule, source, target),
            provision=rule.provision,
            stages=compile_stages(index, rule, source, target),
            is_staged=bool(rule.leaving),
            leaving_from=compile_leaving_from(index, rule, source),
            dn=None if rule.dn is None else read((*where, "dn"), rule.dn, compile_text, source),
            flows=compile_flows_with_options((*where, "flow"), rule.flow, flowing, target, OUTBOUND),
            initial=compile_flows((*where, "initial"), rule.initial, flowing, target),
            disable=compile_flows((*where, "disable"), rule.disable, flowing, target),
            corrects=rule.drift == "correct",
            tells_unresolved=rule.unresolved == "report",
        )
        if rule.provision and compiled.dn is None and config.systems[system].objects[kind].secondary_external_id:
            raise _refusal(index, "provision", f"provisioning to '{rule.target}' needs a dn")
        rules.outbound.setdefault(mvo_type, {}).setdefault((system, kind), []).append(compiled)


def _condition(where: Where, written: str | None, side: Side) -> Expression | None:
    if written is None:
        return None
    condition = read(where, written, compile_condition, side)
    refuse_truth_of_text(where, condition, side)
    return condition


def _check_inbound_joins(config: Config, rules: Rules) -> None:
    """Refuse a join that looks in the metaverse for what no rule fills there."""
    for index, rule in enumerate(config.rules):
        if not rule.target.startswith("metaverse."):
            continue
        mvo_type = rule.target.removeprefix("metaverse.")
        system, kind = rule.source.split(".", 1)
        target = side_of_metaverse(config, mvo_type, filled_attributes(config, rules, mvo_type))
        compile_joins(index, rule, side_of_system(config, system, kind), target)


def _refusal(index: int, key: str, message: str, *below: int) -> InvalidExpression:
    return InvalidExpression(message, ("rules", index, *key.split(".", 1), *below))
