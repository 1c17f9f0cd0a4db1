"""The few entries of a large file that some operations are about, found without reading the others.

Those stay in the file, to the byte as they are. Whatever is unusual about the file, or about what is asked for, is left
to whoever reads all of it.
"""

import binascii
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from engine.configuration import external_ids
from engine.configuration.models import ObjectTypeConfig
from engine.connectors.base import ExportOperation
from engine.connectors.ldif.doubts import is_hidden_dn
from engine.connectors.ldif.entry import Entry, quick_entry
from engine.connectors.ldif.format import LdifError
from engine.values import dn
from engine.values.seen import Seen
from storage.records import ChangeType
from storage.scratch import EntryTree, TreeEntry

BYTES_EACH = 8_000
"""How large a file is for each operation at least, where an excerpt of it is worth its while."""
_PART = 1 << 20
"""How many bytes of the file are read at once."""
_MOST = 1 << 24
"""How many bytes a record may have: it is looked through once for each part of it."""
ReadEntry = Callable[[Entry, bytes], TreeEntry]
"""Takes an entry and its text, and gives it by its name and its id."""


class Unusual(Exception):
    """Something about the file, or about what is wanted of it, is for whoever reads all of it."""


class Wanted(NamedTuple):
    """What operations need to know of a file."""

    keys: frozenset[str]
    """The names of entries that have to be known, or to be known to be missing."""
    parents: frozenset[str]
    """The names of entries whose children have to be known."""
    id_name: bytes
    """The attribute of the ids, as it is usually spelled; empty where none is looked for."""
    ids: frozenset[bytes]
    """The ids of entries that have to be there, in lower case where case makes no difference."""
    ids_have_no_case: bool


def wanted_by(operations: Sequence[ExportOperation], types: Mapping[str, ObjectTypeConfig]) -> Wanted:
    """Give what operations need to know of a file. Raises `Unusual` and `InvalidDn`."""
    keys: set[str] = set()
    parents: set[str] = set()
    names: set[tuple[str, bool]] = set()
    ids: set[str] = set()
    for one in operations:
        if one.new_secondary_id is not None or one.secondary_id is None:
            raise Unusual
        key = dn.key(one.secondary_id)
        keys |= {key, dn.parent(key)} if one.change_type == ChangeType.CREATE else {key}
        if one.change_type == ChangeType.DELETE:
            parents.add(key)
        if one.external_id is not None:
            names.add(_id_name_of(types[one.type]))
            ids.add(one.external_id)
    if len(names) > 1:
        raise Unusual
    name, have_no_case = names.pop() if names else ("", False)
    return Wanted(frozenset(keys), frozenset(parents), name.encode(), frozenset(map(str.encode, ids)), have_no_case)


def _id_name_of(settings: ObjectTypeConfig) -> tuple[str, bool]:
    """Give the attribute of a type's ids, and whether case makes no difference. Raises `Unusual` for ids of no text."""
    if external_ids.kind_of(settings) not in ("text", "reference"):
        raise Unusual
    return settings.external_id, not external_ids.is_as_written(settings)


class _Piece(NamedTuple):
    """Where an entry stands in the file."""

    start: int
    end: int
    key: str


