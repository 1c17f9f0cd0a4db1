"""Read interlock.toml; every problem is told with its file, line and key."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from engine.configuration import toml_lines
from engine.configuration.models import GLOBAL_PHASES, Config, ObjectTypeConfig, RuleConfig, SystemConfig
from engine.connectors import find_connector
from engine.connectors.base import Connector
from engine.errors import ConfigurationError
from engine.expressions.expression import InvalidExpression
from engine.rules import Rules, compile_rules
from engine.rules.inferred_types import with_types_of_flows

AnyModel = TypeVar("AnyModel", bound=BaseModel)
Problem = tuple[toml_lines.Path, str]


def load(path: Path) -> tuple[Config, Rules]:
    """Read, validate and compile a configuration file.

    Raises `ConfigurationError` with one line for each problem: `file:line: key: what is wrong`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file; make a workspace with 'interlock init DIR', or name the file with --config"
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: cannot be read: not UTF-8: {error.reason}") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        raise ConfigurationError(f"{path}:{found[1] if found else 1}: not valid TOML: {error}") from error
    problems: list[Problem] = []
    config = _validate(raw, path.resolve().parent, problems)
    rules = None
    if config and not problems:
        problems.extend(_contradictions(config))
    if config and not problems:
        config, rules = _compile(config, problems)
    if config is None or rules is None:
        raise ConfigurationError("\n".join(_tell(path, text, problems)))
    return config, rules


def _validate(raw: dict[str, Any], folder: Path, problems: list[Problem]) -> Config | None:
    """Validate the file, with every connector's own keys validated by that connector."""
    _refuse_reserved(raw, ("folder",), (), problems)
    shaped = {**raw, "folder": folder}
    systems = raw.get("systems")
    if isinstance(systems, dict):
        shaped["systems"] = {
            name: _shape_system(name, table, problems) if isinstance(table, dict) else table
            for name, table in systems.items()
        }
    return _model(Config, shaped, (), problems)


def _refuse_reserved(
    table: dict[str, Any], keys: tuple[str, ...], path: toml_lines.Path, problems: list[Problem]
) -> None:
    """Refuse keys that the models use for what does not come from the file."""
    problems.extend(((*path, key), "unknown key") for key in keys if key in table)


def _shape_system(name: str, table: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    path: toml_lines.Path = ("systems", name)
    _refuse_reserved(table, ("options",), path, problems)
    common = {key: value for key, value in table.items() if key in SystemConfig.model_fields and key != "options"}
    own = {key: value for key, value in table.items() if key not in SystemConfig.model_fields}
    try:
        connector = find_connector(str(table.get("connector")))
    except LookupError as error:
        if "connector" in table:
            problems.append(((*path, "connector"), str(error)))
        objects = table.get("objects")
        if isinstance(objects, dict):  # what only its connector could judge is not judged without it
            known = ObjectTypeConfig.model_fields
            common["objects"] = {
                kind: {key: value for key, value in inner.items() if key in known} if isinstance(inner, dict) else inner
                for kind, inner in objects.items()
            }
        return common
    common["options"] = _model(connector.Options, own, path, problems, SystemConfig)
    objects = table.get("objects")
    if isinstance(objects, dict):
        common["objects"] = {
            kind: _shape_type(connector.ObjectOptions, inner, (*path, "objects", kind), problems)
            if isinstance(inner, dict)
            else inner
            for kind, inner in objects.items()
        }
    return common


def _shape_type(
    options: type[BaseModel], table: dict[str, Any], path: toml_lines.Path, problems: list[Problem]
) -> dict[str, Any]:
    _refuse_reserved(table, ("options",), path, problems)
    common = {key: value for key, value in table.items() if key in ObjectTypeConfig.model_fields and key != "options"}
    own = {key: value for key, value in table.items() if key not in ObjectTypeConfig.model_fields}
    return {**common, "options": _model(options, own, path, problems, ObjectTypeConfig)}


def _model(
    model: type[AnyModel],
    values: dict[str, Any],
    path: toml_lines.Path,
    problems: list[Problem],
    beside: type[BaseModel] | None = None,
) -> AnyModel | None:
    """Validate a table; `beside` is the model that has taken the table's other keys already."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors():
            where = (*path, *(part for part in detail["loc"] if part != "[key]"))
            if detail["type"] == "extra_forbidden":
                known = _known_keys(model, detail["loc"][:-1]) + (_known_keys(beside, ()) if beside else [])
                problems.append((where, _unknown(str(where[-1]), known)))
            else:
                problems.append((where, detail["msg"].removeprefix("Value error, ")))
        return None


def _known_keys(model: Any, loc: tuple[str | int, ...]) -> list[str]:
    """List the keys of the table at a place inside a model."""
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel):
            named = {field.alias or name: field for name, field in model.model_fields.items()}
            model = named[str(part)].annotation if str(part) in named else None
        else:  # an entry of a list, or of a table of tables
            model = _table_in((get_args(model) or (None,))[-1])
        model = _table_in(model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    hidden = {"options", "folder"}
    return [field.alias or name for name, field in model.model_fields.items() if name not in hidden]


def _table_in(annotation: Any) -> Any:
    """Give what an annotation is of, without what may stand in its place (`None`) and how it is validated."""
    if get_origin(annotation) is Annotated:
        return _table_in(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _table_in(get_args(annotation)[0])
    return annotation


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown key; did you mean '{close[0]}'?" if close else "unknown key"


def _contradictions(config: Config) -> Iterator[Problem]:
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
        ends = {"from": rule.source, "to": rule.target}
        for key, end in ends.items():
            if end not in types | metaverse:
                close = difflib.get_close_matches(end, types | metaverse, n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                yield (*where, key), f"'{end}' names no object type{hint}"
        if all(end in types for end in ends.values()) or all(end in metaverse for end in ends.values()):
            yield (*where, "to"), "one end must be in the metaverse and the other in a system"
        system = rule.target.partition(".")[0]
        if system in config.systems:
            connector = find_connector(config.systems[system].connector)
            if not connector.capabilities.writes:
                yield (*where, "to"), f"the connector of '{system}' reads only"
            yield from _refused_flows(connector, rule, where)
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
                close = difflib.get_close_matches(source, [*config.systems, *sorted(types)], n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
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


def _compile(config: Config, problems: list[Problem]) -> tuple[Config, Rules | None]:
    """Give the configuration with the types that its flows carry, and its rules."""
    try:
        config = with_types_of_flows(config)
        return config, compile_rules(config)
    except InvalidExpression as error:
        problems.append((error.where, str(error)))
    return config, None


def _tell(path: Path, text: str, problems: list[Problem]) -> Iterator[str]:
    lines = toml_lines.locate(text)
    for where, message in dict.fromkeys(problems):
        line = toml_lines.line_of(lines, where)
        key = ".".join(one if (one := str(part)).isprintable() else json.dumps(one) for part in where)
        yield f"{path}:{line or 1}: {key}: {message}"
