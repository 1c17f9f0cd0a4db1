"""Look at a SCIM service for a first configuration: its types of resources, and what they hold."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from engine.connectors.base import SchemaAttribute
from engine.connectors.scim.options import ScimOptions
from engine.connectors.scim.paths import DEFAULT, Path, Resource, get, quoted
from engine.connectors.scim.profile import Profile, read_profiles, resource_types
from engine.connectors.scim.service import Service
from engine.connectors.survey import SAMPLE, SHOWN, Survey, SurveyedType
from engine.errors import CannotConnect, ConnectionLost

_USUAL = ("User", "Group")
"""What a service has that does not say."""
_NAMES = {"User": "person", "Group": "group"}
"""Resource type → what it is called in a configuration; others are called as they are."""
_FOUND_BY = {"user": "userName", "group": "displayName"}
_ASIDE = frozenset({"schemas", "id", "meta", "password"})
_OF_ELEMENTS = frozenset({"type", "primary", "display", "$ref"})


def survey_service(url: str, folder: FilePath, options: Mapping[str, Any]) -> Survey:
    """Look at a service, and change nothing.

    Raises `CannotConnect`, `CredentialsRefused`, `ConnectionLost`, or pydantic's `ValidationError` for the options.
    """
    settings = ScimOptions.model_validate({"url": url, **options})
    return asyncio.run(_survey(Service(url, settings, folder), settings.url))


async def _survey(service: Service, url: str) -> Survey:
    try:
        await service.open()
        names = await resource_types(service) or _USUAL
        profiles = await read_profiles(service, names)
        types, notes = [], []
        for name in names:
            try:
                sample = await _sample(service, profiles[name])
            except CannotConnect as error:
                notes.append(str(error))
                continue
            types.append(_type(name, profiles[name], sample, names))
    except ConnectionLost as error:
        raise CannotConnect(str(error)) from error
    finally:
        await service.close()
    if not types:
        raise CannotConnect(f"{url}: shows no resources: {'; '.join(notes)}")
    return Survey({"connector": "scim", "url": url}, types, tuple(notes))


async def _sample(service: Service, profile: Profile) -> list[Resource]:
    """Read some resources. Raises `CannotConnect` where the service does not show them."""
    answer = await service.ask(profile.endpoint, {"startIndex": "1", "count": str(SAMPLE)})
    if answer.status != 200:
        raise CannotConnect(f"{profile.endpoint}: {answer.detail}")
    listed = get(answer.document, "Resources")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _type(resource: str, profile: Profile, sample: Sequence[Resource], resources: Sequence[str]) -> SurveyedType:
    held: Counter[str] = Counter()
    many: set[str] = set()
    for one in sample:
        for text in dict.fromkeys(_paths(one)):
            held[text] += 1
            many.update([text] if len(Path.parse(text).values(one)) > 1 else [])
    texts = [text for text, _ in held.most_common()] or _by_schema(profile)
    found: list[SchemaAttribute] = []
    named: dict[str, str] = {}
    refers_to: dict[str, str] = {}
    paths: dict[str, Path] = {}
    for text in texts:
        path = profile.meant(Path.parse(text))
        described = _described(path, profile, sample, many=text in many)
        if described.read_only:
            continue
        name = _name(path, {one.name for one in found})
        if name != text:
            named[name] = text
        if (target := _referred(path, profile, resources)) is not None:
            refers_to[name] = target
            described = described._replace(kind="reference", matching="exact")
        found.append(described._replace(name=name))
        paths[name] = path
    keys: dict[str, Any] = {"resource": resource, "external_id": "id"}
    if (second := _found_by(resource, profile)) is not None:
        keys["secondary_external_id"] = second
    keys |= {"paths": named} if named else {}
    rows = [{name: _written(path.values(one)) for name, path in paths.items()} for one in sample[:SHOWN]]
    return SurveyedType(_called(resource), keys, len(sample), found, refers_to, rows=rows)


def _written(values: Sequence[Any]) -> str:
    return "|".join(str(one) for one in values)


def _called(resource: str) -> str:
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in resource)
    return _NAMES.get(resource, plain.lower())


def _found_by(resource: str, profile: Profile) -> str | None:
    """Give what a resource can be looked up by, and is not called twice; None where the service cannot look."""
    if not profile.supports("filter"):
        return None
    unique = (name for name, one in profile.attributes.items() if get(one, "uniqueness") in ("server", "global"))
    by_schema = (str(get(profile.attributes[name], "name")) for name in unique if name != "id")
    return _FOUND_BY.get(resource.lower()) or next(by_schema, None)


def _paths(resource: Resource, urn: str = "") -> Iterator[str]:
    """Give the paths of all that a resource holds."""
    for key, value in resource.items():
        if key.lower().startswith("urn:") and isinstance(value, dict):
            yield from _paths(value, f"{key}:")
        elif urn or key.lower() not in _ASIDE:
            yield from _below(f"{urn}{key}", value)


def _below(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{path}.{sub}" for sub, one in value.items() if _is_plain(one) and sub != "$ref")
    elif isinstance(value, list):
        yield from (_of_element(path, one) for one in value if not isinstance(one, dict) or get(one, DEFAULT))
    elif _is_plain(value):
        yield path


def _of_element(path: str, element: Any) -> str:
    """Give the path of one element of several: by its type where it has one."""
    kind = get(element, "type")
    if not isinstance(element, dict) or not isinstance(kind, str) or kind in _NAMES:
        return path if not isinstance(element, dict) else f"{path}.{DEFAULT}"
    return f"{path}[type eq {quoted(kind)}].{DEFAULT}"


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and value != ""


def _by_schema(profile: Profile) -> list[str]:
    """Give the paths that the schema has, for a service that holds nothing yet."""
    described = [one for one in profile.described() if not one.read_only]
    described.sort(key=lambda one: not one.required)
    paths = [one.name for one in described if profile.definition_of(Path.parse(one.name)) is not None]
    return list(dict.fromkeys(_of_any_type(text) for text in paths if _is_of_use(Path.parse(text), profile)))


def _of_any_type(text: str) -> str:
    """Give the path of elements that name resources, whatever type those are of: members are users, groups or both."""
    path = Path.parse(text)
    if not path.terms or not all(value in _NAMES for _, value in path.terms):
        return text
    return f"{path.top}.{path.sub or DEFAULT}"


def _is_of_use(path: Path, profile: Profile) -> bool:
    """Tell whether a path of the schema is one that rules usually give a value."""
    if path.text.lower() in _ASIDE or get(profile.definition_of(path), "returned") == "never":
        return False
    is_many = profile.is_many(path) or bool(path.terms)
    return not is_many or (path.sub or DEFAULT) not in _OF_ELEMENTS


def _described(path: Path, profile: Profile, sample: Sequence[Resource], *, many: bool) -> SchemaAttribute:
    definition, top = profile.definition_of(path), profile.top_of(path)
    kind = profile.kind_of(path)
    if definition is None:
        kind = _kind_of([value for one in sample for value in path.values(one)])
    fixed = any(str(get(one, "mutability")).lower() == "readonly" for one in (definition, top) if one)
    exact = kind != "text" or profile.is_exact(path)
    return SchemaAttribute(
        path.text, kind, many or bool(profile.is_many(path)), "exact" if exact else "case_ignore", read_only=fixed
    )


def _kind_of(values: Sequence[Any]) -> str:
    """Give what values are of which no schema says anything."""
    if values and all(isinstance(one, bool) for one in values):
        return "boolean"
    return "integer" if values and all(type(one) is int for one in values) else "text"


def _name(path: Path, taken: set[str]) -> str:
    """Give an attribute a plain name that no other has: `familyName`, `emails_work`."""
    words = [path.name, *(str(value) for _, value in path.terms)]
    if path.sub is not None and path.sub != DEFAULT:
        words.append(path.sub)
    last = words[-1] if len(words) == 2 and not path.terms else "_".join(words)
    plain = ["".join(char if char.isascii() and char.isalnum() else "_" for char in one) for one in (last, path.text)]
    return next((one for one in plain if one not in taken), f"{plain[1]}_{len(taken)}")


def _referred(path: Path, profile: Profile, resources: Sequence[str]) -> str | None:
    """Give the type whose ids stand at a path: that which the schema names first; None where they are no ids."""
    if path.sub != DEFAULT:
        return None
    subs = get(profile.top_of(path), "subAttributes") or []
    kinds = next((get(one, "referenceTypes") for one in subs if get(one, "name") == "$ref"), None) or []
    if not profile.attributes and path.name == "members":
        kinds = ["User"]
    return next((_called(one) for one in kinds if one in resources), None)
