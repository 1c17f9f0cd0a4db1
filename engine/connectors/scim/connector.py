"""The `scim` connector: users, groups and other resources of a SCIM 2.0 service (RFC 7643, 7644)."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.configuration.models import SystemConfig
from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportPage,
    ImportRequest,
    ImportRestart,
    SchemaAttribute,
)
from engine.connectors.files import Refused
from engine.connectors.scim.answers import BrokenOver
from engine.connectors.scim.bulk import Limits, write_in_bulk
from engine.connectors.scim.options import ScimObjectOptions, ScimOptions
from engine.connectors.scim.profile import Profile, read_profiles
from engine.connectors.scim.reading import Shifted, TypeReader
from engine.connectors.scim.service import Service
from engine.connectors.scim.writing import Writing
from engine.errors import CannotConnect, ConnectionLost, StepFailed

_FEW = 3
"""So many changes at once may be those over which a service breaks down, though it has not accepted any other."""
NO_DELETES = "delta goes by meta.lastModified, and cannot see what was deleted: that takes a full import"


class ScimConnector(Connector):
    """The resources of one service."""

    capabilities = Capabilities(writes=True, batch_size=100, delta=True)
    Options = ScimOptions
    ObjectOptions = ScimObjectOptions
    hiding = "is there all the same: it moved from one page to another while they were read; import again"

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: ScimOptions = system.options
        self._service = Service(name, self.options, folder)
        self._profiles: dict[str, Profile] = {}
        """Resource type → what the service says of it."""
        self._has_written = False
        """Whether it has ever accepted a change."""

    async def __aenter__(self) -> Self:
        """Sign in, and ask the service what it can do. Raises `CannotConnect` or `CredentialsRefused`."""
        try:
            await self._service.open()
            resources = [self._own(kind).resource for kind in self.system.objects]
            found = await read_profiles(self._service, resources)
            self._profiles = {name: profile.without(self.options.unused()) for name, profile in found.items()}
        except ConnectionLost as error:
            await self._service.close()
            raise CannotConnect(str(error)) from error
        except BaseException:
            await self._service.close()
            raise
        can_filter = all(profile.supports("filter") for profile in self._profiles.values())
        self.capabilities = Capabilities(writes=True, batch_size=100, delta=can_filter)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._service.close()

    def abandon(self) -> None:
        self._service.abandon()

    def _own(self, kind: str) -> ScimObjectOptions:
        own: ScimObjectOptions = self.system.objects[kind].options
        return own

    def _reader(self, kind: str, used: frozenset[str] = frozenset()) -> TypeReader:
        """Make the reader of a type. Raises `CannotConnect`."""
        if not self._profiles:
            raise CannotConnect(f"{self.name}: it was not opened")
        profile = self._profiles[self._own(kind).resource]
        return TypeReader(self._service, profile, kind, self.system.objects[kind], used)

    # ------------------------------------------------------------------ what there is

    async def test(self) -> list[CheckLine]:
        try:
            async with self:
                return await self._test()
        except StepFailed as error:
            return [CheckLine(False, "service", str(error))]

    async def _test(self) -> list[CheckLine]:
        lines = []
        for kind in self.system.objects:
            reader = self._reader(kind)
            profile = reader.profile
            answer = await self._service.ask(profile.endpoint, {"startIndex": "1", "count": "1"})
            if answer.status != 200:
                lines.append(CheckLine(False, kind, f"{profile.endpoint}: {answer.detail}"))
                continue
            can = [one for one in ("patch", "filter", "sort", "etag", "bulk") if profile.supports(one)]
            total = answer.document.get("totalResults")
            told = f"{profile.endpoint}: {total} resources; the service has {', '.join(can) or 'none of the extras'}"
            lines.append(CheckLine(True, kind, told))
            lines += self._doubts(kind, profile)
        return lines

    def _doubts(self, kind: str, profile: Profile) -> list[CheckLine]:
        """Tell what an operator should know before the first run."""
        settings, lines = self.system.objects[kind], []
        if settings.external_id.lower() == "id" and settings.secondary_external_id is None:
            told = (
                'nothing is created without secondary_external_id, such as "userName": lost answers are looked up by it'
            )
            lines.append(CheckLine(True, kind, told))
        sought = settings.secondary_external_id
        if settings.external_id.lower() != "id":
            sought = settings.external_id
        if sought is not None and not profile.supports("filter"):
            told = f"the service cannot look for {sought}: it has no filter"
            lines.append(CheckLine(False, kind, told))
        if profile.supports("filter"):
            lines.append(CheckLine(True, kind, NO_DELETES))
        return lines

    async def discover_schema(self) -> dict[str, list[str]]:
        return {kind: [one.name for one in found] for kind, found in (await self.describe_schema()).items()}

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        if not self._profiles:
            async with self:
                return await self.describe_schema()
        return {kind: self._described(kind) for kind in self.system.objects}

    def _described(self, kind: str) -> list[SchemaAttribute]:
        """Give the attributes of a type, by their paths and by the names that the configuration gives them.

        Nothing where the service says nothing of its schemas: then anything may be there.
        """
        own, profile = self._own(kind), self._profiles[self._own(kind).resource]
        if not profile.attributes:
            return []
        found = {one.name.lower(): one for one in profile.described()}
        ids = [SchemaAttribute(name, multi=False, read_only=name != "externalId") for name in ("id", "externalId")]
        named = [
            found[path.lower()]._replace(name=name) if path.lower() in found else SchemaAttribute(name)
            for name, path in own.paths.items()
        ]
        second = (self.system.objects[kind].secondary_external_id or "").lower()
        described = [*ids, *found.values(), *named]
        # the rule's dn gives it, and no flow has to
        return [one._replace(required=False) if one.name.lower() == second else one for one in described]

    # ------------------------------------------------------------------ import

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        readers = [self._reader(kind, used) for kind, used in request.types.items()]
        since = self._read_watermark(request.watermark)
        try:
            async for page in self._pages(readers, request.page_size, since):
                yield page
        except Shifted as shifted:
            yield ImportRestart()
            since = {}
            try:
                async for page in self._pages(readers, request.page_size, since):
                    yield page
            except Shifted as again:
                yield ImportEnd(complete=False, reason=f"{shifted}; and once more: {again}")
                return
        yield ImportEnd(complete=True, full=not since, watermark=_written_watermark(readers, since))

    async def _pages(
        self, readers: Sequence[TypeReader], size: int, since: dict[str, str]
    ) -> AsyncIterator[ImportPage]:
        for reader in readers:
            condition = f'meta.lastModified ge "{since[reader.kind]}"' if since else None
            async for page in reader.pages(size, condition):
                yield ImportPage(page)

    def _read_watermark(self, text: str | None) -> dict[str, str]:
        """Give from when on to read, type by type, with some overlap; nothing where all of it is to be read."""
        if text is None or not self.capabilities.delta:
            return {}
        try:
            known = {str(kind): datetime.fromisoformat(at) for kind, at in json.loads(text).items()}
            since = {kind: (at.astimezone(UTC) - self.options.overlap) for kind, at in known.items()}
        except (ValueError, TypeError, AttributeError, OverflowError):
            since = {}
        if set(since) != set(self.system.objects):
            self.notes.append("everything was read, not only what changed: where to go on is not known any more")
            return {}
        return {kind: at.strftime("%Y-%m-%dT%H:%M:%SZ") for kind, at in since.items()}

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        """Ask for those whom no page held: they may have moved from one to another while both were read."""
        reader = self._reader(object_type)

        async def look(one: str) -> tuple[str, str]:
            try:
                found = await reader.find(one, None)
            except Refused as refusal:
                return one, f"{reader.profile.endpoint}/{one} ({refusal})"
            return one, f"{reader.profile.endpoint}/{one}" if found is not None else ""

        places = await asyncio.gather(*map(look, sorted(external_ids)))
        return {one: place for one, place in places if place}

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        reader = self._reader(object_type, attributes)
        try:
            found = await reader.find(external_id, secondary_id)
        except Refused as refusal:
            if external_id is None:
                raise ConnectionLost(f"{self.name}: {secondary_id}: {refusal}") from refusal
            return ImportedObject(object_type, external_id, {}, secondary_id, error=refusal.error)
        return None if found is None else reader.object_of(found[0])

    # ------------------------------------------------------------------ export

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        readers = {kind: self._reader(kind) for kind in {one.type for one in operations}}
        writings = [Writing(readers[one.type], one) for one in operations]
        config = next((one.config for one in self._profiles.values()), {})
        limits = Limits.of(config)
        if limits is not None and len(writings) > 1:
            done = await write_in_bulk(self._service, limits, writings)
        else:
            done = await asyncio.gather(*(one.result() for one in writings), return_exceptions=True)
        done = await self._told_apart(writings, done)
        results = [one for one in done if isinstance(one, ExportResult)]
        for failure in done:
            if isinstance(failure, StepFailed):
                raise ConnectionLost(str(failure), results) from failure
            if isinstance(failure, Exception):
                raise ConnectionLost(f"{self.name}: {type(failure).__name__}: {failure}", results) from failure
            if isinstance(failure, BaseException):
                raise failure
        return results

    async def _told_apart(
        self, writings: list[Writing], done: list[ExportResult | BaseException]
    ) -> list[ExportResult | BaseException]:
        """Tell a service that breaks down over some objects, whose own errors those are, from one that fails."""
        broken = [one for one in done if isinstance(one, BrokenOver)]
        self._has_written |= any(isinstance(one, ExportResult) and one.error is None for one in done)
        if not broken or not (self._has_written or len(broken) <= _FEW) or not await self._service.answers():
            return done
        over = {at: writings[at].broken(one) for at, one in enumerate(done) if isinstance(one, BrokenOver)}
        told = dict(zip(over, await asyncio.gather(*over.values()), strict=True))
        return [told.get(at, one) for at, one in enumerate(done)]


def _written_watermark(readers: Sequence[TypeReader], since: dict[str, str]) -> str | None:
    """Write down where a delta import can go on; None where a resource did not tell when it was changed."""
    newest = {one.kind: one.newest.isoformat() if one.newest else since.get(one.kind) for one in readers}
    return None if not all(newest.values()) else json.dumps(newest)
