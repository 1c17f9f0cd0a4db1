"""A directory whose answers are damaged on the way: a check says so, an import ends, and nothing else happens."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.connectors.base import ImportEnd, ImportEvent, ImportRequest
from engine.connectors.ldap.connector import LdapConnector
from engine.errors import StepFailed
from tests.directory import connector_to, using
from tests.scripted import SEARCH, Answer, Directory, entry, result
from tests.slapd import SUFFIX

Damage = tuple[int, str, int, bytes]
"""Which answer, what is done to it, where, and with which bytes."""
damages = st.tuples(
    st.integers(0, 8), st.sampled_from(["change", "drop", "insert", "cut"]), st.integers(0, 400), st.binary(max_size=4)
)
SCHEMA = {
    "attributeTypes": ["( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) SUP name EQUALITY caseIgnoreMatch )"],
    "objectClasses": ["( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY userPassword )"],
}


class Damaged(Directory):
    """Answers well, but for some damage."""

    damage: Sequence[Damage] = ()
    count = 0

    def answer(self, message: bytes, number: int, operation: int, before: int) -> Answer:
        good = super().answer(message, number, operation, before)
        if operation == SEARCH and b"attributeTypes" in message:
            good = entry(number, "cn=schema", SCHEMA) + result(number, SEARCH)
        elif operation == SEARCH and b"supportedControl" in message:
            held = {"subschemaSubentry": ["cn=schema"], "namingContexts": [SUFFIX]}
            held["supportedControl"] = ["1.2.840.113556.1.4.319", "1.3.6.1.1.12"]
            good = entry(number, "", held) + result(number, SEARCH)
        assert isinstance(good, bytes)
        for which, how, at, what in self.damage:
            if which == self.count:
                good = damaged(good, how, at % max(len(good), 1), what)
        self.count += 1
        return good


def damaged(data: bytes, how: str, at: int, given: bytes) -> bytes:
    match how:
        case "change":
            return data[:at] + given + data[at + len(given) :]
        case "drop":
            return data[:at] + data[at + len(given) + 1 :]
        case "insert":
            return data[:at] + given + data[at:]
        case _:
            return data[:at]


@pytest.fixture(scope="module")
def directory() -> Iterator[Damaged]:
    with Damaged() as server:
        yield server


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(damages, min_size=1, max_size=3), client=st.sampled_from(["auto", "auto", "ldap3"]))
def test_damaged_answers_are_told(directory: Damaged, tmp_path: Path, damage: list[Damage], client: str) -> None:
    async def looked_at(connector: LdapConnector) -> None:
        assert await connector.test()
        await connector.describe_schema()

    async def read(connector: LdapConnector) -> ImportEvent:
        asked = ImportRequest({"person": frozenset({"uid"})}, {}, 100)
        return [event async for event in connector.import_objects(asked)][-1]

    directory.damage = damage
    for what in (looked_at, read):
        directory.count = 0
        try:
            end = using(connector_to(directory.url, tmp_path, timeout=0.2, client=client), what)
        except StepFailed:
            continue
        assert end is None or isinstance(end, ImportEnd)
