"""The `ldap` connector: a directory server, read in pages and written with several operations in flight."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPSocketOpenError
from ldap3.utils.conv import escape_filter_chars
from pydantic import Field, field_validator

from engine import dn
from engine.config import Model, ObjectTypeConfig, SystemConfig
from engine.connectors import ldap_results
from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportPage,
    ImportRequest,
)
from engine.connectors.directory import DirectoryObjectOptions, EntryReader
from engine.connectors.ldap_copy import class_filter, copy_directory
from engine.connectors.ldap_writes import LdapWriter
from engine.errors import CannotConnect, ConnectionLost, CredentialsRefused, StepFailed
from engine.secrets import Secret


class LdapOptions(Model):
    """`[systems.NAME]` with `connector = "ldap"`."""

    url: str
    base: str
    bind_dn: str | None = None
    password: Secret | None = None
    tls: Literal["none", "starttls"] = "none"
    """`starttls` encrypts an `ldap://` connection; `ldaps://` is encrypted from the start."""
    ca_file: Path | None = None
    plaintext: Literal["refused", "allowed"] = "refused"
    """Whether a password may go unencrypted to another machine."""
    timeout: float = Field(30, gt=0)
    """Seconds for connecting, and for each answer."""
    page_size: int = Field(1000, ge=1, le=5000)
    in_flight: int = Field(64, ge=1, le=1024)
    """How many operations may wait for their answers."""

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
            raise ValueError(f"'{url}' is not a directory's address: ldap://HOST[:PORT] or ldaps://HOST[:PORT]")
        return url


class LdapConnector(Connector):
    """The entries of a directory server as objects."""

    capabilities: ClassVar[Capabilities] = Capabilities(writes=True, batch_size=500)
    Options = LdapOptions
    ObjectOptions = DirectoryObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: LdapOptions = system.options
        self._reader: Any = None
        self._writer: LdapWriter | None = None

    async def __aenter__(self) -> Self:
        self._reader = await asyncio.to_thread(self._connect, ldap3.SYNC)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (self._reader, self._writer and self._writer.connection):
            if connection is not None:
                await asyncio.to_thread(_unbind, connection)

    def _connect(self, strategy: str) -> Any:
        """Connect and bind. Raises `CannotConnect` or `CredentialsRefused`."""
        options = self.options
        parts = urlsplit(options.url)
        host = parts.hostname or ""
        encrypted = parts.scheme == "ldaps" or options.tls == "starttls"
        password = options.password.reveal(self.folder) if options.password else None
        if password and not encrypted and options.plaintext == "refused" and not _is_loopback(host):
            raise CredentialsRefused(
                f"'{self.name}': the password would go unencrypted to {host}; "
                'use ldaps:// or tls = "starttls" (or plaintext = "allowed", if you must)'
            )
        tls = None
        if encrypted:
            ca_file = str(self.folder / options.ca_file) if options.ca_file else None
            tls = ldap3.Tls(
                validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_file=ca_file, sni=host
            )
        try:
            server = ldap3.Server(
                host,
                port=parts.port or (636 if parts.scheme == "ldaps" else 389),
                use_ssl=parts.scheme == "ldaps",
                tls=tls,
                get_info=ldap3.NONE,
                connect_timeout=options.timeout,
            )
            connection = ldap3.Connection(
                server,
                user=options.bind_dn,
                password=password,
                client_strategy=strategy,
                check_names=False,
                auto_referrals=False,
                auto_encode=False,
                # ldap3's receiving thread spins for ever on a closed socket that has a time-out (2.9.1); answers
                # of the pipelined connection are waited for with a time-out of their own.
                receive_timeout=None if strategy == ldap3.ASYNC else options.timeout,
            )
            connection.open()
            if options.tls == "starttls":
                connection.start_tls()
            self._bind(connection)
        except LDAPSocketOpenError as error:
            raise CannotConnect(f"'{self.name}': no connection to {options.url}: {error}") from error
        except LDAPException as error:
            raise CannotConnect(f"'{self.name}': {options.url}: {error}") from error
        return connection

    def _bind(self, connection: Any) -> None:
        answer = connection.bind()
        result = connection.result
        if not isinstance(answer, bool):
            result = connection.get_response(answer, timeout=self.options.timeout)[1]
        if result and result["result"] in (48, 49, 50):
            error = ldap_results.explain(result)
            raise CredentialsRefused(f"'{self.name}': {self.options.bind_dn}: {error.message}; {error.advice}")
        if result and result["result"] != 0:
            raise CannotConnect(f"'{self.name}': {ldap_results.explain(result).message}")

    async def test(self) -> list[CheckLine]:
        try:
            connection = await asyncio.to_thread(self._connect, ldap3.SYNC)
        except StepFailed as error:
            return [CheckLine(False, "connection", str(error))]
        try:
            lines = [CheckLine(True, "connection", f"{self.options.url} as {self.options.bind_dn or 'anonymous'}")]
            for base in dict.fromkeys(self._base(settings) for settings in self.system.objects.values()):
                connection.search(base, "(objectClass=*)", ldap3.BASE, attributes=[ldap3.NO_ATTRIBUTES])
                found = connection.result["result"] == 0
                message = base if found else ldap_results.explain(connection.result).message
                lines.append(CheckLine(found, "base", f"{base}: {message}" if not found else message))
        except LDAPException as error:
            lines.append(CheckLine(False, "base", str(error)))
        finally:
            _unbind(connection)
        return lines

    async def discover_schema(self) -> dict[str, list[str]]:
        return await asyncio.to_thread(self._discover)

    def _discover(self) -> dict[str, list[str]]:
        """Give the attributes that the object classes of each type may have, as the server's schema says."""
        connection = self._connect(ldap3.SYNC)
        try:
            server = ldap3.Server(connection.server.host, port=connection.server.port, get_info=ldap3.SCHEMA)
            connection.server = server
            server.get_info_from_server(connection)
            known = server.schema.object_classes if server.schema else {}
            return {
                kind: sorted(_allowed(known, settings.options.object_class))
                for kind, settings in self.system.objects.items()
            }
        except LDAPException as error:
            raise CannotConnect(f"'{self.name}': the schema cannot be read: {error}") from error
        finally:
            _unbind(connection)

    def _base(self, settings: ObjectTypeConfig) -> str:
        return settings.options.base or self.options.base

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportPage | ImportEnd]:
        partitions = [dn.key(self._base(settings)) for settings in self.system.objects.values()]
        for kind, used in request.types.items():
            pages = self._pages(kind, used, min(request.page_size, self.options.page_size))
            while (page := await asyncio.to_thread(next, pages, None)) is not None:
                if isinstance(page, str):
                    yield ImportEnd(complete=False, partitions=partitions, reason=page)
                    return
                yield ImportPage(page)
        yield ImportEnd(complete=True, partitions=partitions)

    def _pages(self, kind: str, used: frozenset[str], size: int) -> Iterator[list[ImportedObject] | str]:
        """Read the entries of a type, a page at a time; a text is the reason why the rest is missing."""
        settings = self.system.objects[kind]
        base = self._base(settings)
        reader = EntryReader(kind, settings, used)
        partition = dn.key(base)
        for found in self._entries(base, class_filter(settings), [*used, settings.external_id], size):
            if isinstance(found, str):
                yield found
                return
            page = []
            for entry in found:
                raw = {name.lower(): held for name, held in entry["raw_attributes"].items()}
                one = reader.read(entry["dn"], raw, entry["dn"])
                one.partition = partition
                page.append(one)
            yield page

    def _entries(
        self, base: str, filter_text: str, attributes: Sequence[str], size: int
    ) -> Iterator[list[dict[str, Any]] | str]:
        """Search below a base, a page of entries at a time; a text is the reason why the rest is missing."""
        cookie: bytes | None = None
        while True:
            result = self._search(base, filter_text, list(attributes), size, cookie)
            if result["result"] == 32:
                raise CannotConnect(f"'{self.name}': the base '{base}' does not exist")
            if result["result"] not in (0, *ldap_results.LIMITS):
                raise ConnectionLost(f"'{self.name}': {base}: {ldap_results.explain(result).message}")
            yield [entry for entry in self._reader.response or [] if entry["type"] == "searchResEntry"]
            if result["result"] != 0:
                yield f"{base}: {ldap_results.explain(result).message}"
                return
            cookie = result.get("controls", {}).get("1.2.840.113556.1.4.319", {}).get("value", {}).get("cookie")
            if not cookie:
                return

    def _search(
        self, base: str, filter_text: str, attributes: list[str], size: int | None, cookie: bytes | None
    ) -> dict[str, Any]:
        try:
            self._reader.search(
                base,
                filter_text,
                ldap3.SUBTREE,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=attributes,
                paged_size=size,
                paged_cookie=cookie,
            )
        except LDAPException as error:
            raise ConnectionLost(f"'{self.name}': the connection was lost while reading: {error}") from error
        result: dict[str, Any] = self._reader.result
        return result

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        return await asyncio.to_thread(self._read, object_type, external_id, secondary_id, attributes)

    def _read(
        self, object_type: str, external_id: str | None, secondary_id: str | None, names: frozenset[str]
    ) -> ImportedObject | None:
        settings = self.system.objects[object_type]
        wanted = [*names, settings.external_id]
        entries: list[Any] = []
        if external_id is not None:
            by_id = f"({settings.external_id}={escape_filter_chars(external_id)})"
            self._search(self._base(settings), by_id, wanted, None, None)
            entries = self._reader.response or []
        if not entries and secondary_id is not None:
            try:
                self._reader.search(secondary_id, "(objectClass=*)", ldap3.BASE, attributes=wanted)
            except LDAPException as error:
                raise ConnectionLost(f"'{self.name}': the connection was lost while reading: {error}") from error
            entries = self._reader.response or []
        found = [entry for entry in entries if entry["type"] == "searchResEntry"]
        if not found:
            return None
        raw = {name.lower(): held for name, held in found[0]["raw_attributes"].items()}
        return EntryReader(object_type, settings, names).read(found[0]["dn"], raw, found[0]["dn"])

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        return await asyncio.to_thread(copy_directory, self.name, self.system, folder, used, self._entries)

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        return await asyncio.to_thread(self._export, operations)

    def _export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        try:
            if self._writer is None:
                connection = self._connect(ldap3.ASYNC)
                options = self.options
                self._writer = LdapWriter(
                    connection, self._reader, self.system.objects, options.timeout, options.in_flight
                )
            return self._writer.export(operations)
        except (LDAPException, CannotConnect) as error:
            raise ConnectionLost(f"'{self.name}': {error}") from error


def _allowed(known: Any, classes: Sequence[str]) -> set[str]:
    """Collect what object classes and their superiors require and allow."""
    names: set[str] = set()
    for name in classes:
        if name in known:
            found = known[name]
            names.update([*(found.must_contain or []), *(found.may_contain or [])])
            names |= _allowed(known, found.superior or [])
    return names


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unbind(connection: Any) -> None:
    try:
        connection.unbind()
    except LDAPException:
        return  # the server is gone already
