"""What each table of the configuration says rightly, but not together with the others."""

from collections.abc import Iterator

from engine.configuration import toml_lines
from engine.configuration.models import Config
from engine.configuration.rule_models import RuleConfig
from engine.configuration.steps import GLOBAL_PHASES
from engine.connectors import find_connector
from engine.connectors.base import Connector
from engine.expressions.sources import did_you_mean

Problem = tuple[toml_lines.Path, str]
"""Where something is wrong, and what."""


def contradictions(config: Config) -> Iterator[Problem]:
    """Find what each table says rightly, but not together with the others."""
    types = {f"{name}.{kind}" for name, system in config.systems.items() for kind in system.objects}
    metaverse = {f"metaverse.{kind}" for kind in config.metaverse}
    yield from _wrong_types(config)
    yield from _wrong_sources(config, types)
    names: set[str] = set()
    for index, rule in enumerate(config.rules):
        where: toml_lines.Path = ("rules", index)
        if rule.name in names:
            yield (*where, "name"), f"another rule is called '{rule.name}' already"
        names.add(rule.name)
        yield from _wrong_ends(rule, where, types, metaverse)
        yield from _unwritable(config, rule, where)
    yield from _wrong_steps(config)


def _wrong_ends(rule: RuleConfig, where: toml_lines.Path, types: set[str], metaverse: set[str]) -> Iterator[Problem]:
    """Find ends of a rule that are not there, or both on the same side."""
    ends = {"from": rule.source, "to": rule.target}
    for key, end in ends.items():
        if end not in types | metaverse:
            yield (*where, key), f"'{end}' names no object type{did_you_mean(end, types | metaverse)}"
    if types.issuperset(ends.values()) or metaverse.issuperset(ends.values()):
        yield (*where, "to"), "one end must be in the metaverse and the other in a system"


def _unwritable(config: Config, rule: RuleConfig, where: toml_lines.Path) -> Iterator[Problem]:
    """Find what a rule would write, and nobody may."""
    system = rule.target.partition(".")[0]
    if system not in config.systems:
        return
    connector = find_connector(config.systems[system].connector)
    if config.systems[system].read_only:
        yield (*where, "to"), f"'{system}' is read_only; take the rule out, or that word from [systems.{system}]"
    if not connector.capabilities.writes:
        yield (*where, "to"), f"the connector of '{system}' reads only"
    yield from _refused_flows(connector, rule, where)


def _wrong_steps(config: Config) -> Iterator[Problem]:
    """Find steps of profiles that work on a system which is not there."""
    for name, profile in config.profiles.items():
        for index, step in enumerate(profile.steps):
            if step.phase not in GLOBAL_PHASES and step.system not in config.systems:
                yield ("profiles", name, "steps", index), f"'{step}' names no configured system"


def _refused_flows(connector: type[Connector], rule: RuleConfig, where: toml_lines.Path) -> Iterator[Problem]:
    """Find flows to what nobody may write in the system that a rule goes to."""
    for table, flows in (("flow", rule.flow), ("initial", rule.initial), ("disable", rule.disable)):
        for attribute in flows:
            if (reason := connector.refuses_flow(attribute)) is not None:
                yield (*where, table, attribute), reason


def _wrong_sources(config: Config, types: set[str]) -> Iterator[Problem]:
    """Find authoritative sources that are no system and no type of one, and groups that tell nobody apart."""
    for kind, settings in config.metaverse.items():
        for source in settings.deletion.authorities:
            if source not in types | set(config.systems):
                hint = did_you_mean(source, [*config.systems, *sorted(types)])
                yield ("metaverse", kind, "deletion"), f"'{source}' is no system and no object type of one{hint}"
    for name, system in config.systems.items():
        for kind, objects in system.objects.items():
            if not all(objects.same_person):
                where = ("systems", name, "objects", kind, "same_person")
                yield where, "a group without attributes tells nobody apart; name one or more"


def _wrong_types(config: Config) -> Iterator[Problem]:
    """Find references that are said to name a type which their system does not have."""
    for name, system in config.systems.items():
        for kind, settings in system.objects.items():
            for attribute, named in settings.refers_to.items():
                if named not in system.objects:
                    where = ("systems", name, "objects", kind, "refers_to", attribute)
                    yield where, f"'{named}' is no object type of '{name}'"
