"""Compile the rules of the configuration, once, into what the phases look up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.config import Config, RuleConfig
from engine.expressions import Expression, InvalidExpression, compile_condition, compile_flow, compile_text
from engine.values import AttributeType
from storage.documents import encode, fingerprint

ObjectType = tuple[str, str]
"""A system and a type in it."""
JoinNames = tuple[str, ...]
"""The attributes of one, perhaps composite, join key."""


@dataclass(slots=True, frozen=True)
class Flow:
    """One attribute flow: what is computed, and the type it becomes."""

    attribute: str
    type: AttributeType
    declared: bool
    expression: Expression
    copies: str | None
    """The source attribute, where all that is done is to copy its values unchanged."""


@dataclass(slots=True, frozen=True)
class InboundRule:
    """A rule from a system's object type into the metaverse."""

    name: str
    source: ObjectType
    mvo_type: str
    scope: Expression | None
    joins: tuple[JoinNames, ...]
    project: bool
    flows: tuple[Flow, ...]


@dataclass(slots=True, frozen=True)
class OutboundRule:
    """A rule from the metaverse to a system's object type."""

    name: str
    mvo_type: str
    target: ObjectType
    scope: Expression | None
    joins: tuple[JoinNames, ...]
    provision: bool
    deprovision: str
    dn: Expression | None
    flows: tuple[Flow, ...]


@dataclass(slots=True)
class Rules:
    """All rules, by what they start from and lead to, in the order of the file: their priority."""

    inbound: dict[ObjectType, list[InboundRule]] = field(default_factory=dict)
    into: dict[str, list[InboundRule]] = field(default_factory=dict)
    """MVO type → its inbound rules."""
    outbound: dict[str, dict[ObjectType, list[OutboundRule]]] = field(default_factory=dict)
    """MVO type → target → the rules to it."""
    joins: dict[str, tuple[JoinNames, ...]] = field(default_factory=dict)
    """Owner of join keys (`metaverse.TYPE` or `SYSTEM.TYPE`) → the keys its objects are indexed by."""
    used: dict[ObjectType, frozenset[str]] = field(default_factory=dict)
    """System type → the attributes that the configuration uses of it."""
    required: dict[ObjectType, frozenset[str]] = field(default_factory=dict)
    """System type → those of them that come in: without them nothing can be synchronised."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Scope (`in SYSTEM.TYPE` or `out TYPE`) → a hash of everything that decides what its rules do."""

    def target_types(self) -> set[ObjectType]:
        """Give every system type that the metaverse is exported to."""
        return {target for targets in self.outbound.values() for target in targets}


def compile_rules(config: Config) -> Rules:
    """Compile every rule. Raises `InvalidExpression` whose `where` is the path of the offending key."""
    rules = Rules()
    _compile_inbound(config, rules)
    _compile_outbound(config, rules)
    _collect_joins(rules)
    _collect_used(config, rules)
    _fingerprint(config, rules)
    return rules


def _compile_inbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.target.startswith("metaverse."):
            continue
        if rule.provision or rule.dn:
            raise _refusal(index, "provision" if rule.provision else "dn", "belongs to rules from the metaverse")
        system, kind = rule.source.split(".", 1)
        mvo_type = rule.target.removeprefix("metaverse.")
        target = config.metaverse[mvo_type]
        source = config.systems[system].objects[kind]
        flows = _flows(index, rule, source.type_of, target.type_of, target.attributes)
        scope = _optional(index, "scope", rule.scope, compile_condition)
        compiled = InboundRule(rule.name, (system, kind), mvo_type, scope, _joins(rule), rule.project, flows)
        rules.inbound.setdefault((system, kind), []).append(compiled)
        rules.into.setdefault(mvo_type, []).append(compiled)


