"""Phase 1, import: what a system gave, kept on disk until all of it is there; nothing is applied before."""

import marshal
import tempfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from engine.connectors.base import Deleted, ImportedObject
from engine.errors import ObjectError
from engine.values.seen import Seen
from storage.documents import decode
from storage.labels import labelled
from storage.objects import Content, content_of
from storage.records import Attributes

IN_MEMORY = 4_000_000
"""From so many bytes on they are on disk."""
_LENGTH = 8
Mark = tuple[bool, str, str]
"""Whether it is a name or else an id, the type, and the text."""


class Arrival(NamedTuple):
    """One object as it came: what a CSO would hold of it, and what is wrong with it."""

    type: str
    content: Content
    position: str
    error: ObjectError | None = None
    fingerprint: bytes | None = None

    @property
    def external_id(self) -> str | None:
        """What the system itself calls it."""
        return self.content.external_id

    @property
    def label(self) -> str:
        """What a person calls it: its name first; its place where it has neither name nor id."""
        return labelled(self.content.name, self.content.secondary_id, self.content.external_id) or self.position

    def attributes(self) -> Attributes:
        """Read its attributes back."""
        found: Attributes = decode(self.content.attributes)
        return found


def arrival_of(one: ImportedObject, key: str | None) -> Arrival:
    """Make the arrival of an imported object; `key` is the normalised form of its secondary id."""
    content = content_of(
        one.attributes,
        external_id=one.external_id,
        secondary_id=one.secondary_id,
        secondary_key=key,
        partition=one.partition,
    )
    return Arrival(one.type, content, one.position, one.error, one.fingerprint)


class Arrivals:
    """Everything that one import gave, in pages; eight bytes of it in memory for each id and name."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the import
        self._ids = Seen()
        self._names = Seen()
        self._settled: list[bytes] = []
        self.deleted: list[Deleted] = []

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def clear(self) -> None:
        """Begin anew: everything is read once more."""
        self._file.seek(0)
        self._file.truncate()
        self._ids, self._names = Seen(), Seen()
        self._settled.clear()
        self.deleted.clear()

    def add(self, page: list[Arrival], settled: bytes) -> None:
        """Keep a page; `settled` has a 1 for each object of it of which nothing has to be applied."""
        for one in page:
            content = one.content
            if content.external_id is not None:
                self._ids.add((one.type, content.external_id))
            if content.secondary_key is not None:
                self._names.add((one.type, content.secondary_key))
        self._settled.append(settled)
        raw = marshal.dumps([_plain(one) for one in page])
        self._file.write(len(raw).to_bytes(_LENGTH, "big") + raw)

    def pages(self, wanted: "Twice | None" = None) -> Iterator[list[tuple[Arrival, bool]]]:
        """Give the objects page by page, each with whether nothing has to be applied of it; settled pages are left out.

        Pages that hold some of `wanted` are given all the same.
        """
        self._file.seek(0)
        for number, settled in enumerate(self._settled):
            size = int.from_bytes(self._file.read(_LENGTH), "big")
            if 0 not in settled and (wanted is None or number not in wanted.pages):
                self._file.seek(size, 1)
                continue
            page = [_arrival(one) for one in marshal.loads(self._file.read(size))]  # noqa: S302 - our own file
            yield [(one, bool(done)) for one, done in zip(page, settled, strict=True)]

    def twice(self) -> "Twice":
        """Find the ids, and the names, that more than one object came with: by equal hashes, then by what they are."""
        ids, names = self._ids.suspects(), self._names.suspects()
        found = Twice(set(), set(), set())
        if not ids and not names:
            return found
        for mark, numbers in self._places(ids, names).items():
            if len(numbers) > 1:
                (found.names if mark[0] else found.ids).add(mark[1:])
                found.pages.update(numbers)
        return found

    def _places(self, ids: set[int], names: set[int]) -> dict[Mark, list[int]]:
        """Give the pages in which the ids and names with some hashes stand, each as often as it does."""
        places: dict[Mark, list[int]] = {}
        for number, page in enumerate(self._all()):
            for one in page:
                for mark in _marks(one):
                    if hash(mark[1:]) in (names if mark[0] else ids):
                        places.setdefault(mark, []).append(number)
        return places

    def _all(self) -> Iterator[list[Arrival]]:
        self._file.seek(0)
        for _ in self._settled:
            size = int.from_bytes(self._file.read(_LENGTH), "big")
            yield [_arrival(one) for one in marshal.loads(self._file.read(size))]  # noqa: S302 - our own file


class Twice(NamedTuple):
    """What came more than once, by type: external ids, names in their normalised form, and the pages they stand in."""

    ids: set[tuple[str, str]]
    names: set[tuple[str, str]]
    pages: set[int]

    def error_of(self, one: Arrival) -> ObjectError | None:
        """Say what is wrong with an object that shares its id, or its name, with another of the import."""
        if one.external_id is not None and (one.type, one.external_id) in self.ids:
            return ObjectError(
                "duplicate-external-id",
                f"the external id '{one.external_id}' stands in this import more than once",
                "give every object its own id at the source; until then none of them changes anything",
            )
        if (one.type, one.content.secondary_key) in self.names:
            return ObjectError(
                "duplicate-external-id",
                f"'{one.content.secondary_id}' stands in this import more than once, with different ids",
                "give every object its own name at the source; until then none of them changes anything",
            )
        return None


def _marks(one: Arrival) -> Iterator[Mark]:
    """Give what may come only once: an id of a type, and a name of a type."""
    if one.content.external_id is not None:
        yield False, one.type, one.content.external_id
    if one.content.secondary_key is not None:
        yield True, one.type, one.content.secondary_key


def _plain(one: Arrival) -> tuple[object, ...]:
    return (one.type, tuple(one.content), one.position, tuple(one.error) if one.error else None, one.fingerprint)


def _arrival(plain: tuple[str, tuple[object, ...], str, tuple[str, str, str] | None, bytes | None]) -> Arrival:
    kind, content, position, error, fingerprint = plain
    return Arrival(kind, Content._make(content), position, ObjectError._make(error) if error else None, fingerprint)
