"""The `ldap` connector: a directory server, read in pages and written with several operations in flight."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from engine.configuration.models import SystemConfig
from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportRequest,
    ImportRestart,
    SchemaAttribute,
)
from engine.connectors.directory_types import why_no_flow
from engine.connectors.initial_passwords import PasswordPolicy, make_passwords
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.check import check_lines
from engine.connectors.ldap.copy import copy_directory
from engine.connectors.ldap.delta import Delta, NoDelta
from engine.connectors.ldap.link import Search, Unfit
from engine.connectors.ldap.options import LdapObjectOptions, LdapOptions, initial_password_of
from engine.connectors.ldap.reading import Incomplete, Pages, Reading, base_of, class_filter, read_pages
from engine.connectors.ldap.refusals import overheard
from engine.connectors.ldap.replicas import Replicas
from engine.connectors.ldap.schema import read_schema
from engine.connectors.ldap.session import Session, TriedInVain
from engine.connectors.ldap.writing import LdapWriter
from engine.connectors.ldap.writing_apart import Begin, WriterApart, begin_with
from engine.connectors.password_delivery import refuse_unusable
from engine.errors import CannotConnect, ConnectionLost, ObjectError, StepFailed, Undelivered
from engine.values import dn
from storage.fingerprints import Fingerprints
from storage.records import Attributes, ChangeType

Given = TypeVar("Given")
NOBODY_WOULD_KNOW = (
    "nobody would know the password: give [systems.{system}.objects.{type}] an initial_password with 'deliver'"
)


class LdapConnector(Connector):
    """The entries of a directory server as objects."""

    capabilities = Capabilities(writes=True, batch_size=1000, delta=True)
    Options = LdapOptions
    ObjectOptions = LdapObjectOptions
    refuses_flow = staticmethod(why_no_flow)
    hiding = "stands there, and not on the replica that was read: let that hold everything, or correct 'read_urls'"

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: LdapOptions = system.options
        self._session = Session(name, self.options, folder, self.notes)
        self._reading = Reading(self._session, system)
        self._delta = Delta(self._session, system, self._reading)
        self._replicas = Replicas(self._session, system)
        self._source = self._session
        """Whom the import that goes on reads."""
        self._writer: LdapWriter | None = None
        self._apart = WriterApart(self._begin_apart, self.notes, self._session.stop)

    async def __aenter__(self) -> Self:
        await self._waiting(self._session.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._waiting(self._close)

    def _close(self) -> None:
        self._apart.close()
        self._replicas.close()
        self._session.close()

    def abandon(self) -> None:
        self._session.stop.set()

    async def _waiting(self, what: Callable[..., Given], *arguments: Any) -> Given:
        """Do in a thread what waits for the server; one that is cancelled is waited for, and waits no longer itself."""
        task = asyncio.ensure_future(asyncio.to_thread(what, *arguments))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.abandon()
            await asyncio.gather(task, return_exceptions=True)
            raise

    # -------------------------------------------------------------- looking

    async def test(self) -> list[CheckLine]:
        try:
            return await self._waiting(self._test)
        except StepFailed as error:
            return [CheckLine(False, "connection", str(error))]
        except (Unfit, WireError) as error:
            told = f"{self.options.url} sent what is not understood: {error}; look into its log, or correct url"
            return [CheckLine(False, "connection", told)]
        finally:
            await self._waiting(self._session.close)

    def _test(self) -> list[CheckLine]:
        self._session.open()
        lines = list(check_lines(self._session, self.system, self._reading, self._delta.offer()))
        lines += [*self._other_servers(), *self._replicas.check(), *self._deliveries()]
        return [*lines, *(CheckLine(True, "client", note) for note in self.notes)]

    def _other_servers(self) -> Iterator[CheckLine]:
        """Tell of each server that is asked where the first does not answer whether it would."""
        for options in self.options.servers():
            if options.url == self._session.options.url:
                continue
            other = Session(self.name, options, self.folder, [], self._session.stop)
            try:
                other.open()
            except StepFailed as error:
                yield CheckLine(False, "server", f"{options.url}: {error}")
            else:
                yield CheckLine(True, "server", f"{options.url} as {options.who}")
            finally:
                other.close()

    def _deliveries(self) -> Iterator[CheckLine]:
        """Tell of each type whose new accounts get passwords of their own whether those could be delivered."""
        for kind, settings in self.system.objects.items():
            policy = initial_password_of(settings)
            if policy is not None and (refused := overheard(self._session)) is not None:
                yield CheckLine(False, kind, f"no account could be created: {refused.message}; {refused.advice}")
                continue
            if not isinstance(policy, PasswordPolicy):
                continue
            try:
                refuse_unusable(policy.deliver, self._session.folder)
                make_passwords(policy, self._session.folder, 1)
            except StepFailed as failure:
                yield CheckLine(False, kind, f"nobody would get the password of a new account: {failure}")
            else:
                yield CheckLine(True, kind, "the passwords of new accounts can be delivered")

    async def discover_schema(self) -> dict[str, list[str]]:
        described = await self.describe_schema()
        return {kind: [one.name for one in found] for kind, found in described.items()}

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        was_open = self._session.is_open
        try:
            schema = await self._waiting(read_schema, self._session)
        finally:
            if not was_open:
                await self._waiting(self._session.close)
        return {
            kind: schema.attributes_of(settings.options.object_class) for kind, settings in self.system.objects.items()
        }

    # -------------------------------------------------------------- reading

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        events = self._import(request)
        while (event := await self._waiting(next, events, None)) is not None:
            yield event
            if isinstance(event, ImportEnd):
                return  # nobody waits for what is behind it, and is taken for somebody who gave up

    def looks_for(self, object_type: str) -> str:
        return class_filter(self.system.objects[object_type])

    def _import(self, request: ImportRequest) -> Iterator[ImportEvent]:
        """Read what is asked for; again on a new connection before anything came, or by ldap3 where ours does not fit.

        Raises `ConnectionLost` or `CannotConnect`.
        """
        for left in self._session.attempts():
            begun = False
            self._source = self._session
            try:
                for event in self._changed_or_all(request):
                    begun = True
                    yield event
            except Unfit as error:
                if self._source is self._session:
                    self._session.fall_back(str(error))
                else:
                    self._replicas.give_up(str(error))
                if begun:
                    yield ImportRestart()
                yield from self._import(request)
                return
            except TriedInVain:
                raise
            except ConnectionLost as error:
                self._source.close()
                if begun or not left:
                    raise ConnectionLost(self._session.named(error)) from error
            else:
                return

    def _changed_or_all(self, request: ImportRequest) -> Iterator[ImportEvent]:
        if request.watermark is not None:
            begun = False
            for event in self._delta.changes(request, request.page_size):
                if isinstance(event, NoDelta):
                    self.notes.append(f"everything was read, not only what changed: {event.reason}")
                    if begun:
                        yield ImportRestart()
                    break
                begun = True
                yield event
                if isinstance(event, ImportEnd):
                    return
        yield from self._all(request)

    def _all(self, request: ImportRequest) -> Iterator[ImportEvent]:
        watermark = self._delta.mark(request)
        reading = self._reading
        replica = None if request.newest else self._replicas.current()
        if replica is not None:
            self._source, reading = replica, Reading(replica, self.system)
        partitions = {kind: dn.key(base_of(self.system, own)) for kind, own in self.system.objects.items()}
        for kind, used in request.types.items():
            for page in reading.pages(kind, used, request.page_size, request.fingerprints or Fingerprints()):
                if isinstance(page, Incomplete):
                    yield ImportEnd(complete=False, partitions=partitions, reason=page.reason)
                    return
                yield page
        yield ImportEnd(complete=True, partitions=partitions, watermark=watermark)

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        """Ask the primary for those whom a replica did not hold: it may hold a part alone."""
        if self._source is self._session:
            return {}
        return await self._waiting(self._on_primary, object_type, external_ids)

    def _on_primary(self, kind: str, external_ids: frozenset[str]) -> dict[str, str]:
        found = ((one, self._reading.one(kind, one, None, frozenset())) for one in sorted(external_ids))
        return {one: f"{self._session.options.url}: {there.secondary_id}" for one, there in found if there is not None}

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        return await self._waiting(self._reading.one, object_type, external_id, secondary_id, attributes)

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        return await self._waiting(copy_directory, self.name, self.system, folder, used, self._pages)

    def _pages(self, base: str, filter_: str, attributes: Sequence[str]) -> Pages:
        return read_pages(self._session, Search(base, filter_, attributes), self.options.page_size)

    # -------------------------------------------------------------- writing

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        return await self._waiting(self._export, operations)

    def _export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        if any(self._gets_password(one) for one in operations):
            return self._apart.export(operations)
        try:
            return self._writing().export(operations)
        except CannotConnect as error:
            raise ConnectionLost(str(error)) from error

    def _gets_password(self, operation: ExportOperation) -> bool:
        """Tell whether an entry is created with a password, which this process is never to hold."""
        is_created = operation.change_type == ChangeType.CREATE
        return is_created and initial_password_of(self.system.objects[operation.type]) is not None

    def _begin_apart(self) -> Begin:
        return begin_with(self.name, self.system, self._session.options, self.folder)

    def _writing(self) -> LdapWriter:
        if self._writer is None:
            self._writer = LdapWriter(self._session, self.system, read_schema(self._session))
        return self._writer

    async def reset_password(
        self, object_type: str, *, external_id: str | None, secondary_id: str | None, attributes: Attributes
    ) -> ObjectError | None:
        policy = initial_password_of(self.system.objects[object_type])
        if not isinstance(policy, PasswordPolicy):
            raise StepFailed(NOBODY_WOULD_KNOW.format(system=self.name, type=object_type))
        meant = ExportOperation(0, ChangeType.UPDATE, object_type, external_id, secondary_id, attributes=attributes)
        result = await self._waiting(self._apart.reset_password, meant, policy)
        if result.undelivered:
            raise Undelivered(f"it has another password, and nobody got it: {result.undelivered}; reset it again")
        return result.error

    def delivers_afterwards(self, object_type: str) -> bool:
        policy = initial_password_of(self.system.objects[object_type])
        return isinstance(policy, PasswordPolicy) and policy.deliver.comes_after
