"""The `ldif` connector: a directory in one file (RFC 2849), the embedded default target."""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from engine.configuration.models import Model, SystemConfig
from engine.connectors.base import (
    PAGE_BYTES,
    Capabilities,
    CheckLine,
    Connector,
    Copy,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportPage,
    ImportRequest,
    ImportRestart,
    Unchanged,
)
from engine.connectors.directory_types import Base, DirectoryObjectOptions, why_no_flow
from engine.connectors.entries import EntryReader
from engine.connectors.files import Seen, changed_since, copy_into, digest_of, in_pages, repeated, snapshot
from engine.connectors.ldif.directory import LdifDirectory
from engine.connectors.ldif.doubts import ids_in, why_nobody
from engine.connectors.ldif.entry import Entry, quick_entry
from engine.connectors.ldif.format import LdifError, Other, Quick, count_entries, read_quickly
from engine.errors import CannotConnect, ObjectError
from engine.values import dn
from storage.fingerprints import Fingerprints, fingerprint_of, scope_of

MOST_CLASSES = 10_000
"""How many combinations of object classes are kept with the types that they make."""
_SCOPE = scope_of(b"ldif")


class LdifOptions(Model):
    """`[systems.NAME]` with `connector = "ldif"`."""

    path: Path
    """The file."""
    base: Base = ""
    """The part of the directory to look at; by default all of it."""


