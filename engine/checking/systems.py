"""Whether every system can be used as it is configured: what its connector finds, and what its schema says."""

from collections.abc import AsyncIterator, Iterable

from engine.checking.leaving_stages import stage_lines
from engine.checking.lookups import table_lines
from engine.checking.naming_rules import dn_lines
from engine.checking.outbound_conflicts import conflict_lines
from engine.checking.preferences import preference_lines
from engine.checking.settings import setting_lines
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import CheckLine, SchemaAttribute
from engine.errors import StepFailed
from engine.expressions.sources import name_hint, reading_of
from engine.values.attribute_descriptions import normal, usual
from engine.worker_names import runs_elsewhere
from engine.workspace import Workspace
from storage import lease, workers

_VALUES = {
    "integer": ("decimal", "boolean"),
    "decimal": ("integer",),
    "boolean": (),
    "date": ("datetime",),
    "datetime": ("date",),
}
"""Kinds of a schema, each with what its values can be read as besides."""
GIVEN = frozenset(
    {"objectclass", "ntsecuritydescriptor", "objectcategory", "instancetype", "objectsid", "samaccountname"}
)
"""Required attributes that the connector fills, or Active Directory by itself."""


async def check(workspace: Workspace) -> AsyncIterator[tuple[str, CheckLine]]:
    """Read every lookup, test every system, and compare its schema with what is used of it: (system, line)."""
    for table, line in setting_lines(workspace.config):
        yield table, line
    for line in table_lines(workspace):
        yield "lookups", line
    targets = sorted(workspace.rules.target_types())
    for name in workspace.config.systems:
        if elsewhere := runs_elsewhere(workspace.config, name):
            yield name, await _worker_line(workspace, elsewhere)
            continue
        connector = workspace.connector(name)
        lines = await connector.test()
        if all(line.ok for line in lines):
            lines += await connector.test_writing([kind for target, kind in targets if target == name])
        of_rules = (*dn_lines(workspace.config, name), *conflict_lines(workspace, name))
        of_people = (*preference_lines(workspace, name), *stage_lines(workspace, name))
        for line in (*lines, *of_rules, *of_people):
            yield name, line
        if not all(line.ok for line in lines):
            continue
        try:
            described = await connector.describe_schema()
        except StepFailed as error:
            yield name, CheckLine(False, "schema", str(error))
            continue
        for kind, attributes in described.items():
            for line in schema_lines(workspace, name, kind, attributes):
                yield name, line


async def _worker_line(workspace: Workspace, names: list[str]) -> CheckLine:
    """Tell whether a worker is there that reaches a system which this machine does not."""
    async with workspace.store.reading() as tx:
        living = [one for one in await workers.every(tx) if one.name in names and lease.is_heard_of(one)]
    if not living:
        told = f"start 'interlock worker --name {names[0]}' where it can be reached, and check it there"
        return CheckLine(False, "worker", f"none of its workers ({', '.join(names)}) is there: {told}")
    there = ", ".join(f"'{one.name}' on {one.host}" for one in living)
    return CheckLine(True, "worker", f"reached by {there}; 'interlock check' there looks at it")


def schema_lines(
    workspace: Workspace, system: str, kind: str, attributes: list[SchemaAttribute]
) -> Iterable[CheckLine]:
    """Compare what the schema says of a type with what is used of it."""
    if not attributes:
        return
    settings = workspace.object_type(system, kind)
    known = {form: one for one in attributes for form in _forms_of(one)}
    used = workspace.rules.used[system, kind]
    if missing := _missing(workspace, system, kind, attributes):
        texts = _bare_sources(workspace, system, kind)
        hints = "".join(name_hint(name, [one.name for one in attributes], texts.get(name)) for name in missing)
        yield CheckLine(False, "schema", f"the rules use what '{kind}' does not have: {', '.join(missing)}{hints}")
    flowed = _flowed(workspace, system, kind)
    if owned := sorted(name for name in flowed if _form(name) in known and known[_form(name)].read_only):
        yield CheckLine(False, "schema", f"{kind}: the server alone sets {', '.join(owned)}; no rule can flow them")
    yield from _kinds(settings, kind, known, used, in_directory=workspace.is_dn(system, kind))
    yield from _flowed_twice(kind, known, flowed)
    yield from _declared_otherwise(settings, kind, known, used)
    yield from _shared_single(workspace, system, kind, known)
    yield from _lists_in_texts(workspace, system, kind, known)
    if _provisions(workspace, system, kind):
        yield from _required(workspace, system, kind, attributes, flowed)


