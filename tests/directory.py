"""The `ldap` connector, made as the configuration makes it, and driven through its protocol."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.base import (
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportPage,
    ImportRequest,
    ImportRestart,
)
from engine.connectors.directory_types import DirectoryObjectOptions
from engine.connectors.ldap.connector import LdapConnector
from engine.connectors.ldap.options import LdapOptions
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd

CLIENTS = ("auto", "ldap3")
"""Our own reader and writer, and the fall-back."""
UNITS = "".join(
    f"dn: ou={name},{SUFFIX}\nobjectClass: organizationalUnit\nou: {name}\n\n" for name in ("people", "groups")
)
Given = TypeVar("Given")
TYPES = {"person": "inetOrgPerson", "group": "groupOfNames", "unit": "organizationalUnit"}


def person(uid: str, **more: str) -> str:
    lines = {"cn": uid, "sn": uid, "uid": uid} | more
    body = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return f"dn: uid={uid},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\n{body}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Slapd]:
    """A directory with a unit for people and one for groups, and nobody in it."""
    with Slapd(tmp_path / "slapd").start() as server:
        server.add("\n".join([BASE, UNITS]))
        yield server


@contextmanager
def serving(home: Path, how_many: int) -> Iterator[Slapd]:
    """Run a directory below a folder, with so many people: u0, u1, …"""
    server = Slapd(home / "slapd")
    (home / "some.ldif").write_text("\n".join([BASE, UNITS + "".join(person(f"u{one}") for one in range(how_many))]))
    server.load(home / "some.ldif")
    server.start()
    yield server
    server.stop()


def accounts(slapd: Slapd, *, dn: str, flow: dict[str, str], types: str = "", system: str = "") -> str:
    """Give a configuration that makes an account for each row of `hr.csv`, whose columns are those of the flow."""
    columns = "\n".join(f'{name} = "{name}"' for name in dict.fromkeys(["id", *flow.values()]))
    flows = "\n".join(f'{name} = "{column}"' for name, column in {"cn": "id", "sn": "id", "uid": "id", **flow}.items())
    return f"""
[systems.hr]
connector = "csv"
[systems.hr.objects.person]
path = "hr.csv"
external_id = "id"
[systems.directory]
connector = "ldap"
url = "{slapd.url}"
base = "{SUFFIX}"
bind_dn = "{ADMIN}"
password = {{ env = "DIRECTORY_PASSWORD" }}
{system}
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
attributes = {{ {types} }}
[metaverse.person]
[[rules]]
name = "people"
from = "hr.person"
to = "metaverse.person"
project = true
[rules.flow]
{columns}
[[rules]]
name = "accounts"
from = "metaverse.person"
to = "directory.person"
provision = true
dn = "{dn}"
[rules.flow]
{flows}
"""


def connector_to(
    url: str,
    folder: Path,
    *,
    types: tuple[str, ...] = ("person",),
    attributes: dict[str, Any] | None = None,
    **options: Any,
) -> LdapConnector:
    """Make a connector as the administrator, with a password from a file of its own."""
    if "sasl" not in options:
        secret = folder / "password"
        if not secret.exists():
            secret.write_text(PASSWORD)
            secret.chmod(0o600)
        options = {"bind_dn": ADMIN, "password": {"file": str(secret)}} | options
    objects = {
        kind: ObjectTypeConfig(
            external_id="entryUUID",
            secondary_external_id="dn",
            attributes=attributes or {},
            options=DirectoryObjectOptions(object_class=[TYPES[kind]]),
        )
        for kind in types
    }
    settings = {"url": url, "base": SUFFIX, "reconnects": 0} | options
    system = SystemConfig(connector="ldap", objects=objects, options=LdapOptions(**settings))
    return LdapConnector("directory", system, folder)


def using(connector: LdapConnector, what: Callable[[LdapConnector], Coroutine[Any, Any, Given]]) -> Given:
    """Enter a connector and do something with it."""

    async def enter() -> Given:
        async with connector:
            return await what(connector)

    return asyncio.run(enter())


def read_one(
    connector: LdapConnector, *names: str, external_id: str | None = None, secondary_id: str | None = None
) -> ImportedObject | None:
    """Read one person, whom an id or a name leads to."""
    wanted = frozenset(names)
    return using(
        connector,
        lambda it: it.read_object("person", external_id=external_id, secondary_id=secondary_id, attributes=wanted),
    )


class Imported:
    """What an import gave."""

    def __init__(self, events: list[ImportEvent]) -> None:
        assert isinstance(events[-1], ImportEnd)
        self.end: ImportEnd = events[-1]
        since = max((index for index, event in enumerate(events) if isinstance(event, ImportRestart)), default=-1)
        pages = [event for event in events[since + 1 :] if isinstance(event, ImportPage)]
        self.restarted = since >= 0
        self.pages = len(pages)
        self.objects = [one for page in pages for one in page.objects]
        self.deleted = {one.external_id for page in pages for one in page.deleted}

    def by_uid(self) -> dict[str, ImportedObject]:
        return {one.attributes["uid"][0]: one for one in self.objects}


def read_all(
    connector: LdapConnector, *names: str, watermark: str | None = None, page_size: int = 5000, kind: str = "person"
) -> Imported:
    """Import everything of a type, or with a watermark what changed since."""
    types = {kind: frozenset(names or ("uid", "cn"))}

    async def collect(one: LdapConnector) -> list[ImportEvent]:
        return [event async for event in one.import_objects(ImportRequest(types, {}, page_size, watermark))]

    return Imported(using(connector, collect))


def write(connector: LdapConnector, *operations: ExportOperation) -> dict[int, ExportResult]:
    results = using(connector, lambda one: one.export(operations))
    return {result.id: result for result in results}