class LdifConnector(Connector):
    """The entries of an LDIF file as objects."""

    capabilities = Capabilities(writes=True, batch_size=5000)
    Options = LdifOptions
    ObjectOptions = DirectoryObjectOptions
    refuses_flow = staticmethod(why_no_flow)

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: LdifOptions = system.options
        self.path = folder / self.options.path
        self._unfinished = ""
        """Why the file that was read last does not hold everything."""
        self._classes = {
            kind: frozenset(name.lower() for name in settings.options.object_class)
            for kind, settings in system.objects.items()
        }
        self._kinds_by_classes: dict[tuple[bytes, ...], list[str]] = {}
        self._id_names = {kind: settings.external_id for kind, settings in system.objects.items()}
        self._bases = {
            kind: dn.key(base) if (base := settings.options.base or self.options.base) else ""
            for kind, settings in system.objects.items()
        }
        self._directory = LdifDirectory(self.path, dict(system.objects), self._type_of, self._bases)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._directory.close()

    async def test(self) -> list[CheckLine]:
        try:
            count = await asyncio.to_thread(self._count)
        except CannotConnect as error:
            return [CheckLine(False, "file", str(error))]
        return [CheckLine(True, "file", f"{self.path}: {count:,} entries")]

    def _count(self) -> int:
        copy = snapshot(self.path).file
        with copy:
            return sum(1 for _ in self._entries(copy))

    async def discover_schema(self) -> dict[str, list[str]]:
        return await asyncio.to_thread(self._discover)

    def _discover(self) -> dict[str, list[str]]:
        names: dict[str, set[str]] = {kind: set() for kind in self.system.objects}
        copy = snapshot(self.path).file
        with copy:
            for entry in self._entries(copy):
                if (kind := self._type_of(entry)) is not None:
                    names[kind].update(entry.attributes)
        return {kind: sorted(found) for kind, found in names.items()}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        partitions = list(self._bases.values())
        if request.state is not None and await asyncio.to_thread(digest_of, self.path) == request.state:
            yield ImportEnd(complete=True, partitions=partitions, state=request.state, unchanged=True)
            return
        copy, before, state = await asyncio.to_thread(snapshot, self.path)
        with copy:
            total, seen = await asyncio.to_thread(count_entries, copy), Seen()
            async for page in in_pages(self._pages(copy, request, frozenset(), seen), total):
                yield page
            if duplicates := await asyncio.to_thread(self._duplicates, copy, seen):
                yield ImportRestart()
                async for page in in_pages(self._pages(copy, request, duplicates, Seen()), total):
                    yield page
        changed = changed_since(self.path, before)
        reason = f"{self.path} changed while it was read" if changed else self._unfinished
        yield ImportEnd(complete=not reason, partitions=partitions, reason=reason, state=state)

    def looks_for(self, object_type: str) -> str:
        return "".join(f"(objectClass={name})" for name in sorted(self._classes[object_type]))

    def _duplicates(self, copy: BinaryIO, seen: Seen) -> frozenset[str]:
        """Give the ids and the DNs that stand in the file more than once."""
        readers = self._readers({kind: frozenset() for kind in self.system.objects})

        def ids() -> Iterator[str]:
            for entry in self._entries(copy):
                yield _mark(entry.dn)
                kind = self._type_of(entry)
                if kind and (external_id := readers[kind].external_id(entry.attributes)) is not None:
                    yield f"{kind}\0{external_id}"

        return repeated(ids, seen.suspects())

    def _readers(self, types: Mapping[str, frozenset[str]]) -> dict[str, EntryReader]:
        objects, tell = self.system.objects, self._tell
        return {kind: EntryReader(kind, objects[kind], used, tell=tell) for kind, used in types.items()}

    def _tell(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _pages(
        self, copy: BinaryIO, request: ImportRequest, duplicates: frozenset[str], seen: Seen
    ) -> Generator[ImportPage]:
        """Give the objects page by page, and take note of the ids and DNs seen; `duplicates` are nobody's.

        Entries whose fingerprint is known are not read.
        """
        readers = self._readers(request.types)
        known = request.fingerprints or Fingerprints()
        page: list[ImportedObject] = []
        unchanged: list[Unchanged] = []
        others: list[str] = []
        size = 0
        for entry in self._entries(copy, partial(_recalled, known)):
            if isinstance(entry, Unchanged):
                unchanged.append(entry)
            else:
                if known.knows_any:
                    others.append(entry.dn)
                if (one := self._object_of(readers, entry, duplicates, seen)) is not None:
                    page.append(one)
                    size += entry.size
            if max(len(page) + len(unchanged), len(others)) >= request.page_size or size >= PAGE_BYTES:
                yield ImportPage(page, unchanged=unchanged, others=others)
                page, unchanged, others, size = [], [], [], 0
        if page or unchanged or others:
            yield ImportPage(page, unchanged=unchanged, others=others)

    def _object_of(
        self, readers: Mapping[str, EntryReader], entry: Entry, duplicates: frozenset[str], seen: Seen
    ) -> ImportedObject | None:
        """Make the object of an entry, and take note of its id and DN; None where it is of no type."""
        mark = _mark(entry.dn)
        seen.add(mark)
        is_double = mark in duplicates
        if is_double:
            self._unfinish(f"line {entry.line}: the DN '{entry.dn}' stands in the file more than once")
        if entry.torn:
            self._unfinish(f"line {entry.line}: {entry.torn}")
        kind = self._type_of(entry)
        if kind is None:
            return None
        one = self._read(readers[kind], entry, is_double=is_double)
        own = f"{kind}\0{one.external_id or readers[kind].external_id(entry.attributes)}"
        seen.add(own)
        if one.external_id is not None and own in duplicates:
            one.error = _duplicate(one)
        one.fingerprint = entry.fingerprint
        return one

    def _read(self, reader: EntryReader, entry: Entry, *, is_double: bool) -> ImportedObject:
        """Make the object of an entry; whose it is cannot be known where it is cut, or another may stand in it."""
        one = reader.read(entry.dn, entry.attributes, f"{self.path.name}:{entry.line}", entry.wrong)
        one.partition = self._bases[one.type]
        torn = entry.torn or why_nobody(reader, self._id_names[one.type], entry.dn, entry.attributes)
        if torn:
            self._unfinish(f"line {entry.line}: {torn}")
        if is_double:
            one.error, one.attributes = _duplicate_dn(one), {}
        if entry.cut or torn:
            one.external_id, one.attributes = None, {}
            one.error = _cut(one) if entry.cut else _torn(one, torn)
        return one

    def _entries(self, copy: BinaryIO, quick: Quick[Other] = quick_entry) -> Iterator[Entry | Other]:
        copy.seek(0)
        self._unfinished = ""
        try:
            yield from read_quickly(copy, self._unfinish, quick)
        except LdifError as error:
            raise CannotConnect(f"{self.path}: not readable as LDIF: {error}") from error

    def _unfinish(self, why: str) -> None:
        self._unfinished = self._unfinished or f"{self.path}: {why}"

    def _type_of(self, entry: Entry) -> str | None:
        """Give the first configured type whose object classes an entry has, below that type's base."""
        for kind in self._kinds_of(tuple(entry.attributes.get("objectclass", ()))):
            if self._is_below(entry, self._bases[kind]):
                return kind
        return None

    def _kinds_of(self, classes: tuple[bytes, ...]) -> list[str]:
        """Give the configured types whose object classes are among some."""
        known = self._kinds_by_classes.get(classes)
        if known is None:
            names = {name.decode(errors="replace").lower() for name in classes}
            known = [kind for kind, needed in self._classes.items() if needed <= names]
            if len(self._kinds_by_classes) < MOST_CLASSES:
                self._kinds_by_classes[classes] = known
        return known

    def _is_below(self, entry: Entry, base: str) -> bool:
        """Tell whether an entry stands below a base; one whose DN is not valid counts, so that it is told."""
        try:
            return not base or dn.is_within(dn.key(entry.dn), base)
        except dn.InvalidDn:
            return True

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        return await asyncio.to_thread(self._find_hidden, object_type, external_ids)

    def _find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        """Look for ids in entries of other classes, and in those outside the base whose parent is not in the file."""
        reader = self._readers({object_type: frozenset()})[object_type]
        copy = snapshot(self.path).file
        with copy:
            others = {
                found: entry
                for entry in self._entries(copy)
                if self._type_of(entry) != object_type
                for found in ids_in(reader, self._id_names[object_type], entry.attributes)
                if found in external_ids
            }
            parents = {_mark(dn.parent(entry.dn)) for entry in others.values()}
            there = parents & {mark for entry in self._entries(copy) if (mark := _mark(entry.dn)) in parents}
        base = self._bases[object_type]
        return {
            one: f"{self.path}:{entry.line}"
            for one, entry in others.items()
            if self._is_below(entry, base) or _mark(dn.parent(entry.dn)) not in there
        }

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        entry = await asyncio.to_thread(self._directory.find, object_type, external_id, secondary_id)
        if entry is None:
            return None
        reader = EntryReader(object_type, self.system.objects[object_type], attributes)
        return reader.read(entry.dn, entry.attributes, str(self.path), entry.wrong)

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        path = await asyncio.to_thread(copy_into, self.path, folder)
        options = self.options.model_copy(update={"path": path})
        return Copy(LdifConnector(self.name, self.system.model_copy(update={"options": options}), self.folder))

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        return await asyncio.to_thread(self._directory.apply, operations)


def _recalled(known: Fingerprints, record: bytes, line: int) -> Entry | Unchanged | None:
    """Read a record, unless its fingerprint is known; None where the quick way cannot read it."""
    fingerprint = fingerprint_of(_SCOPE, record)
    if cso_id := known.cso_of(fingerprint):
        return Unchanged(fingerprint, cso_id)
    return quick_entry(record, line, fingerprint)


def _duplicate(one: ImportedObject) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"the external id '{one.external_id}' stands in the file more than once",
        "give every entry its own id; until then none of them changes anything",
    )


def _mark(entry_dn: str) -> str:
    """Give what no other entry of a file has: its DN, told apart from ids."""
    try:
        return f"\0{dn.key(entry_dn)}"
    except dn.InvalidDn:
        return f"\0{entry_dn}"


def _duplicate_dn(one: ImportedObject) -> ObjectError:
    return ObjectError(
        "duplicate-external-id",
        f"the DN '{one.secondary_id}' stands in the file more than once",
        "keep one of the two entries; until then none of them changes anything",
    )


def _torn(one: ImportedObject, why: str) -> ObjectError:
    return ObjectError(
        "missing-external-id",
        f"whose entry '{one.secondary_id}' is cannot be known: {why}",
        "part the two entries by a blank line, or let the file be written anew, and import it again",
    )


def _cut(one: ImportedObject) -> ObjectError:
    return ObjectError(
        "missing-external-id",
        f"the file ends in the middle of '{one.secondary_id}', so that its id may be cut",
        "let the whole file be written, and import it again",
    )