def _compile_outbound(config: Config, rules: Rules) -> None:
    for index, rule in enumerate(config.rules):
        if not rule.source.startswith("metaverse."):
            continue
        if rule.project:
            raise _refusal(index, "project", "belongs to rules into the metaverse")
        system, kind = rule.target.split(".", 1)
        mvo_type = rule.source.removeprefix("metaverse.")
        source = config.metaverse[mvo_type]
        target = config.systems[system].objects[kind]
        flows = _flows(index, rule, source.type_of, target.type_of, target.attributes)
        scope = _optional(index, "scope", rule.scope, compile_condition)
        dn = _optional(index, "dn", rule.dn, compile_text)
        if rule.provision and dn is None and target.secondary_external_id:
            raise _refusal(index, "provision", f"provisioning to '{rule.target}' needs a dn")
        known = {flow.attribute for one in rules.into.get(mvo_type, []) for flow in one.flows} | set(source.attributes)
        _check_names(index, "scope", [scope], known, mvo_type)
        _check_names(index, "dn", [dn], known, mvo_type)
        for flow in flows:
            _check_names(index, f"flow.{flow.attribute}", [flow.expression], known, mvo_type)
        compiled = OutboundRule(
            rule.name,
            mvo_type,
            (system, kind),
            scope,
            _joins(rule),
            rule.provision,
            rule.deprovision,
            dn,
            flows,
        )
        rules.outbound.setdefault(mvo_type, {}).setdefault((system, kind), []).append(compiled)


def _flows(
    index: int,
    rule: RuleConfig,
    source_type: Callable[[str], AttributeType],
    target_type: Callable[[str], AttributeType],
    declared: Iterable[str],
) -> tuple[Flow, ...]:
    flows = []
    for attribute, source in rule.flow.items():
        expression = _compile(index, f"flow.{attribute}", source, compile_flow)
        kind = target_type(attribute)
        for name in (attribute, *expression.names):
            if "reference" in (target_type(name).kind, source_type(name).kind):
                raise _refusal(index, f"flow.{attribute}", f"'{name}' is a reference, and references cannot flow yet")
        plain = expression.source.isidentifier() and expression.names == {expression.source}
        same_kind = plain and source_type(expression.source).kind == kind.kind
        copies = expression.source if same_kind else None
        flows.append(Flow(attribute, kind, attribute in declared, expression, copies))
    return tuple(flows)


def _joins(rule: RuleConfig) -> tuple[JoinNames, ...]:
    return tuple(tuple(names) for names in rule.join)


def _collect_joins(rules: Rules) -> None:
    """List the keys by which objects must be found: MVOs by inbound, target objects by outbound joins."""
    found: dict[str, dict[JoinNames, None]] = {}
    for mvo_type, into in rules.into.items():
        for rule in into:
            found.setdefault(f"metaverse.{mvo_type}", {}).update(dict.fromkeys(rule.joins))
    for targets in rules.outbound.values():
        for (system, kind), outbound in targets.items():
            for out in outbound:
                found.setdefault(f"{system}.{kind}", {}).update(dict.fromkeys(out.joins))
    rules.joins = {owner: tuple(keys) for owner, keys in found.items() if keys}


def _collect_used(config: Config, rules: Rules) -> None:
    used: dict[ObjectType, set[str]] = {}
    for name, system in config.systems.items():
        for kind, object_type in system.objects.items():
            used[name, kind] = {object_type.external_id, *object_type.attributes}
    for source, inbound in rules.inbound.items():
        for rule in inbound:
            used[source].update(rule.scope.names if rule.scope else ())
            flowed = {flow.attribute for flow in rule.flows}
            used[source].update(name for keys in rule.joins for name in keys if name not in flowed)
            for flow in rule.flows:
                used[source].update(flow.expression.names)
    rules.required = {kind: frozenset(names) for kind, names in used.items()}
    for targets in rules.outbound.values():
        for target, outbound in targets.items():
            for out in outbound:
                used[target].update(flow.attribute for flow in out.flows)
                used[target].update(name for keys in out.joins for name in keys)
    rules.used = {kind: frozenset(names) for kind, names in used.items()}


def _fingerprint(config: Config, rules: Rules) -> None:
    texts: dict[str, list[str]] = {}
    for written in config.rules:
        outbound = written.source.startswith("metaverse.")
        scope = f"out {written.source.removeprefix('metaverse.')}" if outbound else f"in {written.source}"
        texts.setdefault(scope, []).append(written.model_dump_json())
    for mvo_type, into in rules.into.items():
        shape = config.metaverse[mvo_type].model_dump_json() + encode([rule.name for rule in into])
        for rule in into:
            texts[f"in {rule.source[0]}.{rule.source[1]}"].append(shape)
    rules.fingerprints = {scope: fingerprint(*parts).hex() for scope, parts in texts.items()}


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
