"""Whatever is torn out of a file, or into it: nobody is called missing who stands in it by a naive reading."""

import asyncio
import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.configuration.file import load
from engine.connectors.base import Connector, ImportedObject, ImportEnd, ImportRequest, ImportRestart
from engine.connectors.csv.connector import CsvConnector
from engine.connectors.ldif.connector import LdifConnector
from engine.errors import CannotConnect
from engine.phases.importing.hidden import among_values
from tests.properties.torn import tear

COUNT = int(os.environ.get("TORN_FILES", "10000"))
"""How many torn files a run reads; half of them CSV, half LDIF."""
FIRST = int(os.environ.get("TORN_SEED", "0"))
CONFIG = """\
[systems.csv]
connector = "csv"
path = "people.csv"
[systems.csv.objects.person]
external_id = "id"
attributes = { since = "date", boss = "reference" }
[systems.ldif]
connector = "ldif"
path = "people.ldif"
base = "dc=example,dc=org"
[systems.ldif.objects.person]
object_class = ["inetOrgPerson"]
external_id = "uid"
secondary_external_id = "dn"
"""
IDS = [f"E{number:03}" for number in range(12)]
ADDRESSES = ("Vienna", '"Main St 1, Floor 2\n1010 Vienna, Austria"', '"He said ""hi"""', '""', "", "Graz", '"\nLinz"')
HEADERS = ("id,name,address,since,city\n", "name,address,id\n", "address,id\n", "id,name\n")


def a_row(shape: int, number: int) -> str:
    """Give the row of one person."""
    one, address = IDS[number], ADDRESSES[number % 7]
    return (
        f"{one},Name {one},{address},2024-02-29,City {number % 3}\n",
        f"Name {one},{address},{one}\n",
        f"{address},{one}\n",
        f'{one},"Name, {number}"\n',
    )[shape]


def an_entry(number: int) -> str:
    """Give the entry of one person."""
    one, folded = IDS[number], "description: one\n  two\n" if number % 3 == 0 else ""
    return (
        f"dn: uid={one},dc=example,dc=org\nobjectClass: top\nobjectClass: inetOrgPerson\nuid: {one}\n"
        f"cn: Name {one}\n{folded}mail: {one}@example.org\n\n"
    )


def whole_files(numbers: Sequence[int]) -> list[tuple[str, str]]:
    """Give good files in which some people stand, each with its kind."""
    tables = [head + "".join(a_row(shape, number) for number in numbers) for shape, head in enumerate(HEADERS)]
    root = "version: 1\n\ndn: dc=example,dc=org\nobjectClass: domain\ndc: example\n\n"
    return [("csv", text) for text in tables] + [("ldif", root + "".join(map(an_entry, numbers)))]


USED = frozenset({"uid", "cn", "mail", "description"})


def in_csv(text: bytes) -> set[str]:
    """Give all that stands in a file as a field, read without a thought of quotes."""
    return {cell.strip() for cell in re.split('[\r\n,"]', text.decode(errors="replace"))}


def in_ldif(text: bytes) -> set[str]:
    """Give the ids that stand in a file in lines of their own."""
    return {line[5:].decode(errors="replace").strip() for line in text.splitlines() if line.startswith(b"uid: ")}


async def missing(connector: Connector) -> set[str]:
    """Give whom an import would call missing: nobody, where it is refused or incomplete."""
    objects: list[ImportedObject] = []
    try:
        async with connector:
            async for event in connector.import_objects(ImportRequest({"person": USED}, {"person": frozenset()}, 5)):
                if isinstance(event, ImportRestart):
                    objects.clear()
                elif isinstance(event, ImportEnd):
                    end = event
                else:
                    objects += event.objects
            ids = {one.external_id for one in objects}
            absent = frozenset(set(IDS) - ids)
            if not absent or not end.complete or None in ids or await connector.find_hidden("person", absent):
                return set()
    except CannotConnect:
        return set()
    settings = connector.system.objects["person"]
    new = [one for one in objects if one.external_id not in IDS]
    return set() if any(among_values(settings, one.attributes, absent) for one in new) else set(absent)


def _changes(whole: bytes, torn: bytes) -> str:
    before, after = (repr(text).replace("\\n", "\n").splitlines() for text in (whole, torn))
    return "\n".join(difflib.unified_diff(before, after, "whole", "torn", n=1, lineterm=""))


def read_all(folder: Path, kind: str, good: list[str], count: int, first: int = FIRST) -> tuple[int, list[str]]:
    """Read torn files; give how many had somebody missing in them, and what went wrong with which seed."""
    (folder / "interlock.toml").write_text(CONFIG)
    config, _ = load(folder / "interlock.toml")
    make, naive = (CsvConnector, in_csv) if kind == "csv" else (LdifConnector, in_ldif)
    wrong, told = [], 0

    async def read() -> None:
        nonlocal told
        for seed in range(first, first + count):
            whole = good[seed % len(good)].encode()
            text, done = tear(seed, whole)
            (folder / f"people.{kind}").write_bytes(text)
            gone = await missing(make(kind, config.systems[kind], folder))
            told += bool(gone)
            if swallowed := sorted(gone & naive(text)):
                wrong.append(f"{swallowed}: TORN_SEED={seed} TORN_FILES=2, {', '.join(done)}:\n{_changes(whole, text)}")

    asyncio.run(read())
    return told, wrong


@pytest.mark.parametrize("kind", ["csv", "ldif"])
def test_nobody_is_missing_who_stands_in_a_torn_file(tmp_path: Path, kind: str) -> None:
    good = [text for one, text in whole_files(range(len(IDS))) if one == kind]
    told, wrong = read_all(tmp_path, kind, good, max(COUNT // 2, 1))
    assert not wrong, f"{len(wrong)} of them, such as:\n" + "\n".join(wrong[:5])
    assert told or COUNT < 100, "it is whole files that tell who is missing"


@pytest.mark.parametrize(
    ("kind", "seed"),
    [("csv", 11751), ("csv", 11935), ("csv", 507723), ("csv", 526311), ("ldif", 6051), ("ldif", 422209)],
    ids=[
        "a line in a field",
        "a row behind a quote",
        "all in the header",
        "one in the header",
        "one quote in two names",
        "another class, and a longer id",
    ],
)
def test_who_was_missed_once_is_not_again(tmp_path: Path, kind: str, seed: int) -> None:
    good = [text for one, text in whole_files(range(len(IDS))) if one == kind]
    assert read_all(tmp_path, kind, good, 1, first=seed) == (0, [])


def test_a_whole_file_tells_who_is_missing(tmp_path: Path) -> None:
    (tmp_path / "interlock.toml").write_text(CONFIG)
    config, _ = load(tmp_path / "interlock.toml")
    for gone, one in enumerate(IDS):
        for kind, text in whole_files([number for number in range(len(IDS)) if number != gone]):
            (tmp_path / f"people.{kind}").write_text(text)
            make = CsvConnector if kind == "csv" else LdifConnector
            assert asyncio.run(missing(make(kind, config.systems[kind], tmp_path))) == {one}, text
