"""Collect from the compiled rules what the phases look up: keys, used attributes, matching, fingerprints, clocks."""

from collections.abc import Iterable, Iterator

from engine.configuration.models import Config, ObjectTypeConfig
from engine.expressions.expression import Expression
from engine.expressions.tables import Source, Tables
from engine.rules import marks
from engine.rules.compiled import InboundRule, Join, ObjectType, OutboundRule, Rules
from engine.rules.generated import unique_key, unique_owners
from engine.values.matching_rules import MATCHINGS
from storage import key_owners
from storage.documents import encode, fingerprint


def collect(config: Config, rules: Rules) -> None:
    """Fill in what follows from the rules."""
    _collect_joins(rules)
    _collect_used(config, rules)
    _collect_matching(config, rules)
    _fingerprint(config, rules)
    _collect_clocks(rules)
    _collect_tables(config, rules)
    _collect_followed(config, rules)


def _collect_joins(rules: Rules) -> None:
    """List the keys by which objects must be found: MVOs by inbound, target objects by outbound joins."""
    found: dict[str, dict[str, Join]] = {}
    for mvo_type, into in rules.into.items():
        for rule in into:
            found.setdefault(key_owners.of_metaverse(mvo_type), {}).update({join.name: join for join in rule.joins})
    for targets in rules.outbound.values():
        for (system, kind), outbound in targets.items():
            for out in outbound:
                found.setdefault(key_owners.of_system(system, kind), {}).update({join.name: join for join in out.joins})
    for mvo_type, generated in rules.unique.items():
        for unique in generated:
            for owner, attribute in unique_owners(mvo_type, unique):
                key = unique_key(attribute)
                found.setdefault(owner, {})[key.name] = key
    rules.joins = {owner: tuple(keys.values()) for owner, keys in found.items() if keys}


def _collect_used(config: Config, rules: Rules) -> None:
    used: dict[ObjectType, set[str]] = {
        (name, kind): _declared(settings)
        for name, system in config.systems.items()
        for kind, settings in system.objects.items()
    }
    for source, inbound in rules.inbound.items():
        for rule in inbound:
            used[source] |= _read_by(rule)
    rules.required = {kind: frozenset(names) for kind, names in used.items()}
    for targets in rules.outbound.values():
        for target, outbound in targets.items():
            for out in outbound:
                used[target] |= _written_by(out) | _read(out.joins, "target")
    for generated in rules.unique.values():
        for unique in generated:
            for target, attribute in unique.check:
                used[target].add(attribute)
    rules.used = {kind: frozenset(names) for kind, names in used.items()}


def _declared(settings: ObjectTypeConfig) -> set[str]:
    """Give what the configuration itself says of a type: its id, its attributes, and what tells people apart."""
    tell_apart = {one for group in settings.same_person for one in group}
    former = set() if settings.previous_id is None else {settings.previous_id}
    return {settings.external_id, *settings.attributes} | tell_apart | former


def _read_by(rule: InboundRule) -> set[str]:
    """Give what a rule reads of the objects of its source."""
    read = {name for flow in rule.flows for name in flow.expression.names | flow.expression.reads.of_rows}
    read |= {name for one in _preferred_by(rule) for name in one.names}
    if rule.scope:
        read |= rule.scope.names
    return read | _looked_for(rule)


def _preferred_by(rule: InboundRule) -> list[Expression]:
    """Give by what a rule puts the rows of a person in order, each once."""
    preferences = {id(flow.prefer): flow.prefer for flow in rule.flows}
    return [key.expression for one in preferences.values() if one is not None for key in one.keys]


def _written_by(rule: OutboundRule) -> set[str]:
    """Give what a rule writes to the objects of its target."""
    return {flow.attribute for flow in (*rule.flows, *rule.initial, *rule.disable)}


def _collect_matching(config: Config, rules: Rules) -> None:
    for name, system in config.systems.items():
        for kind, settings in system.objects.items():
            has_dns = (settings.secondary_external_id or "").lower() == "dn"
            refers = {one: "dn" for one, of in settings.attributes.items() if of.kind == "reference" and has_dns}
            rules.matching[name, kind] = {one: MATCHINGS[how] for one, how in (refers | settings.matching).items()}


def _looked_for(rule: InboundRule) -> set[str]:
    """Give what the joins of a rule read of its objects; a bare name may stand for what a flow makes."""
    flowed = {flow.attribute for flow in rule.flows}
    parts = [part.source for join in rule.joins for part in join.parts]
    return {name for part in parts for name in part.names if not (part.is_bare and name in flowed)}


def _read(joins: Iterable[Join], side: str) -> set[str]:
    return {name for join in joins for part in join.parts for name in getattr(part, side).names}