def _forms_of(one: SchemaAttribute) -> set[str]:
    """Give the forms of all names of an attribute."""
    return {_form(name) for name in (one.name, *one.names)}


def _form(name: str) -> str:
    """Give the form in which the names of one attribute are equal; its options make no other one to the schema."""
    return usual(name.partition(";")[0])


def _flowed_twice(kind: str, known: dict[str, SchemaAttribute], flowed: set[str]) -> Iterable[CheckLine]:
    """Tell where rules write one attribute under two names."""
    names: dict[str, list[str]] = {}
    for name in sorted(flowed):
        if (one := known.get(_form(name))) is not None:
            names.setdefault(f"{one.name};{_options(name)}", []).append(name)
    for twice in names.values():
        if len(twice) > 1:
            told = f"{kind}: {' and '.join(twice)} are one attribute under two names; flow one of them"
            yield CheckLine(False, "schema", told)


def _declared_otherwise(
    settings: ObjectTypeConfig, kind: str, known: dict[str, SchemaAttribute], used: Iterable[str]
) -> Iterable[CheckLine]:
    """Tell where one name of an attribute is declared, and the rules use another, which is not."""
    declared = settings.attributes.keys() | settings.matching.keys() | settings.refers_to.keys()
    for name in sorted(set(used) - declared):
        for other in sorted(declared):
            one = known.get(_form(name))
            if one is not None and known.get(_form(other)) is one and _options(name) == _options(other):
                told = f"{kind}: {other} is declared, and the rules call it {name}; write one name for both"
                yield CheckLine(False, "schema", told)


def _options(name: str) -> str:
    return normal(name).partition(";")[2]


def _missing(workspace: Workspace, system: str, kind: str, attributes: list[SchemaAttribute]) -> list[str]:
    """Give what the rules use and the system does not know; where nothing says what can be written, what they read."""
    settings = workspace.object_type(system, kind)
    in_directory = workspace.is_dn(system, kind)
    fold = _form if in_directory else str
    has_schema = not in_directory or any(one.syntax for one in attributes)
    names = workspace.rules.used[system, kind] if has_schema else workspace.rules.required[system, kind]
    known = {fold(name) for one in attributes for name in (one.name, *one.names)} | {fold(settings.external_id)}
    if not has_schema:
        known |= {fold(name) for name in settings.attributes}
    return sorted(name for name in names if fold(name) not in known)


def _bare_sources(workspace: Workspace, system: str, kind: str) -> dict[str, str]:
    """Give what flows read by a bare name, with the attribute that it becomes."""
    rules = workspace.rules.inbound.get((system, kind), [])
    return {flow.expression.source: flow.attribute for rule in rules for flow in rule.flows if flow.expression.is_bare}


