"""The `csv` connector: one file for each object type, read in full, written by atomic replacement."""

import asyncio
import csv
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType

from engine.configuration.models import SystemConfig
from engine.connectors.base import (
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
)
from engine.connectors.csv.format import LARGEST_ROW
from engine.connectors.csv.options import CsvObjectOptions, CsvOptions
from engine.connectors.csv.reading import NeedsSurvey, Source, survey
from engine.connectors.csv.rows import RowReader
from engine.connectors.csv.spreadsheet import is_spreadsheet
from engine.connectors.csv.table import CsvTable
from engine.connectors.deliveries import (
    AS_COPIED,
    Delivery,
    delivery,
    empty_ones,
    hashed,
    is_pattern,
    paths_to_copy,
    state_of,
    why_not_all,
)
from engine.connectors.files import copy_all, in_pages, why_unwritable
from engine.errors import CannotConnect, StepFailed
from engine.values.seen import Seen
from storage.fingerprints import Fingerprints

csv.field_size_limit(LARGEST_ROW)


class CsvConnector(Connector):
    """Rows of CSV files as objects; the first row names the attributes."""

    capabilities = Capabilities(writes=True, batch_size=5000)
    Options = CsvOptions
    ObjectOptions = CsvObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: CsvOptions = system.options
        if any(one.options.only for one in system.objects.values()):
            self.hiding = f"stands in a row of another kind: look at the column that 'only' names; or it {self.hiding}"
        self._tables: dict[str, CsvTable] = {}
        self._open = ExitStack()
        """Closes the copies of the files that were imported last."""
        self._sources: dict[str, list[Source]] = {}
        """Those copies, by type."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def _forget(self) -> None:
        self._sources.clear()
        self._open.close()

    def path_of(self, object_type: str) -> Path:
        """Give the file of a type, or the pattern. Raises `CannotConnect` where the configuration names none."""
        return self.folder / self._configured(object_type)

    def _configured(self, object_type: str) -> Path:
        """Give the path of a type as it is configured. Raises `CannotConnect`."""
        own: CsvObjectOptions = self.system.objects[object_type].options
        path = own.path or (self.options.path if len(self.system.objects) == 1 else None)
        if path is None:
            raise CannotConnect(
                f"'{self.name}': no file for '{object_type}'; give [systems.{self.name}.objects.{object_type}] a path"
            )
        return path

    def delivery_of(self, object_type: str) -> Delivery:
        """Give the files to read of an object type. Raises `CannotConnect` where there is none that is finished."""
        return delivery(self.folder, self._configured(object_type), self.options)

    async def test(self) -> list[CheckLine]:
        lines = []
        for kind in self.system.objects:
            try:
                header, rows, names = await asyncio.to_thread(self._measure, kind)
                lines.append(CheckLine(True, kind, f"{names}: {rows:,} rows, {len(header)} columns"))
            except StepFailed as error:
                lines.append(CheckLine(False, kind, str(error)))
        return lines

    async def test_writing(self, object_types: Collection[str]) -> list[CheckLine]:
        told = ((kind, why_unwritable(self.path_of(kind), partial(self._table, kind))) for kind in object_types)
        return [CheckLine(False, kind, why) for kind, why in told if why]

    def _measure(self, object_type: str) -> tuple[list[str], int, str]:
        """Give the columns of a type's files, how many rows they have, and which they are."""
        with ExitStack() as opened:
            sources = self._read(opened, object_type, self.delivery_of(object_type), frozenset())
            survey(sources)
            columns = dict.fromkeys(name for source in sources for name in source.header)
            return list(columns), sum(source.count for source in sources), ", ".join(str(one.path) for one in sources)

    def _read(self, opened: ExitStack, object_type: str, found: Delivery, used: frozenset[str]) -> list[Source]:
        """Begin to read the files of a type; they are closed with `opened`. Raises `CannotConnect`."""
        settings = self.system.objects[object_type]
        seen = Seen() if len(found.paths) > 1 else None
        return [
            opened.enter_context(Source(path, object_type, settings, self.options, used, seen)) for path in found.paths
        ]

    async def discover_schema(self) -> dict[str, list[str]]:
        return {kind: (await asyncio.to_thread(self._measure, kind))[0] for kind in self.system.objects}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        self._forget()
        before = await asyncio.to_thread(self._deliveries, request.required)
        if request.state is not None and await asyncio.to_thread(hashed, before) == request.state:
            yield ImportEnd(complete=True, state=request.state, unchanged=True)
            return
        for kind, used in request.required.items():
            self._sources[kind] = await asyncio.to_thread(self._read, self._open, kind, before[kind], used)
        sources = [source for own in self._sources.values() for source in own]
        known = request.fingerprints or Fingerprints()
        try:
            async for page in _pages(sources, request.page_size, known):
                yield page
        except NeedsSurvey:
            for own in self._sources.values():
                await asyncio.to_thread(survey, own)
            yield ImportRestart()
            async for page in _pages(sources, request.page_size, known):
                yield page
        yield await asyncio.to_thread(self._end, sources, before)

    def _deliveries(self, object_types: Iterable[str]) -> dict[str, Delivery]:
        """Give the files to read of some types, by type. Raises `CannotConnect`."""
        return {kind: self.delivery_of(kind) for kind in object_types}

    def _end(self, sources: list[Source], before: dict[str, Delivery]) -> ImportEnd:
        """Tell whether all files were read to their ends, as they were all the time, and are all there are."""
        reasons = [source.incomplete for source in sources if source.incomplete]
        for own in self._sources.values():
            reasons += empty_ones([(one.path, not one.header) for one in own])
        read = [(one.path, one.stamp) for one in sources]
        reasons += why_not_all(read, before, lambda: self._deliveries(before))
        state = state_of({kind: [one.digest for one in own] for kind, own in self._sources.items()})
        return ImportEnd(complete=not reasons, reason="; ".join(reasons), state=state)

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in self._sources[object_type]:
            found |= await asyncio.to_thread(source.find_hidden, external_ids)
        return found

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        if external_id is None:
            return None
        table = self._table(object_type)
        row = await asyncio.to_thread(table.find, external_id)
        if row is None:
            return None
        reader = RowReader(self.system.objects[object_type], object_type, table.header, self.options.separator)
        return reader.read(row, str(table.path), frozenset())

    async def copy_to(self, folder: Path, used: Mapping[str, frozenset[str]]) -> Copy:
        copies: dict[tuple[Path, ...], Path] = {}
        types = {}
        for kind, settings in self.system.objects.items():
            paths = tuple(await asyncio.to_thread(paths_to_copy, self.folder, self._configured(kind), self.options))
            if paths not in copies:
                copies[paths] = await asyncio.to_thread(copy_all, paths, folder)
            own = settings.options.model_copy(update={"path": copies[paths]})
            types[kind] = settings.model_copy(update={"options": own})
        finished = self.options.model_copy(update=AS_COPIED)
        system = self.system.model_copy(update={"objects": types, "options": finished})
        return Copy(CsvConnector(self.name, system, self.folder))

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        results = []
        for kind in dict.fromkeys(operation.type for operation in operations):
            own = [operation for operation in operations if operation.type == kind]
            results += await asyncio.to_thread(self._table(kind).apply, own)
        return results

    def _table(self, object_type: str) -> CsvTable:
        if object_type not in self._tables:
            settings, path = self.system.objects[object_type], self.path_of(object_type)
            own: CsvObjectOptions = settings.options
            if is_pattern(self._configured(object_type)):
                raise CannotConnect(f"{path}: is a pattern, and what is written needs one file of its own")
            if own.only or own.columns or own.member or own.sheet or is_spreadsheet(path):
                raise CannotConnect(f"{path}: only a plain file of one type is written, with a header and a delimiter")
            self._tables[object_type] = CsvTable(path, settings, self.options)
        return self._tables[object_type]


async def _pages(sources: Collection[Source], size: int, known: Fingerprints) -> AsyncIterator[ImportPage]:
    """Give the objects of some files, page by page. Raises `NeedsSurvey`."""
    total = sum(source.count for source in sources)
    for source in sources:
        async for page in in_pages(source.pages(size, known), total):
            yield page
