"""Read a directory of large entries in a process of its own, and tell how much memory that took.

    python -m tests.faults.endless_directory URL CLIENT FOLDER

Writes the peak resident set in bytes, and what became of the import.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.configuration.file import load
from engine.connectors.ldap import ber
from engine.connectors.ldap.connector import LdapConnector
from engine.connectors.ldap.requests import SUBTREE
from engine.errors import CannotConnect, ConnectionLost
from tests.faults.endless import CHUNK, peak, read
from tests.scripted import SEARCH, Answer, Directory, Mode, entry, page_control, result
from tests.slapd import SUFFIX

CONFIG = """
[systems.directory]
connector = "ldap"
url = "{url}"
base = "{suffix}"
client = "{client}"
reconnects = 0
[systems.directory.objects.person]
object_class = ["inetOrgPerson"]
external_id = "entryUUID"
secondary_external_id = "dn"
"""
PAGE = 20
"""How many entries a page has, where there are pages."""
LAST = page_control(b"")


def _people(number: int, ids: range) -> Iterator[bytes]:
    """Encode people of some 900 kB each."""
    for uid in map(str, ids):
        held = {"objectClass": ["inetOrgPerson"], "uid": [uid], "entryUUID": [uid], "description": ["x" * CHUNK]}
        yield entry(number, f"uid={uid},{SUFFIX}", held)


def in_one_answer(people: int, end: bytes) -> Mode:
    """Give everybody at once."""

    def answer(number: int) -> Iterator[bytes]:
        yield from _people(number, range(people))
        yield result(number, SEARCH, controls=end)

    return answer


def in_pages(people: int) -> Mode:
    """Give everybody, so many at a time."""
    starts = iter(range(0, people, PAGE))

    def answer(number: int) -> Iterator[bytes]:
        ids = range(start := next(starts), min(people, start + PAGE))
        yield from _people(number, ids)
        yield result(number, SEARCH, controls=page_control(b"more") if ids.stop < people else LAST)

    return answer


def one_value(size: int) -> Mode:
    """Give one person who has one value."""

    def answer(number: int) -> Iterator[bytes]:
        held = {"objectClass": ["inetOrgPerson"], "entryUUID": ["1"], "description": ["x" * size]}
        yield entry(number, f"uid=ada,{SUFFIX}", held)
        yield result(number, SEARCH, controls=LAST)

    return answer


OF_DIRECTORIES: dict[str, Callable[[int], Mode]] = {
    "one page": lambda size: in_one_answer(size // CHUNK, LAST),
    "no pages": lambda size: in_one_answer(size // CHUNK, b""),
    "pages": lambda size: in_pages(size // CHUNK),
    "one value": one_value,
}
"""What a server sends of some bytes."""


class Large(Directory):
    """Has its mode for searches of more than one entry."""

    def answer(self, message: bytes, number: int, operation: int, before: int) -> Answer:
        if operation != SEARCH or self.mode is None:
            return super().answer(message, number, operation, before)
        start, stop = ber.inside(message)[1][1:]
        scope = ber.number(message, ber.elements(message, start, stop)[1], ber.ENUMERATED)
        return self.mode(number) if scope == SUBTREE else result(number, SEARCH)


def main() -> None:
    """Read, and tell."""
    url, client, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    (folder / "interlock.toml").write_text(CONFIG.format(url=url, suffix=SUFFIX, client=client))
    try:
        config, _ = load(folder / "interlock.toml")
        told = asyncio.run(read(LdapConnector("directory", config.systems["directory"], folder)))
    except (CannotConnect, ConnectionLost) as refusal:
        told = f"refused: {refusal}"
    print(peak(), told[:300])


if __name__ == "__main__":
    main()