def _kinds(
    settings: ObjectTypeConfig, kind: str, known: dict[str, SchemaAttribute], used: Iterable[str], *, in_directory: bool
) -> Iterable[CheckLine]:
    """Tell where the configuration calls an attribute something else than the schema does.

    Outside a directory a reference is a key of any kind.
    """
    for name in sorted(used):
        one = known.get(_form(name))
        if one is None:
            continue
        declared = settings.type_of(name)
        if declared.multi and not one.multi:
            yield CheckLine(False, "schema", f"{kind}.{name}: declared with [], and the schema allows one value only")
        if one.kind == "reference" and declared.kind == "text":
            brackets = "[]" if one.multi else ""
            yield CheckLine(
                True, "schema", f"{kind}.{name} holds DNs: '{name} = \"reference{brackets}\"' lets it be followed"
            )
        if one.kind == "binary" and declared.kind not in ("binary", "text"):
            yield CheckLine(
                False, "schema", f"{kind}.{name}: declared as {declared.kind}, and the schema has bytes there"
            )
        may_be = ("text", one.kind, *_VALUES.get(one.kind, ()), *(() if in_directory else ("reference",)))
        if one.kind in _VALUES and declared.kind not in may_be:
            yield CheckLine(
                True, "schema", f"{kind}.{name}: declared as {declared.kind}, and the schema has {one.kind} there"
            )


def _shared_single(
    workspace: Workspace, system: str, kind: str, known: dict[str, SchemaAttribute]
) -> Iterable[CheckLine]:
    """Tell which attributes of one value, says the schema, a rule would share with others."""
    every = (flow for targets in workspace.rules.outflows.values() for flow in targets.get((system, kind), []))
    for name in sorted({flow.attribute for _, flow in every if flow.shares}):
        one = known.get(_form(name))
        if one is not None and not one.multi and one.syntax:
            told = (
                f'{kind}.{name}: own = "ours" leaves others\' values beside ours, and the schema allows one value only'
            )
            yield CheckLine(False, "schema", told)


def _lists_in_texts(
    workspace: Workspace, system: str, kind: str, known: dict[str, SchemaAttribute]
) -> Iterable[CheckLine]:
    """Tell which attributes that may have many values, says the schema, stand in a text of a rule."""
    declared = workspace.object_type(system, kind).attributes
    for rule in workspace.rules.inbound.get((system, kind), []):
        read = [*(flow.expression for flow in rule.flows), *(part.source for join in rule.joins for part in join.parts)]
        names = {name for one in (*read, rule.scope) if one is not None for name in one.reads.as_text}
        for name in sorted(names - set(declared)):
            one = known.get(_form(name))
            if one is not None and one.multi and one.syntax:
                problem = f"'{name}' may have many values, and stands in a text of the rule '{rule.name}': write "
                reading = reading_of(name)
                remedy = f"{{{{ {reading} | join(', ') }}}}, or declare {name} = \"text\" where there is one only"
                yield CheckLine(False, "schema", f"{kind}: {problem}{remedy}")


def _flowed(workspace: Workspace, system: str, kind: str) -> set[str]:
    """Give the attributes that rules write to a type."""
    rules = (rule for targets in workspace.rules.outbound.values() for rule in targets.get((system, kind), []))
    return {flow.attribute for rule in rules for flow in (*rule.flows, *rule.initial)}


def _provisions(workspace: Workspace, system: str, kind: str) -> bool:
    targets = (targets.get((system, kind), []) for targets in workspace.rules.outbound.values())
    return any(rule.provision for rules in targets for rule in rules)


def _required(
    workspace: Workspace, system: str, kind: str, attributes: list[SchemaAttribute], flowed: set[str]
) -> Iterable[CheckLine]:
    """Tell which attributes a created entry would lack."""
    naming = {part.split("=")[0].strip() for part in _dn_templates(workspace, system, kind)}
    given = {_form(name) for name in flowed | naming} | GIVEN
    missing = [one.name for one in attributes if one.required and not one.read_only and not _forms_of(one) & given]
    if missing:
        yield CheckLine(False, "schema", f"{kind}: entries must have {', '.join(missing)}, and no rule flows it")


def _dn_templates(workspace: Workspace, system: str, kind: str) -> list[str]:
    return [rule.dn for rule in workspace.config.rules if rule.target == f"{system}.{kind}" and rule.dn]
