"""Compile the rules of the configuration, once, into what the phases look up."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.config import Config, JoinPartConfig, RuleConfig
from engine.expressions import Expression, InvalidExpression, compile_condition, compile_flow, compile_text
from engine.matching_rules import MATCHINGS
from engine.rules.compiled import Flow, InboundRule, Join, JoinPart, ObjectType, OutboundRule, Rules
from engine.rules.generating import compile_groups, compile_unique, unique_key, unique_owners
from engine.values import AttributeType
from storage.documents import encode, fingerprint


class _Ends(NamedTuple):
    """How the attributes of a rule's two ends are typed."""

    source: Callable[[str], AttributeType]
    target: Callable[[str], AttributeType]
    declared: Iterable[str]
    """The attributes that the target's type declares."""


def compile_rules(config: Config) -> Rules:
    """Compile every rule. Raises `InvalidExpression` whose `where` is the path of the offending key."""
    rules = Rules()
    _compile_inbound(config, rules)
    _compile_priority(config, rules)
    _compile_outbound(config, rules)
    compile_unique(config, rules)
    compile_groups(config, rules)
    _collect_joins(rules)
    _collect_used(config, rules)
    _collect_matching(config, rules)
    _fingerprint(config, rules)
    return rules


def _compile_inbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.target.startswith("metaverse."):
            continue
        for key in ("provision", "dn", "initial", "disable"):
            if getattr(rule, key):
                raise _refusal(index, key, "belongs to rules from the metaverse")
        system, kind = rule.source.split(".", 1)
        mvo_type = rule.target.removeprefix("metaverse.")
        target = config.metaverse[mvo_type]
        ends = _Ends(config.systems[system].objects[kind].type_of, target.type_of, target.attributes)
        flows = _flows(index, "flow", rule.flow, ends)
        unknown = sorted(set(rule.asserts_empty) - {flow.attribute for flow in flows})
        if unknown:
            raise _refusal(index, "asserts_empty", f"'{unknown[0]}' is no attribute that the rule flows to")
        compiled = InboundRule(
            name=rule.name,
            source=(system, kind),
            mvo_type=mvo_type,
            scope=_optional(index, "scope", rule.scope, compile_condition),
            remains=rule.out_of_scope == "remain",
            joins=_joins(index, rule),
            project=rule.project,
            flows=flows,
            asserts_empty=frozenset(rule.asserts_empty),
            tells_unresolved=rule.unresolved == "report",
        )
        rules.inbound.setdefault((system, kind), []).append(compiled)
        rules.into.setdefault(mvo_type, []).append(compiled)


def _compile_priority(config: Config, rules: Rules) -> None:
    """Order, for each attribute, the rules that contribute it."""
    for mvo_type, settings in config.metaverse.items():
        into = rules.into.get(mvo_type, [])
        names = [rule.name for rule in into]
        for attribute, wanted in settings.priority.items():
            for name in wanted:
                if name not in names:
                    where = ("metaverse", mvo_type, "priority", attribute)
                    raise InvalidExpression(f"no rule into metaverse.{mvo_type} is called '{name}'", where)
        order: dict[str, list[tuple[InboundRule, Flow]]] = {}
        for rule in into:
            for flow in rule.flows:
                order.setdefault(flow.attribute, []).append((rule, flow))
        for attribute, contributors in order.items():
            first = settings.priority.get(attribute, [])
            rank = {name: position for position, name in enumerate(first)}
            contributors.sort(key=lambda one: rank.get(one[0].name, len(rank)))  # stable: the rest as in the file
        rules.priority[mvo_type] = order


def _compile_outbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.source.startswith("metaverse."):
            continue
        if rule.project or rule.asserts_empty:
            raise _refusal(index, "project" if rule.project else "asserts_empty", "belongs to rules into the metaverse")
        system, kind = rule.target.split(".", 1)
        mvo_type = rule.source.removeprefix("metaverse.")
        source = config.metaverse[mvo_type]
        target = config.systems[system].objects[kind]
        ends = _Ends(source.type_of, target.type_of, target.attributes)
        if bool(rule.disable) != (rule.deprovision == "disable"):
            raise _refusal(index, "disable", 'flows to disable with belong to deprovision = "disable", and it to them')
        compiled = OutboundRule(
            name=rule.name,
            mvo_type=mvo_type,
            target=(system, kind),
            scope=_optional(index, "scope", rule.scope, compile_condition),
            joins=_joins(index, rule),
            provision=rule.provision,
            deprovision=rule.deprovision,
            dn=_optional(index, "dn", rule.dn, compile_text),
            flows=_flows(index, "flow", rule.flow, ends),
            initial=_flows(index, "initial", rule.initial, ends),
            disable=_flows(index, "disable", rule.disable, ends),
            corrects=rule.drift == "correct",
            tells_unresolved=rule.unresolved == "report",
        )
        if rule.provision and compiled.dn is None and target.secondary_external_id:
            raise _refusal(index, "provision", f"provisioning to '{rule.target}' needs a dn")
        _check_outbound_names(index, compiled, filled_attributes(config, rules, mvo_type))
        rules.outbound.setdefault(mvo_type, {}).setdefault((system, kind), []).append(compiled)


