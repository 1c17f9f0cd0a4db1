"""The `ldif` connector: a directory in one file (RFC 2849), the embedded default target."""

import asyncio
from collections.abc import AsyncIterator, Collection, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from engine.configuration.models import SystemConfig
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
from engine.connectors.deliveries import (
    AS_COPIED,
    Delivery,
    DeliveryOptions,
    delivery,
    empty_ones,
    hashed,
    is_pattern,
    paths_to_copy,
    state_of,
    why_not_all,
)
from engine.connectors.directory_types import Base, DirectoryObjectOptions, why_no_flow
from engine.connectors.entries import EntryReader
from engine.connectors.files import copy_all, in_pages, repeated, why_unwritable
from engine.connectors.ldif import errors
from engine.connectors.ldif.directory import LdifDirectory
from engine.connectors.ldif.doubts import has_stray_quote, ids_told, why_nobody
from engine.connectors.ldif.entry import Entry, quick_entry
from engine.connectors.ldif.files import LdifFiles
from engine.errors import CannotConnect
from engine.values import dn
from engine.values.seen import Seen
from storage.fingerprints import Fingerprints, fingerprint_of, scope_of

MOST_CLASSES = 10_000
"""How many combinations of object classes are kept with the types that they make."""
_SCOPE = scope_of(b"ldif")


