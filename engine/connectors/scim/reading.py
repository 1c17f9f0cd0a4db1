"""Read the resources of a SCIM service: all of a list, page by page, or one."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ImportedObject
from engine.connectors.files import Refused
from engine.connectors.program.values import text_of
from engine.connectors.scim.answers import Answer
from engine.connectors.scim.errors import refused
from engine.connectors.scim.options import ScimObjectOptions
from engine.connectors.scim.paths import Path, Resource, get, quoted
from engine.connectors.scim.profile import Profile
from engine.connectors.scim.service import Service
from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused, ObjectError
from engine.values import typed
from engine.values.seen import Seen
from engine.values.typed import InvalidValue
from storage.records import Attributes

_GONE = frozenset({404, 410})


class Shifted(Exception):
    """Pages moved while they were read: whoever is not seen need not be missing."""


class TypeReader:
    """Reads resources of one type as objects."""

    def __init__(
        self, service: Service, profile: Profile, kind: str, settings: ObjectTypeConfig, used: frozenset[str]
    ) -> None:
        self.service = service
        self.profile = profile
        self.kind = kind
        self.settings = settings
        own: ScimObjectOptions = settings.options
        self._paths = own.paths
        wanted = {*used, settings.external_id, *filter(None, [settings.secondary_external_id])}
        self._wanted = {name: self.path_of(name) for name in sorted(wanted)}
        self.newest: datetime | None = None
        """The latest change that a resource told of, but none since the reading began; None where one told of none."""
        self._tells_changes = True
        self._began: datetime | None = None

    def path_of(self, name: str) -> Path:
        """Give the path of an attribute. Raises `CannotConnect` where its name is none."""
        try:
            return self.profile.meant(Path.parse(self._paths.get(name, name)))
        except ValueError as error:
            raise CannotConnect(str(error)) from error

    # ------------------------------------------------------------------ lists

    async def pages(self, size: int, condition: str | None = None) -> AsyncGenerator[list[ImportedObject]]:
        """Give all objects of the type, or those that a filter lets through, page by page.

        Raises `Shifted` where the pages do not fit together, `CannotConnect` at the first, `ConnectionLost` behind it.
        """
        self.newest, self._tells_changes, self._began = None, True, None
        seen, count, total = Seen(), 0, None
        async for resources, told in self._lists(min(size, self.profile.most or size), condition):
            if total is not None and told is not None and told != total:
                raise Shifted(f"it had {total:,} {self.profile.endpoint[1:]} at first, and {told:,} while it was read")
            total = told if total is None else total
            count += len(resources)
            for one in resources:
                seen.add(str(get(one, "id")))
                self._note_change(one)
            yield [self.object_of(one) for one in resources]
        if total is not None and count != total:
            raise Shifted(f"it gave {count:,} {self.profile.endpoint[1:]} of the {total:,} that it told of")
        if seen.suspects():
            raise Shifted(f"some of its {self.profile.endpoint[1:]} came twice: they moved while it was read")
        is_empty = count == 0 and condition is None
        self.newest = self._until(self.newest, is_empty=is_empty)

    def _until(self, newest: datetime | None, *, is_empty: bool) -> datetime | None:
        """Give up to when all changes were seen: never later than when the reading began; so it is of nothing, too."""
        if newest is None or self._began is None:
            return self._began if is_empty else newest
        return min(newest, self._began)

    def _note_change(self, resource: Resource) -> None:
        changed = _moment(get(get(resource, "meta"), "lastModified"))
        if changed is None or not self._tells_changes:
            self.newest, self._tells_changes = None, False
        else:
            self.newest = max(self.newest or changed, changed)

    def _begin(self, answer: Answer) -> None:
        """Note when the reading began, by the clock of the service: what changes after that may be passed over."""
        if self._began is None:
            self._began = answer.at

    async def _lists(self, size: int, condition: str | None) -> AsyncGenerator[tuple[list[Resource], int | None]]:
        """Give the resources of every page, and how many there are in all where that is told."""
        query = {"filter": condition} if condition else {}
        if self.profile.has_cursors:
            async for page in self._by_cursor(query, size):
                yield page
            return
        if self.profile.supports("sort"):
            query["sortBy"] = "id"  # what comes and goes meanwhile moves fewer of the others
        start, is_first = 1, True
        while True:
            answer = await self.service.ask(
                self.profile.endpoint, {**query, "startIndex": str(start), "count": str(size)}
            )
            if is_first and answer.status == 400 and query.pop("sortBy", ""):
                continue
            resources, total = self._understood(answer, is_first=is_first)
            if total is None:
                raise ConnectionLost(f"{self.profile.endpoint}: the answer has no totalResults: it is no list")
            is_first = False
            yield resources, total
            start += len(resources)
            if not resources or start > total:
                return

    async def _by_cursor(self, query: dict[str, str], size: int) -> AsyncGenerator[tuple[list[Resource], int | None]]:
        cursor, known = "", set[str]()
        while cursor not in known:
            known.add(cursor)
            answer = await self.service.ask(self.profile.endpoint, {**query, "cursor": cursor, "count": str(size)})
            resources, total = self._understood(answer, is_first=not cursor)
            yield resources, total
            following = get(answer.document, "nextCursor")
            if not following:
                return
            cursor = str(following)
        raise Shifted("a cursor came twice")

    def _understood(self, answer: Answer, *, is_first: bool) -> tuple[list[Resource], int | None]:
        """Give the resources of a page, and the total. Raises `StepFailed`."""
        if answer.status == 400 and str(answer.document.get("scimType", "")).lower() in (
            "invalidcursor",
            "expiredcursor",
        ):
            raise Shifted(answer.detail)
        if answer.status != 200:
            told = f"{self.profile.endpoint}: {answer.detail}"
            if not is_first:
                raise ConnectionLost(told)
            raise CredentialsRefused(told) if answer.status == 403 else CannotConnect(told)
        self._begin(answer)
        found = get(answer.document, "Resources")
        total = get(answer.document, "totalResults")
        if not isinstance(found, list) and not isinstance(total, int):
            raise ConnectionLost(f"{self.profile.endpoint}: the answer is no list")
        resources = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return resources, total if isinstance(total, int) else None

    # ------------------------------------------------------------------ one resource

    async def find(self, external_id: str | None, secondary_id: str | None) -> tuple[Resource, str | None] | None:
        """Look a resource up, with its version; None where there is none.

        Raises `Refused` where the service does not show it, or several are called so, and `StepFailed`.
        """
        identity = self.settings.external_id
        if external_id is not None and identity.lower() == "id":
            answer = await self.service.ask(f"{self.profile.endpoint}/{segment(external_id)}")
            if answer.status in _GONE:
                return None
            if answer.status >= 300:
                raise refused(answer)
            if str(get(answer.document, "id")) != external_id:
                raise ConnectionLost(f"{self.profile.endpoint}/{external_id}: the answer is another resource, or none")
            return answer.document, answer.etag or get(get(answer.document, "meta"), "version")
        by_id = external_id is not None
        name = identity if by_id else self.settings.secondary_external_id
        value = external_id if by_id else secondary_id
        return None if name is None or value is None else await self._find_by(self.path_of(name), value)

    async def _find_by(self, path: Path, value: str) -> tuple[Resource, str | None] | None:
        """Look a resource up by what it holds. Raises likewise."""
        answer = await self.service.ask(self.profile.endpoint, {"filter": f"{path.text} eq {quoted(value)}"})
        if answer.status >= 300:
            raise refused(answer)
        listed = get(answer.document, "Resources")
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        held = [[text_of(one) for one in path.values(resource)] for resource in found]
        if any(value.casefold() not in map(str.casefold, one) for one in held):
            raise ConnectionLost(f"{self.profile.endpoint}: the service does not filter by {path.text}: it gave others")
        exact = [resource for resource, values in zip(found, held, strict=True) if value in values]
        chosen = exact if exact or self.profile.is_exact(path) else found
        if len(chosen) > 1:
            told = f"{len(chosen)} resources have '{value}' as {path.text}"
            raise Refused("duplicate-external-id", told, "give each its own in the service")
        return (chosen[0], get(get(chosen[0], "meta"), "version")) if chosen else None

    def object_of(self, resource: Resource) -> ImportedObject:
        """Make an object of a resource; what cannot be read of it is its error."""
        external_id = self._one_text(resource, self.settings.external_id)
        second = self.settings.secondary_external_id
        one = ImportedObject(
            self.kind,
            external_id,
            {},
            self._one_text(resource, second) if second else None,
            f"{self.profile.endpoint}/{get(resource, 'id')}",
        )
        if external_id is None:
            told = f"the resource has no '{self.settings.external_id}'"
            one.error = ObjectError("missing-external-id", told, "correct it in the service")
            return one
        try:
            one.attributes = self._attributes(resource)
        except InvalidValue as error:
            advice = "correct it in the service, declare its type, or name the part that is meant"
            one.error = ObjectError("syntax-violation", str(error), advice)
        return one

    def _one_text(self, resource: Resource, name: str) -> str | None:
        values = self.path_of(name).values(resource)
        return text_of(values[0]) if len(values) == 1 and values[0] != "" else None

    def _attributes(self, resource: Resource) -> Attributes:
        """Read the attributes that are used. Raises `InvalidValue` with the attribute's name."""
        found: Attributes = {}
        for name, path in self._wanted.items():
            if values := self.values_of(name, path, resource):
                found[name] = values
        return found

    def values_of(self, name: str, path: Path, resource: Resource) -> list[Any]:
        """Read the values of an attribute. Raises `InvalidValue` with its name."""
        kind = self.settings.type_of(name).kind
        try:
            held = path.values(resource)
            _refuse_object(path, held or [path.raw(resource)])
            values = [typed.parse(kind, text_of(one)) for one in held if one != ""]
        except InvalidValue as error:
            raise InvalidValue(f"'{name}': {error}") from error
        return list(dict.fromkeys(values))


def _refuse_object(path: Path, held: list[Any]) -> None:
    """Refuse what has parts of its own, where the path names none of them. Raises `InvalidValue`."""
    whole = next((one for one in held if isinstance(one, dict)), None)
    if whole and path.sub is None:
        parts = ", ".join(f"{path.text}.{name}" for name in whole)
        raise InvalidValue(f"is no single value; it has parts: {parts}")


def _moment(text: Any) -> datetime | None:
    """Read a moment; None for what is none, or names no zone: nobody knows when that was."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def segment(text: str) -> str:
    """Write an id as a part of an address."""
    return quote(text, safe="")