def _fingerprint(config: Config, rules: Rules) -> None:
    texts: dict[str, list[str]] = {}
    for written in config.rules:
        outbound = written.source.startswith("metaverse.")
        place, read = written.source.split(".", 1)
        scope = marks.outbound(read) if outbound else marks.inbound(place, read)
        unsaid = {"prefer"} if written.prefer is None else None
        own = texts.setdefault(scope, [])
        own.append(written.model_dump_json(exclude=unsaid))
        if not outbound and (place, read) in rules.several:
            own.append("many")
        if outbound:
            own += _shapes(config, read, written.target)
    for mvo_type, into in rules.into.items():
        shape = config.metaverse[mvo_type].model_dump_json() + encode([rule.name for rule in into])
        for rule in into:
            texts[marks.inbound(*rule.source)].append(shape)
    zone = [] if config.store.timezone == "UTC" else [config.store.timezone]
    for name, settings in config.systems.items():
        for scope in _scopes_of(rules, name) if settings.timezone is not None else ():
            texts[scope].append(encode([name, settings.timezone]))
    rules.fingerprints = {scope: fingerprint(*parts, *zone).hex() for scope, parts in texts.items()}


def _shapes(config: Config, mvo_type: str, target: str) -> list[str]:
    """Give what else decides what a rule from one type to another does: the types of their attributes."""
    system, kind = target.split(".", 1)
    settings = config.systems[system].objects[kind]
    found = [
        encode([str(settings.matching), {name: str(one) for name, one in settings.attributes.items()}]),
        encode(settings.priority),
    ]
    if types := config.metaverse[mvo_type].attributes:
        found.append(encode({name: str(one) for name, one in types.items()}))
    return found


def _scopes_of(rules: Rules, system: str) -> set[str]:
    """Give the scopes of the rules from and to a system."""
    inbound = {marks.inbound(*source) for source in rules.inbound if source[0] == system}
    return inbound | {
        marks.outbound(mvo_type)
        for mvo_type, targets in rules.outbound.items()
        if any(target[0] == system for target in targets)
    }


def _collect_tables(config: Config, rules: Rules) -> None:
    rules.tables = Tables(
        {name: Source(config.folder / one.file, one.key, one.delimiter) for name, one in config.lookups.items()}
    )
    for scope, expressions in expressions_by_scope(rules).items():
        read = frozenset(one.table for expression in expressions for one in expression.reads.tables)
        if read:
            rules.looking_up[scope] = read
            files = [config.lookups[name].model_dump_json() for name in sorted(read)]
            rules.fingerprints[scope] = fingerprint(rules.fingerprints[scope], *files).hex()


def _collect_followed(config: Config, rules: Rules) -> None:
    for mvo_type, targets in rules.outbound.items():
        flows = (
            one for found in targets.values() for rule in found for one in (*rule.flows, *rule.initial, *rule.disable)
        )
        kinds = config.metaverse[mvo_type]
        paths = {path for flow in flows for path in flow.expression.reads.paths}
        if followed := frozenset(path for path in paths if kinds.type_of(path[0]).kind == "reference"):
            rules.followed[mvo_type] = followed


def expressions_by_scope(rules: Rules) -> dict[str, list[Expression]]:
    """Give all that rules compute of an object: scope (`in SYSTEM.TYPE` or `out TYPE`) → expressions."""
    found: dict[str, list[Expression]] = {}
    for (system, kind), inbound in rules.inbound.items():
        found[marks.inbound(system, kind)] = [one for rule in inbound for one in expressions_of(rule)]
    for mvo_type, targets in rules.outbound.items():
        every = [rule for outbound in targets.values() for rule in outbound]
        found[marks.outbound(mvo_type)] = [one for rule in every for one in expressions_of(rule)]
    return found


def expressions_of(rule: InboundRule | OutboundRule) -> Iterator[Expression]:
    """Give all that a rule computes of an object; its scope first."""
    if rule.scope is not None:
        yield rule.scope
    yield from (part.source for join in rule.joins for part in join.parts)
    yield from (flow.expression for flow in rule.flows)
    if isinstance(rule, InboundRule):
        yield from _preferred_by(rule)
    if isinstance(rule, OutboundRule):
        yield from (flow.expression for flow in (*rule.initial, *rule.disable))
        yield from (one for one in (rule.dn, rule.leaving_from) if one is not None)
        yield from (stage.dn for stage in rule.stages if stage.dn is not None)


def _collect_clocks(rules: Rules) -> None:
    for (system, kind), inbound in rules.inbound.items():
        read = [one for rule in inbound for one in (rule.scope, *(flow.expression for flow in rule.flows))]
        read += [one for rule in inbound for one in _preferred_by(rule)]
        rules.clocks[marks.inbound(system, kind)] = _clock(read)
    for mvo_type, targets in rules.outbound.items():
        every = [rule for found in targets.values() for rule in found]
        rules.clocks[marks.outbound(mvo_type)] = _clock([one for rule in every for one in _expressions_of(rule)])


def _expressions_of(rule: OutboundRule) -> list[Expression | None]:
    """Give whatever an outbound rule reads an MVO by."""
    flows = [flow.expression for flow in (*rule.flows, *rule.disable)]
    return [rule.scope, rule.dn, rule.leaving_from, *(stage.dn for stage in rule.stages), *flows]


def _clock(expressions: Iterable[Expression | None]) -> str:
    """Give the finest clock that some expressions read: `now`, `today` or none."""
    read = {expression.clock for expression in expressions if expression is not None}
    return next((clock for clock in ("now", "today") if clock in read), "")