def filled_attributes(config: Config, rules: Rules, mvo_type: str) -> set[str]:
    """Give the attributes that MVOs of a type can have: declared, flowed to, generated or computed."""
    flowed = {flow.attribute for rule in rules.into.get(mvo_type, []) for flow in rule.flows}
    settings = config.metaverse[mvo_type]
    computed = {name for group in config.groups if group.type == mvo_type for name in group.attributes}
    members = {group.attribute for group in config.groups if group.type == mvo_type}
    return flowed | set(settings.attributes) | set(settings.unique) | computed | members


def _check_outbound_names(index: int, rule: OutboundRule, known: set[str]) -> None:
    _check_names(index, "scope", [rule.scope], known, rule.mvo_type)
    _check_names(index, "dn", [rule.dn], known, rule.mvo_type)
    for table, flows in (("flow", rule.flows), ("initial", rule.initial), ("disable", rule.disable)):
        for flow in flows:
            _check_names(index, f"{table}.{flow.attribute}", [flow.expression], known, rule.mvo_type)


def _flows(index: int, table: str, written: Mapping[str, str], ends: _Ends) -> tuple[Flow, ...]:
    flows = []
    for attribute, source in written.items():
        expression = _compile(index, f"{table}.{attribute}", source, compile_flow)
        kind = ends.target(attribute)
        plain = expression.source.isidentifier() and expression.names == {expression.source}
        refers = kind.kind == "reference"
        for name in expression.names:
            if (ends.source(name).kind == "reference") != refers or (refers and not plain):
                known, other = (attribute, name) if refers else (name, attribute)
                problem = f"'{known}' is a reference, and flows only by its bare name, from reference to reference"
                raise _refusal(index, f"{table}.{attribute}", f"{problem}; '{other}' is {ends.source(name).kind}")
        if refers and not expression.names:
            raise _refusal(index, f"{table}.{attribute}", f"'{attribute}' is a reference, and takes no plain text")
        same_kind = plain and ends.source(expression.source).kind == kind.kind
        copies = expression.source if same_kind else None
        flows.append(Flow(attribute, kind, attribute in ends.declared, expression, copies, refers))
    return tuple(flows)


def _joins(index: int, rule: RuleConfig) -> tuple[Join, ...]:
    return tuple(_join(index, f"join.{position}", parts) for position, parts in enumerate(rule.join) if parts)


def _join(index: int, where: str, written: Iterable[str | JoinPartConfig]) -> Join:
    names, parts = [], []
    for one in written:
        part = JoinPartConfig(source=one) if isinstance(one, str) else one
        source, target = part.source or part.target or "", part.target or part.source or ""
        compiled = JoinPart(
            _compile(index, where, source, compile_flow),
            _compile(index, where, target, compile_flow),
            frozenset(part.ignore),
        )
        parts.append(compiled)
        names.append(" ".join([target, *(f"~{what}" for what in sorted(compiled.ignore))]))
    return Join("+".join(names), tuple(parts))


def _collect_joins(rules: Rules) -> None:
    """List the keys by which objects must be found: MVOs by inbound, target objects by outbound joins."""
    found: dict[str, dict[str, Join]] = {}
    for mvo_type, into in rules.into.items():
        for rule in into:
            found.setdefault(f"metaverse.{mvo_type}", {}).update({join.name: join for join in rule.joins})
    for targets in rules.outbound.values():
        for (system, kind), outbound in targets.items():
            for out in outbound:
                found.setdefault(f"{system}.{kind}", {}).update({join.name: join for join in out.joins})
    for mvo_type, generated in rules.unique.items():
        for unique in generated:
            for owner, attribute in unique_owners(mvo_type, unique):
                key = unique_key(attribute)
                found.setdefault(owner, {})[key.name] = key
    rules.joins = {owner: tuple(keys.values()) for owner, keys in found.items() if keys}


