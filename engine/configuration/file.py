"""Read interlock.toml; every problem is told with its file, line and key."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from engine.configuration import toml_lines
from engine.configuration.contradictions import Problem, contradictions
from engine.configuration.including import Whole, read_whole
from engine.configuration.models import Config, ObjectTypeConfig, SystemConfig
from engine.connectors import find_connector
from engine.errors import ConfigurationError
from engine.expressions.expression import InvalidExpression
from engine.rules import Rules, compile_rules
from engine.rules.inferred_types import with_types_of_flows

AnyModel = TypeVar("AnyModel", bound=BaseModel)


_WAY = re.compile(r"(literal|function-after|function-before|function-wrap)\[")
"""How pydantic labels one of several ways to write a value."""
_OTHER_KIND = frozenset({"literal_error", "model_type", "dict_type", "string_type"})


def load(path: Path) -> tuple[Config, Rules]:
    """Read, validate and compile a configuration file, with what it includes.

    Raises `ConfigurationError` with one line for each problem: `file:line: key: what is wrong`.
    """
    whole = read_whole(path)
    problems: list[Problem] = []
    config = _validate(whole.raw, path.resolve().parent, problems)
    rules = None
    if config and not problems:
        problems.extend(contradictions(config))
    if config and not problems:
        config, rules = _compile(config, problems)
    if config is None or rules is None:
        raise ConfigurationError("\n".join(_tell(path, whole, problems)))
    return config, rules


def _validate(raw: dict[str, Any], folder: Path, problems: list[Problem]) -> Config | None:
    """Validate the file, with every connector's own keys validated by that connector."""
    _refuse_reserved(raw, ("folder",), (), problems)
    systems = _shape_each(raw, "systems", lambda name, table: _shape_system(name, table, problems))
    shaped = {**raw, "folder": folder, **systems}
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
        return common | _shape_each(table, "objects", _without_unknown)

    def shape_type(kind: str, inner: dict[str, Any]) -> dict[str, Any]:
        return _shape_type(connector.ObjectOptions, inner, (*path, "objects", kind), problems)

    common["options"] = _model(connector.Options, own, path, problems, SystemConfig)
    return common | _shape_each(table, "objects", shape_type)


def _shape_each(table: dict[str, Any], key: str, shape: Callable[[str, dict[str, Any]], Any]) -> dict[str, Any]:
    """Shape every table under a key; what is no table stays as it is, and its model tells it."""
    tables = table.get(key)
    if not isinstance(tables, dict):
        return {}
    return {key: {name: shape(name, one) if isinstance(one, dict) else one for name, one in tables.items()}}


def _without_unknown(_kind: str, table: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a type what only its connector could judge: it is not judged without it."""
    return {key: value for key, value in table.items() if key in ObjectTypeConfig.model_fields}


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
        for detail in _of_the_way_meant(error.errors()):
            where = (*path, *(part for part in detail["loc"] if part != "[key]"))
            if detail["type"] == "extra_forbidden":
                known = _known_keys(model, detail["loc"][:-1]) + (_known_keys(beside, ()) if beside else [])
                problems.append((where, _unknown(str(where[-1]), known)))
            else:
                problems.append((where, detail["msg"].removeprefix("Value error, ")))
        return None


def _of_the_way_meant(errors: Sequence[Any]) -> list[Any]:
    """Give the problems of a value that may be written in several ways for the way that comes nearest.

    Pydantic tells those of every way, each behind a label of its own.
    """
    found: dict[tuple[str | int, ...], dict[str, list[Any]]] = {}
    plain = []
    for one in errors:
        at = next((place for place, part in enumerate(one["loc"]) if _WAY.match(str(part))), None)
        if at is None:
            plain.append(one)
            continue
        unlabelled = {**one, "loc": (*one["loc"][:at], *one["loc"][at + 1 :])}
        found.setdefault(one["loc"][:at], {}).setdefault(str(one["loc"][at]), []).append(unlabelled)
    for ways in found.values():
        plain += min(ways.values(), key=_distance)
    return plain


def _distance(errors: Iterable[Any]) -> tuple[bool, int, int]:
    """Tell how far a value is from a way to write it: farthest where it is of another kind, or has other keys."""
    types = [one["type"] for one in errors]
    return not _OTHER_KIND.isdisjoint(types), types.count("extra_forbidden"), len(types)


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


def _compile(config: Config, problems: list[Problem]) -> tuple[Config, Rules | None]:
    """Give the configuration with the types that its flows carry, and its rules."""
    try:
        config = with_types_of_flows(config)
        return config, compile_rules(config)
    except InvalidExpression as error:
        problems.append((error.where, str(error)))
    return config, None


def _tell(path: Path, whole: Whole, problems: list[Problem]) -> Iterator[str]:
    for where, message in dict.fromkeys(problems):
        key = ".".join(one if (one := str(part)).isprintable() else json.dumps(one) for part in where)
        yield f"{whole.place_of(where, path)}: {key}: {message}"