class LdifOptions(DeliveryOptions):
    """`[systems.NAME]` with `connector = "ldif"`."""

    path: Path
    """The file, or a pattern such as `in/*.ldif`."""
    member: str | None = None
    """The file in a ZIP archive, where that holds several."""
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
        self._files: LdifFiles | None = None
        """Copies of the files that were imported last."""
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
        self._forget()
        self._directory.close()

    def _forget(self) -> None:
        if self._files is not None:
            self._files.close()
            self._files = None

    def _delivered(self) -> dict[str, Delivery]:
        """Give the files to read: one directory, whatever its types. Raises `CannotConnect`."""
        return {"": delivery(self.folder, self.options.path, self.options)}

    def _opened(self) -> LdifFiles:
        """Begin to read the files as they are now. Raises `CannotConnect`."""
        return LdifFiles(self._delivered()[""], self.options.member)

    async def test(self) -> list[CheckLine]:
        try:
            count, names = await asyncio.to_thread(self._measure)
        except CannotConnect as error:
            return [CheckLine(False, "file", str(error))]
        return [CheckLine(True, "file", f"{names}: {count:,} entries")]

    async def test_writing(self, object_types: Collection[str]) -> list[CheckLine]:
        told = why_unwritable(self.path, self._written) if object_types else None
        return [CheckLine(False, "file", told)] if told else []

    def _measure(self) -> tuple[int, str]:
        """Give how many entries there are, and in which files."""
        with self._opened() as files:
            return sum(1 for _ in files.entries()), ", ".join(str(one.path) for one in files.files)

    async def discover_schema(self) -> dict[str, list[str]]:
        return await asyncio.to_thread(self._discover)

    def _discover(self) -> dict[str, list[str]]:
        names: dict[str, set[str]] = {kind: set() for kind in self.system.objects}
        with self._opened() as files:
            for entry in files.entries():
                if (kind := self._type_of(entry)) is not None:
                    names[kind].update(entry.attributes)
        return {kind: sorted(found) for kind, found in names.items()}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        self._forget()
        partitions = self._bases
        before = await asyncio.to_thread(self._delivered)
        if request.state is not None and await asyncio.to_thread(hashed, before) == request.state:
            yield ImportEnd(complete=True, partitions=partitions, state=request.state, unchanged=True)
            return
        files = self._files = await asyncio.to_thread(LdifFiles, before[""], self.options.member)
        seen = Seen()
        async for page in in_pages(self._pages(files, request, frozenset(), seen), files.count):
            yield page
        if duplicates := await asyncio.to_thread(self._duplicates, files, seen):
            yield ImportRestart()
            async for page in in_pages(self._pages(files, request, duplicates, Seen()), files.count):
                yield page
        reasons = [files.unfinished] if files.unfinished else []
        reasons += empty_ones([(one.path, not one.entries) for one in files.files])
        read = [(one.path, one.copy.stamp) for one in files.files]
        reasons += await asyncio.to_thread(why_not_all, read, before, self._delivered)
        state = state_of({"": [one.copy.digest for one in files.files]})
        yield ImportEnd(complete=not reasons, partitions=partitions, reason="; ".join(reasons), state=state)

    def looks_for(self, object_type: str) -> str:
        return "".join(f"(objectClass={name})" for name in sorted(self._classes[object_type]))

    def _duplicates(self, files: LdifFiles, seen: Seen) -> frozenset[str]:
        """Give the ids and the DNs that stand in the files more than once."""
        readers = self._readers({kind: frozenset() for kind in self.system.objects})

        def ids() -> Iterator[str]:
            for entry in files.entries():
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
        self, files: LdifFiles, request: ImportRequest, duplicates: frozenset[str], seen: Seen
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
        for entry in files.entries(partial(_recalled, known)):
            if isinstance(entry, Unchanged):
                unchanged.append(entry)
            else:
                if known.knows_any:
                    others.append(entry.dn)
                if (one := self._object_of(files, readers, entry, duplicates, seen)) is not None:
                    page.append(one)
                    size += entry.size
            if max(len(page) + len(unchanged), len(others)) >= request.page_size or size >= PAGE_BYTES:
                yield ImportPage(page, unchanged=unchanged, others=others)
                page, unchanged, others, size = [], [], [], 0
        if page or unchanged or others:
            yield ImportPage(page, unchanged=unchanged, others=others)

    def _object_of(
        self,
        files: LdifFiles,
        readers: Mapping[str, EntryReader],
        entry: Entry,
        duplicates: frozenset[str],
        seen: Seen,
    ) -> ImportedObject | None:
        """Make the object of an entry, and take note of its id and DN; None where it is of no type."""
        mark = _mark(entry.dn)
        seen.add(mark)
        is_double = mark in duplicates
        if is_double:
            files.unfinish(f"line {entry.line}: the DN '{entry.dn}' stands in the file more than once")
        if entry.torn:
            files.unfinish(f"line {entry.line}: {entry.torn}")
        kind = self._type_of(entry)
        if kind is None:
            return None
        one = self._read(files, readers[kind], entry, is_double=is_double)
        own = f"{kind}\0{one.external_id or readers[kind].external_id(entry.attributes)}"
        seen.add(own)
        if one.external_id is not None and own in duplicates:
            one.error = errors.duplicate(one)
        one.fingerprint = entry.fingerprint
        return one

    def _read(self, files: LdifFiles, reader: EntryReader, entry: Entry, *, is_double: bool) -> ImportedObject:
        """Make the object of an entry; whose it is cannot be known where it is cut, or another may stand in it."""
        one = reader.read(entry.dn, entry.attributes, f"{files.now.name}:{entry.line}", entry.wrong)
        one.partition = self._bases[one.type]
        torn = entry.torn or why_nobody(reader, self._id_names[one.type], entry.dn, entry.attributes)
        if torn:
            files.unfinish(f"line {entry.line}: {torn}")
        if is_double:
            one.error, one.attributes = errors.duplicate_dn(one), {}
        if entry.cut or torn:
            one.external_id, one.attributes = None, {}
            one.error = errors.cut(one) if entry.cut else errors.torn(one, torn)
        return one

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
        """Look for ids in entries of other classes, and outside the base in those without a parent or a sound name."""
        reader = self._readers({object_type: frozenset()})[object_type]
        files = self._files = self._files or self._opened()
        others = {
            found: (entry, f"{files.now}:{entry.line}")
            for entry in files.entries()
            if self._type_of(entry) != object_type
            for found in ids_told(reader, self._id_names[object_type], entry.dn, entry.attributes)
            if found in external_ids
        }
        parents = {_mark(dn.parent(entry.dn)) for entry, _ in others.values()}
        there = parents & {mark for entry in files.entries() if (mark := _mark(entry.dn)) in parents}
        base = self._bases[object_type]
        return {
            one: place
            for one, (entry, place) in others.items()
            if self._is_below(entry, base) or _mark(dn.parent(entry.dn)) not in there or has_stray_quote(entry.dn)
        }

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        entry = await asyncio.to_thread(self._written().find, object_type, external_id, secondary_id)
        if entry is None:
            return None
        reader = EntryReader(object_type, self.system.objects[object_type], attributes)
        return reader.read(entry.dn, entry.attributes, str(self.path), entry.wrong)

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        paths = await asyncio.to_thread(paths_to_copy, self.folder, self.options.path, self.options)
        path = await asyncio.to_thread(copy_all, paths, folder)
        options = self.options.model_copy(update={"path": path, **AS_COPIED})
        return Copy(LdifConnector(self.name, self.system.model_copy(update={"options": options}), self.folder))

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        return await asyncio.to_thread(self._written().apply, operations)

    def _written(self) -> LdifDirectory:
        """Give the directory to write to. Raises `CannotConnect` where it is no plain file."""
        if is_pattern(self.options.path):
            raise CannotConnect(f"{self.path}: is a pattern, and what is written needs one file of its own")
        if self.options.member is not None:
            raise CannotConnect(f"{self.path}: only a plain file is written, and none in an archive")
        return self._directory


def _recalled(known: Fingerprints, record: bytes, line: int) -> Entry | Unchanged | None:
    """Read a record, unless its fingerprint is known; None where the quick way cannot read it."""
    fingerprint = fingerprint_of(_SCOPE, record)
    if cso_id := known.cso_of(fingerprint):
        return Unchanged(fingerprint, cso_id)
    return quick_entry(record, line, fingerprint)


def _mark(entry_dn: str) -> str:
    """Give what no other entry of a file has: its DN, told apart from ids."""
    try:
        return f"\0{dn.key(entry_dn)}"
    except dn.InvalidDn:
        return f"\0{entry_dn}"