def _collect_used(config: Config, rules: Rules) -> None:
    used: dict[ObjectType, set[str]] = {}
    for name, system in config.systems.items():
        for kind, object_type in system.objects.items():
            used[name, kind] = {object_type.external_id, *object_type.attributes}
    for source, inbound in rules.inbound.items():
        for rule in inbound:
            used[source].update(rule.scope.names if rule.scope else ())
            flowed = {flow.attribute for flow in rule.flows}
            used[source].update(_read(rule.joins, "source") - flowed)
            for flow in rule.flows:
                used[source].update(flow.expression.names)
    rules.required = {kind: frozenset(names) for kind, names in used.items()}
    for targets in rules.outbound.values():
        for target, outbound in targets.items():
            for out in outbound:
                used[target].update(flow.attribute for flow in (*out.flows, *out.initial, *out.disable))
                used[target].update(_read(out.joins, "target"))
    for generated in rules.unique.values():
        for unique in generated:
            for target, attribute in unique.check:
                used[target].add(attribute)
    rules.used = {kind: frozenset(names) for kind, names in used.items()}


def _collect_matching(config: Config, rules: Rules) -> None:
    for name, system in config.systems.items():
        for kind, settings in system.objects.items():
            has_dns = (settings.secondary_external_id or "").lower() == "dn"
            refers = {one: "dn" for one, of in settings.attributes.items() if of.kind == "reference" and has_dns}
            rules.matching[name, kind] = {one: MATCHINGS[how] for one, how in (refers | settings.matching).items()}


def _read(joins: Iterable[Join], side: str) -> set[str]:
    return {name for join in joins for part in join.parts for name in getattr(part, side).names}


def _fingerprint(config: Config, rules: Rules) -> None:
    texts: dict[str, list[str]] = {}
    for written in config.rules:
        outbound = written.source.startswith("metaverse.")
        scope = f"out {written.source.removeprefix('metaverse.')}" if outbound else f"in {written.source}"
        texts.setdefault(scope, []).append(written.model_dump_json())
        if outbound:
            system, kind = written.target.split(".", 1)
            target = config.systems[system].objects[kind]
            texts[scope].append(encode([str(target.matching), {a: str(t) for a, t in target.attributes.items()}]))
    for mvo_type, into in rules.into.items():
        shape = config.metaverse[mvo_type].model_dump_json() + encode([rule.name for rule in into])
        for rule in into:
            texts[f"in {rule.source[0]}.{rule.source[1]}"].append(shape)
    rules.fingerprints = {scope: fingerprint(*parts).hex() for scope, parts in texts.items()}
    for (system, kind), inbound in rules.inbound.items():
        read = [one for rule in inbound for one in (rule.scope, *(flow.expression for flow in rule.flows))]
        rules.clocks[f"in {system}.{kind}"] = _clock(read)
    for mvo_type, targets in rules.outbound.items():
        every = [rule for found in targets.values() for rule in found]
        read = [one for rule in every for one in (rule.scope, rule.dn)]
        read += [flow.expression for rule in every for flow in (*rule.flows, *rule.disable)]
        rules.clocks[f"out {mvo_type}"] = _clock(read)


def _clock(expressions: Iterable[Expression | None]) -> str:
    """Give the finest clock that some expressions read: `now`, `today` or none."""
    read = {expression.clock for expression in expressions if expression is not None}
    return next((clock for clock in ("now", "today") if clock in read), "")


def _optional(index: int, key: str, source: str | None, compiler: Callable[[str], Expression]) -> Expression | None:
    return None if source is None else _compile(index, key, source, compiler)


def _compile(index: int, key: str, source: str, compiler: Callable[[str], Expression]) -> Expression:
    try:
        return compiler(source)
    except InvalidExpression as error:
        raise _refusal(index, key, str(error)) from error


def _check_names(
    index: int, key: str, expressions: Iterable[Expression | None], known: set[str], mvo_type: str
) -> None:
    for expression in expressions:
        unknown = sorted(expression.names - known) if expression else []
        if unknown:
            problem = f"'{unknown[0]}' is neither declared in [metaverse.{mvo_type}] nor filled by any rule"
            raise _refusal(index, key, problem)


def _refusal(index: int, key: str, message: str) -> InvalidExpression:
    return InvalidExpression(message, ("rules", index, *key.split(".", 1)))