class Excerpt:
    """Entries of a file, which can be changed, and the file written anew with what became of them."""

    def __init__(self, file: BinaryIO, wanted: Wanted, read: ReadEntry) -> None:
        """Find the entries. Raises `Unusual`, `LdifError`, `DuplicateKey` and OSError."""
        self._pieces: list[_Piece] = []
        self.tree = EntryTree(self._found(file, wanted, read))

    def _found(self, file: BinaryIO, wanted: Wanted, read: ReadEntry) -> Iterator[TreeEntry]:
        marker, plain = b"\n" + wanted.id_name + b": ", wanted.id_name.lower()
        seen = Seen()
        for start, record in _records(file):
            key = _key_of(record)
            seen.add(key)
            if key in wanted.keys or (wanted.parents and dn.parent(key) in wanted.parents):
                is_wanted = True
            elif not wanted.ids:
                continue
            elif (at := record.find(marker)) >= 0:
                found = record[at + len(marker) :].partition(b"\n")[0]
                is_wanted = (found.lower() if wanted.ids_have_no_case else found) in wanted.ids
            else:
                is_wanted = plain in record.lower()
            if is_wanted:
                entry = read(_parsed(record), record + b"\n")
                self._pieces.append(_Piece(start, start + len(record) + 1, entry.key))
                yield entry
        if seen.suspects():
            raise Unusual  # a name stands in the file twice, perhaps

    def close(self) -> None:
        """Drop what was found."""
        self.tree.close()

    def write(self, source: BinaryIO, target: BinaryIO) -> None:
        """Write the file with what became of the entries: changed in their places, new ones at its end."""
        written, at = _Written(target), 0
        for piece in self._pieces:
            source.seek(at)
            _copy(source, written, piece.start - at)
            at = piece.end
            block = self.tree.find(piece.key)
            if block is not None:
                written.write(block.rstrip(b"\n") + b"\n")
            else:
                at += 1  # the blank line behind it goes, too
        source.seek(at)
        shutil.copyfileobj(source, written, _PART)
        there = {piece.key for piece in self._pieces}
        written.write_records(block for key, block in self.tree.entries() if key not in there)


class _Written:
    """A file that is written, and knows how it ends so far."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._end = b"\n\n"

    def write(self, data: bytes) -> None:
        """Write some bytes."""
        self._target.write(data)
        self._end = data[-2:] if len(data) > 1 else (self._end + data)[-2:]

    def write_records(self, blocks: Iterable[bytes]) -> None:
        """Write records behind a blank line, each with one of its own."""
        for block in blocks:
            separator = b"" if self._end == b"\n\n" else b"\n"
            self.write(separator + block.rstrip(b"\n") + b"\n\n")


def append(source: BinaryIO, target: BinaryIO, blocks: Iterable[bytes]) -> None:
    """Write a file with more records at its end."""
    written = _Written(target)
    shutil.copyfileobj(source, written, _PART)
    written.write_records(blocks)


def _records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Give where each record stands, and its text without the line end behind it. Raises `Unusual`."""
    at, rest = 0, b""
    file.seek(0)
    while part := file.read(_PART):
        text = rest + part
        if b"\r" in part or b"\n#" in text or b"\nchangetype" in text.lower() or text.startswith(b"#"):
            raise Unusual
        end = text.rfind(b"\n\n")
        if end < 0:
            if len(text) > _MOST:
                raise Unusual
            rest = text
            continue
        for record in text[:end].split(b"\n\n"):
            if at or not _is_version(record):
                yield at, record
            at += len(record) + 2
        rest = text[end + 2 :]
    if rest:
        if not rest.endswith(b"\n"):
            raise Unusual
        yield at, rest[:-1]


def _is_version(record: bytes) -> bool:
    return record[:8].lower() == b"version:" and b"\n" not in record


def _key_of(record: bytes) -> str:
    """Give the name of a record's entry in its normal form. Raises `Unusual` where it is not written as usual."""
    name, _, more = record.partition(b"\n")
    while more.startswith(b" "):  # a long name is folded
        part, _, more = more.partition(b"\n")
        name += part[1:]
    if not name.startswith((b"dn: ", b"dn:: ")) or more.startswith(b"\n") or _hides_another(record):
        raise Unusual
    try:
        written = name[4:].lstrip(b" ") if name[3:4] == b" " else binascii.a2b_base64(name[5:], strict_mode=True)
        return dn.key(written.decode())
    except (UnicodeDecodeError, binascii.Error, dn.InvalidDn) as error:
        raise Unusual from error


def _hides_another(record: bytes) -> bool:
    """Tell whether a line of a record may once have been the first one of another."""
    if record.lower().count(b"dn:") == 1:
        return False  # its own
    return any(is_hidden_dn(line) for line in record.split(b"\n")[1:])


def _parsed(record: bytes) -> Entry:
    entry = quick_entry(record, 1)
    if entry is None:
        raise Unusual
    if entry.torn:
        raise LdifError(entry.line, f"'{entry.dn}': {entry.torn}")
    return entry


def _copy(source: BinaryIO, target: _Written, count: int) -> None:
    while count > 0 and (part := source.read(min(count, _PART))):
        target.write(part)
        count -= len(part)
