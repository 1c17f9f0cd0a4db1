"""Read a file of any size and shape in a process of its own, and tell how much memory that took.

    python -m tests.faults.endless SHAPE BYTES FOLDER

Writes the peak resident set in bytes, what became of the import, and the first refusal in it.
"""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.configuration.file import load
from engine.connectors.base import Connector, ImportEnd, ImportRequest, ImportRestart
from engine.connectors.csv.connector import CsvConnector
from engine.connectors.ldif.connector import LdifConnector
from engine.errors import CannotConnect

CONFIG = """\
[systems.csv]
connector = "csv"
path = "people.csv"
[systems.csv.objects.person]
external_id = "id"
[systems.ldif]
connector = "ldif"
path = "people.ldif"
[systems.ldif.objects.person]
object_class = ["inetOrgPerson"]
external_id = "uid"
secondary_external_id = "dn"
"""
HEAD = b"id,name\n1,ada\n"
ADA = b"dn: uid=ada,dc=s\nobjectClass: inetOrgPerson\nuid: ada\n"
CHUNK = 900_000
Shape = Callable[[], Iterator[bytes]]


def _endless(first: bytes, following: bytes) -> Shape:
    def pieces() -> Iterator[bytes]:
        yield first
        while True:
            yield following

    return pieces


def _counted(head: bytes, piece: Callable[[int], bytes]) -> Shape:
    def pieces() -> Iterator[bytes]:
        yield head
        number = 0
        while True:
            number += 1
            yield piece(number)

    return pieces


LONG = b"x" * CHUNK
SHAPES: dict[str, Shape] = {
    "csv-endless-line": _endless(HEAD + b"2,", LONG),
    "csv-endless-first-line": _endless(b"", LONG),
    "csv-endless-cells": _endless(HEAD + b"2", b"," * CHUNK),
    "csv-endless-quoted-field": _endless(HEAD + b'2,"', LONG[:-1] + b"\n"),
    "csv-endless-quoted-lines": _endless(HEAD + b'2,"', b"x\n" * (CHUNK // 2)),
    "csv-endless-quoted-cells": _endless(HEAD + b"2", b',"' + LONG[:-4] + b'\n"'),
    "csv-nul": _endless(HEAD, bytes(CHUNK)),
    "csv-nothing-but-nul": _endless(b"", bytes(CHUNK)),
    "csv-large-rows": _counted(b"id,name\n", lambda number: b"%d,%s\n" % (number, LONG)),
    "csv-badly-quoted": _endless(HEAD, b'2,"a"b"c"\n' * 10_000),
    "ldif-endless-line": _endless(ADA + b"cn: ", LONG),
    "ldif-folded": _endless(ADA + b"cn: x\n", b" " + b"x" * 75 + b"\n"),
    "ldif-folded-base64": _endless(ADA + b"cn:: \n", b" " + b"QUFB" * 18 + b"\n"),
    "ldif-endless-comment": _endless(b"# ", LONG),
    "ldif-endless-entry": _endless(ADA, b"description: x\n" * 1000),
    "ldif-nul": _endless(ADA + b"\n", bytes(CHUNK)),
    "ldif-large-entries": _counted(
        b"version: 1\n\n",
        lambda number: b"dn: uid=%d,dc=s\nobjectClass: inetOrgPerson\nuid: %d\ncn: %s\n\n" % (number, number, LONG),
    ),
}


def write(path: Path, shape: str, size: int) -> None:
    """Write a file of a shape, in as many pieces as make up its size."""
    written = 0
    with path.open("wb") as file:
        for piece in SHAPES[shape]():
            if written >= size:
                return
            written += file.write(piece)


async def read(connector: Connector) -> str:
    """Read all that a connector gives of people, and say what became of it."""
    names = frozenset({"uid", "cn", "description"})
    count = 0
    async with connector:
        async for event in connector.import_objects(ImportRequest({"person": names}, {"person": frozenset()}, 5000)):
            if isinstance(event, ImportEnd):
                return f"{count} read, {event.reason or 'complete'}"
            count = 0 if isinstance(event, ImportRestart) else count + len(event.objects)
    return "no end"


def main() -> None:
    """Write the file, read it, and tell."""
    shape, size, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    kind = shape.partition("-")[0]
    (folder / "interlock.toml").write_text(CONFIG)
    path = folder / f"people.{kind}"
    if size:
        write(path, shape, size)
    else:
        path.write_bytes(b"id\n" if kind == "csv" else b"version: 1\n")
    try:
        config, _ = load(folder / "interlock.toml")
        connector = (CsvConnector if kind == "csv" else LdifConnector)(kind, config.systems[kind], folder)
        told = asyncio.run(read(connector))
    except CannotConnect as refusal:
        told = f"refused: {refusal}"
    print(peak(), told[:300])


def peak() -> int:
    """Give the largest resident set of this very program, in bytes: `ru_maxrss` begins with that of its parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
