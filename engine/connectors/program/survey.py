"""Look at what a program knows of for a first configuration: what it says of itself, and its first objects."""

import asyncio
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

from engine.configuration.models import SystemConfig
from engine.connectors.base import SchemaAttribute
from engine.connectors.program import messages
from engine.connectors.program.connector import ProgramConnector
from engine.connectors.program.options import ProgramOptions
from engine.connectors.program.values import text_of
from engine.connectors.survey import MOST_LETTERS, SAMPLE, SHOWN, Survey, SurveyedType, from_anywhere, holds_secrets
from engine.errors import CannotConnect, ConnectionLost
from engine.values.typed import InvalidValue, parse

LOOKED_AT = 20_000
"""Objects that are read, where one type has too few for a sample of it."""
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
"""What the name of a type may be made of in a configuration."""
_Values = Sequence[Sequence[Any]]


class _Found(NamedTuple):
    """What a program has said and given."""

    types: Sequence[str]
    described: Sequence[messages.Attribute]
    objects: Sequence[messages.Object]
    notes: Sequence[str]


def survey_program(words: str, folder: Path, options: Mapping[str, Any]) -> Survey:
    """Start a program, written as in a shell, and read its first objects; it is asked to change nothing.

    Raises `CannotConnect`, `CredentialsRefused`, ValueError for the words, or pydantic's `ValidationError` for options.
    """
    try:
        command = [from_anywhere(word, folder) for word in shlex.split(words)]
    except ValueError as error:
        raise ValueError(f"program:{words}: a quotation is not closed") from error
    if not command:
        raise ValueError("name the program, and its arguments: program:COMMAND")
    settings = ProgramOptions.model_validate({"command": command, **options})
    system = SystemConfig.model_construct(connector="program", objects={}, options=settings)
    found = asyncio.run(_look(ProgramConnector("program", system, folder)))
    named = dict.fromkeys([*found.types, *(one.type for one in found.described), *(one.type for one in found.objects)])
    types = [_type(name, found) for name in named if name and set(name) <= _LETTERS]
    notes = [
        *found.notes,
        *(f"'{name}' is no name for a type: left out" for name in named if not set(name) <= _LETTERS),
    ]
    if not types:
        raise CannotConnect(
            f"{command[0]}: it names no type of objects and gives no object; "
            "let its 'hello' name its 'types' (docs/program-connector.md)"
        )
    return Survey({"connector": "program", "command": command}, types, tuple(notes))


async def _look(connector: ProgramConnector) -> _Found:
    try:
        async with connector:
            types = list(connector.hello.types) if connector.hello is not None else []
            asked = connector.ask({"request": "schema"}, messages.Attribute)
            described = [one async for one in asked if isinstance(one, messages.Attribute)]
            objects = await _sample(connector, types, described)
            return _Found(types, described, objects, list(connector.notes))
    except ConnectionLost as error:
        raise CannotConnect(str(error)) from error


async def _sample(
    connector: ProgramConnector, types: Iterable[str], described: Iterable[messages.Attribute]
) -> list[messages.Object]:
    """Read the first objects of each type. A program that has more of them than are wanted is ended."""
    wanted: dict[str, list[str]] = {name: [] for name in types}
    for attribute in described:
        wanted.setdefault(attribute.type, []).append(attribute.name)
    request = {
        "request": "import",
        "types": {name: sorted(attributes) for name, attributes in wanted.items()},
        "watermark": None,
    }
    counted: Counter[str] = Counter()
    found = []
    async with aclosing(connector.ask(request, messages.Object)) as answers:
        async for one in answers:
            if not isinstance(one, messages.Object):
                continue
            counted[one.type] += 1
            if counted[one.type] <= SAMPLE:
                found.append(one)
            is_enough = all(counted[name] >= SAMPLE for name in {*wanted, *counted})
            if is_enough or counted.total() >= LOOKED_AT:
                break
    return found


def _type(name: str, found: _Found) -> SurveyedType:
    sample = [one for one in found.objects if one.type == name]
    described = {one.name: one for one in found.described if one.type == name}
    values = _values(described, sample)
    of_use = [each for each in values if _is_of_use(each) and (not sample or _is_held(values[each]))]
    attributes = [_attribute(each, described.get(each), values[each]) for each in of_use]
    keys = _keys(sample, values, of_use)
    identity = keys["external_id"]
    if identity not in of_use:
        attributes.insert(0, SchemaAttribute(identity, "text", multi=False))
    rows = [_row(one, identity) for one in sample[:SHOWN]]
    return SurveyedType(name, keys, len(sample), attributes, candidates=[identity] if sample else [], rows=rows)


def _values(described: Iterable[str], sample: Sequence[messages.Object]) -> dict[str, _Values]:
    """Give the values of each attribute that is described or held, object by object."""
    names = dict.fromkeys([*described, *(name for one in sample for name in one.attributes)])
    return {name: [_listed(one.attributes.get(name)) for one in sample] for name in names}


def _keys(sample: Sequence[messages.Object], values: Mapping[str, _Values], names: Iterable[str]) -> dict[str, str]:
    """Give what identifies an object: the attribute that always holds what the program calls it, or a name for that."""
    ids = next(_equal_to([one.id for one in sample], values, names), _unused("id", values))
    if not any(one.secondary_id for one in sample):
        return {"external_id": ids}
    seconds = _equal_to([one.secondary_id for one in sample], values, names)
    return {"external_id": ids, "secondary_external_id": next(seconds, _unused("secondary_id", values))}


def _equal_to(ids: Sequence[Any], values: Mapping[str, _Values], names: Iterable[str]) -> Iterator[str]:
    wanted = [[text_of(one)] for one in ids]
    return (name for name in names if wanted and [list(map(text_of, one)) for one in values[name]] == wanted)


def _is_of_use(name: str) -> bool:
    return bool(name.strip()) and not holds_secrets(name)


def _is_held(values: _Values) -> bool:
    return any(one and all(len(text_of(each)) <= MOST_LETTERS for each in one) for one in values)


def _attribute(name: str, said: messages.Attribute | None, values: _Values) -> SchemaAttribute:
    """Give an attribute as the program describes it, or as its values are."""
    if said is not None:
        return SchemaAttribute(name, said.kind, said.multi, required=said.required, read_only=said.read_only)
    return SchemaAttribute(name, _kind([each for one in values for each in one]), any(len(one) > 1 for one in values))


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(one) for one in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    if kinds and kinds <= {int, float}:
        return "decimal"
    return next((kind for kind in ("date", "datetime") if all(_is(kind, text_of(one)) for one in values)), "text")


def _is(kind: str, text: str) -> bool:
    try:
        parse(kind, text)
    except InvalidValue:
        return False
    return True


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    """Give a name that no attribute has."""
    return name if name not in taken else _unused(f"object_{name}", taken)


def _listed(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]


def _row(one: messages.Object, identity: str) -> dict[str, str]:
    given = {identity: one.id, **one.attributes}
    return {name: "|".join(map(text_of, _listed(value))) for name, value in given.items()}
