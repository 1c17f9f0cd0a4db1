"""What a directory shows from outside the base is not taken, and nothing is ever written there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.connectors.base import ExportOperation
from engine.connectors.ldap.bases import Within
from storage.records import ChangeType
from tests.directory import connector_to, read_all, write
from tests.faults.test_bad_directories import Office
from tests.integration.test_ldap_writing import create
from tests.scripted import (
    ADD,
    DELETE,
    MODIFY,
    PEOPLE,
    RENAME,
    SEARCH,
    Answer,
    Directory,
    Scripted,
    entry,
    person,
    result,
)
from tests.slapd import SUFFIX

ELSEWHERE = "dc=elsewhere,dc=example"


@pytest.fixture
def directory() -> Iterator[Directory]:
    with Directory() as server:
        yield server


def test_an_entry_from_outside_the_base_is_an_error_and_is_not_taken(directory: Directory, tmp_path: Path) -> None:
    office = Office(tmp_path / "office", directory).fill()

    def moved(number: int) -> bytes:
        """Two people as they were; one outside the base, as is a stranger."""
        below = {"edsger": ELSEWHERE}
        found = [person(number, uid, below.get(uid, SUFFIX)) for uid in PEOPLE]
        found.append(person(number, "mallory", f"cn=x\\,{SUFFIX}"))
        return b"".join(found) + result(number, SEARCH)

    office.directory.turn(moved)
    office.site("step", "import", "directory", status=1)
    errors = office.site.errors()
    assert [one["code"] for one in errors] == ["outside-base"] * 2
    assert all("does not stand below" in one["message"] for one in errors)
    office.site("step", "detect", "directory", status=None)
    office.nobody_is_missing()
    names = {name for (name,) in office.site.query("SELECT secondary_id FROM objects WHERE system = 'directory'")}
    assert not [name for name in names if ELSEWHERE in name or "mallory" in name]


def test_no_write_addresses_what_stands_outside_the_base(tmp_path: Path) -> None:
    asked: list[int] = []

    def script(number: int, operation: int, before: int) -> bytes:
        if operation in (ADD, DELETE, MODIFY, RENAME):
            asked.append(operation)
        return (entry(number, "", {}) if operation == SEARCH and before == 0 else b"") + result(number, operation)

    there = f"uid=ada,{ELSEWHERE}"
    here = f"uid=ada,{SUFFIX}"
    operations = [
        create(1, there, uid=["ada"]),
        ExportOperation(2, ChangeType.UPDATE, "person", None, there, changes=[]),
        ExportOperation(3, ChangeType.UPDATE, "person", None, there, new_secondary_id=here),
        ExportOperation(4, ChangeType.UPDATE, "person", None, here, new_secondary_id=there),
        ExportOperation(5, ChangeType.DELETE, "person", None, there),
    ]
    with Scripted(script) as server:
        results = write(connector_to(server.url, tmp_path), *operations)
    assert asked == []
    codes = {number: one.error.code for number, one in results.items() if one.error}
    assert codes == dict.fromkeys(range(1, 6), "dn-not-determined")


def test_children_that_a_server_makes_up_are_not_deleted(tmp_path: Path) -> None:
    asked: list[bytes] = []

    class Liar(Directory):
        def answer(self, message: bytes, number: int, operation: int, before: int) -> Answer:
            if operation == DELETE:
                asked.append(message)
                return result(number, DELETE, 66)
            if operation == SEARCH and before > 0:
                told = b"" if b"inetOrgPerson" in message else entry(number, f"uid=director,{ELSEWHERE}", {})
                return told + result(number, SEARCH)
            return super().answer(message, number, operation, before)

    operation = ExportOperation(1, ChangeType.DELETE, "person", None, f"uid=ada,{SUFFIX}")
    with Liar() as server:
        results = write(connector_to(server.url, tmp_path, delete_children=True), operation)
    assert results[1].error is not None
    assert asked
    assert not [one for one in asked if b"director" in one]


def test_units_above_the_base_are_not_made(tmp_path: Path) -> None:
    made: list[bytes] = []

    class Bare(Directory):
        def answer(self, message: bytes, number: int, operation: int, before: int) -> Answer:
            if operation == ADD:
                made.append(message)
                return result(number, ADD, 32 if b"uid=ada" in message else 0)
            return super().answer(message, number, operation, before)

    base = f"ou=staff,ou=company,{SUFFIX}"
    with Bare() as server:
        connector = connector_to(server.url, tmp_path, create_parents=True, base=base)
        write(connector, create(1, f"uid=ada,ou=people,{base}", uid=["ada"]))
    units = [one for one in made if b"organizationalUnit" in one]
    assert len(units) == 2, "the unit, and the base itself"


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("uid=a,dc=example,dc=org", True),
        ("dc=example,dc=org", True),
        ("DC=Example, DC=Org", True),
        ("uid=a,OU=x,DC=Example,  DC=Org", True),
        ("dc=org", False),
        ("", False),
        ("uid=a\\,dc=example,dc=org", False),
        ("uid=a\\\\,dc=example,dc=org", True),
        ("uid=a\\,DC=Example,  DC=Org", False),
        ("uid=a,xdc=example,dc=org", False),
        ("uid=a,dc=example,dc=org,dc=net", False),
        ("no name", False),
    ],
)
def test_what_stands_below_a_base(name: str, within: bool) -> None:
    below = Within("dc=example,dc=org")
    assert below(name) == within
    assert below("uid=z,DC=Example,  DC=Org"), "which it learns to expect"
    assert below(name) == within
    assert Within("")(name)


def test_the_base_itself_is_taken(directory: Directory, tmp_path: Path) -> None:
    top = {"uid": ["top"], "entryUUID": ["id"]}
    directory.turn(lambda number: entry(number, SUFFIX.upper(), top) + result(number, SEARCH))
    found = read_all(connector_to(directory.url, tmp_path))
    assert [one.error for one in found.objects] == [None]
