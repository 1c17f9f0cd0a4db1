"""What a SCIM service says of itself: what it supports, where its resources are, and what their attributes are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from engine.connectors.base import SchemaAttribute
from engine.connectors.scim.answers import Answer
from engine.connectors.scim.paths import DEFAULT, Path, Resource, get, key_of
from engine.connectors.scim.service import Service
from engine.errors import CannotConnect

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_KINDS = {"boolean": "boolean", "integer": "integer", "decimal": "decimal", "datetime": "datetime", "binary": "binary"}
"""Types of SCIM (RFC 7643 §2.3) → ours; whatever else is text."""
_WHOLE = "\0whole"
"""Under which a definition says its name with the URN of its extension."""
_NOT_THERE = frozenset({404, 405, 501})


@dataclass(frozen=True)
class Profile:
    """What a service says of one type of resources."""

    endpoint: str
    schema: str
    """The schema that the resources begin with."""
    config: Resource
    """The `ServiceProviderConfig`."""
    attributes: dict[str, Resource] = field(default_factory=dict)
    """Top of a path, in lower case → its definition."""

    def supports(self, feature: str) -> bool:
        """Tell whether the service says that it supports something: `patch`, `filter`, `sort`, `etag`."""
        found = get(self.config, feature)
        return isinstance(found, dict) and get(found, "supported") is True

    def without(self, features: Iterable[str]) -> "Profile":
        """Give the profile of a service of which some features are not to be used."""
        unsupported = {key_of(self.config, name): {"supported": False} for name in features}
        return replace(self, config={**self.config, **unsupported})

    @property
    def has_cursors(self) -> bool:
        """Tell whether its lists are read on by a cursor (RFC 9865)."""
        found = get(self.config, "pagination")
        return isinstance(found, dict) and get(found, "cursor") is True

    @property
    def most(self) -> int | None:
        """Give how many resources it gives at once, where it says so."""
        found = get(get(self.config, "filter") or {}, "maxResults")
        return found if isinstance(found, int) and found > 0 else None

    def definition_of(self, path: Path) -> Resource | None:
        """Give how the schema defines what stands at a path; None where it says nothing."""
        found = self.top_of(path)
        if found is None:
            return None
        subs = get(found, "subAttributes") or []
        if not subs:
            return found
        wanted = (path.sub or "value").lower()
        return next((one for one in subs if str(get(one, "name")).lower() == wanted), None)

    def top_of(self, path: Path) -> Resource | None:
        """Give how the schema defines the attribute itself; None where it says nothing."""
        return self.attributes.get(path.top.lower())

    def meant(self, path: Path) -> Path:
        """Give a path as it is meant: without the URN that goes without saying, with the sub-attribute that does."""
        if path.urn is not None and path.urn.lower() == self.schema.lower():
            path = path._replace(urn=None, text=path.text[len(path.urn) + 1 :])
        subs = get(self.top_of(path), "subAttributes") or []
        if path.sub is None and any(str(get(one, "name")).lower() == DEFAULT for one in subs):
            path = path._replace(sub=DEFAULT, text=f"{path.text}.{DEFAULT}")
        return path

    def is_exact(self, path: Path) -> bool:
        """Tell whether values that differ in case are different; unless the schema says so, only those of ids are."""
        said = get(self.definition_of(path), "caseExact")
        return said is True or (said is None and path.top.lower() in ("id", "externalid"))

    def is_many(self, path: Path) -> bool | None:
        """Tell whether an attribute has many values; None where the schema says nothing."""
        found = self.top_of(path)
        return None if found is None else bool(get(found, "multiValued")) and not path.terms

    def kind_of(self, path: Path) -> str:
        """Give the type of the values at a path."""
        found = self.definition_of(path)
        return _KINDS.get(str(get(found or {}, "type") or "").lower(), "text")

    def described(self) -> Iterator[SchemaAttribute]:
        """Give every path that a rule can use."""
        for top, definition in self.attributes.items():
            name = str(definition.get(_WHOLE) or get(definition, "name") or top)
            many = bool(get(definition, "multiValued"))
            subs = [
                one for one in get(definition, "subAttributes") or [] if get(one, "name") not in ("$ref", "display")
            ]
            if not subs:
                yield _described(name, definition, many=many)
            for sub in subs:
                yield _described(f"{name}.{get(sub, 'name')}", sub, many=many, of=definition)
            kinds = next((get(one, "canonicalValues") for one in subs if get(one, "name") == "type"), None)
            for kind in kinds or ():
                yield _described(f'{name}[type eq "{kind}"].value', subs[0], many=False, of=definition)


def _described(name: str, definition: Resource, *, many: bool, of: Resource | None = None) -> SchemaAttribute:
    kind = str(get(definition, "type") or "")
    fixed = any(str(get(one, "mutability")).lower() == "readonly" for one in (definition, of or {}))
    exact = get(definition, "caseExact") is True or kind.lower() not in ("string", "")
    required = get(definition, "required") is True and (of is None or get(of, "required") is True)
    matching = "exact" if exact else "case_ignore"
    return SchemaAttribute(name, _KINDS.get(kind.lower(), "text"), many, matching, required, fixed, kind)


async def read_profiles(service: Service, resources: Iterable[str]) -> dict[str, Profile]:
    """Ask a service about some types of resources. Raises `StepFailed`."""
    config = (await _asked(service, "/ServiceProviderConfig")).document
    kinds = _listed(await _asked(service, "/ResourceTypes"))
    schemas = {str(get(one, "id")): one for one in _listed(await _asked(service, "/Schemas"))}
    return {resource: _profile(resource, config, kinds, schemas) for resource in set(resources)}


async def resource_types(service: Service) -> list[str]:
    """Ask a service which types of resources it has; none where it does not say. Raises `StepFailed`."""
    return [str(get(one, "name")) for one in _listed(await _asked(service, "/ResourceTypes")) if get(one, "name")]


async def _asked(service: Service, path: str) -> Answer:
    """Ask what need not be there. Raises `CannotConnect` for any other refusal."""
    answer = await service.ask(path)
    if answer.status in _NOT_THERE:
        return Answer(answer.status, {})
    if answer.status >= 400:
        raise CannotConnect(f"{path}: {answer.detail}")
    return answer


def _listed(answer: Answer) -> list[Resource]:
    found = get(answer.document, "Resources") or []
    return [one for one in found if isinstance(one, dict)]


def _profile(resource: str, config: Resource, kinds: list[Resource], schemas: dict[str, Resource]) -> Profile:
    """Put together what is said of a type of resources. Raises `CannotConnect` where it is none of the service's."""
    named = {str(get(one, "name")).lower(): one for one in kinds}
    kind = named.get(resource.lower())
    if kinds and kind is None:
        there = ", ".join(sorted(str(get(one, "name")) for one in kinds))
        raise CannotConnect(f"there is no resource type '{resource}'; there are: {there}")
    kind = kind or {"endpoint": f"/{resource}s", "schema": f"{CORE}{resource}"}
    schema = str(get(kind, "schema"))
    attributes = {str(get(one, "name")).lower(): one for one in _attributes(schemas, schema)}
    for extension in get(kind, "schemaExtensions") or []:
        urn = str(get(extension, "schema"))
        for one in _attributes(schemas, urn):
            whole = f"{urn}:{get(one, 'name')}"
            attributes[whole.lower()] = {**one, _WHOLE: whole}
    endpoint = "/" + str(get(kind, "endpoint")).rstrip("/").rsplit("/", 1)[-1]
    return Profile(endpoint, schema, config, attributes)


def _attributes(schemas: dict[str, Resource], urn: str) -> list[Resource]:
    found: Any = get(schemas.get(urn, {}), "attributes")
    return found if isinstance(found, list) else []
