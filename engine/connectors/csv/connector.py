"""The `csv` connector: one file for each object type, read in full, written by atomic replacement."""

import asyncio
import csv
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import ExitStack
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
from engine.connectors.csv.reading import NeedsSurvey, Source
from engine.connectors.csv.rows import RowReader
from engine.connectors.csv.table import CsvTable
from engine.connectors.files import changed_since, copy_into, digest_of, in_pages
from engine.errors import CannotConnect

csv.field_size_limit(LARGEST_ROW)


class CsvConnector(Connector):
    """Rows of CSV files as objects; the first row names the attributes."""

    capabilities = Capabilities(writes=True, batch_size=5000)
    Options = CsvOptions
    ObjectOptions = CsvObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: CsvOptions = system.options
        self._tables: dict[str, CsvTable] = {}
        self._open = ExitStack()
        """Closes the copies of the files that were imported last."""
        self._sources: dict[str, Source] = {}
        """Those copies, by type."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def _forget(self) -> None:
        self._sources.clear()
        self._open.close()

    def path_of(self, object_type: str) -> Path:
        """Give the file of an object type. Raises `CannotConnect` where the configuration names none."""
        own: CsvObjectOptions = self.system.objects[object_type].options
        path = own.path or (self.options.path if len(self.system.objects) == 1 else None)
        if path is None:
            raise CannotConnect(
                f"'{self.name}': no file for '{object_type}'; give [systems.{self.name}.objects.{object_type}] a path"
            )
        return self.folder / path

    async def test(self) -> list[CheckLine]:
        lines = []
        for kind in self.system.objects:
            try:
                header, rows = await asyncio.to_thread(self._measure, kind)
                lines.append(CheckLine(True, kind, f"{self.path_of(kind)}: {rows:,} rows, {len(header)} columns"))
            except CannotConnect as error:
                lines.append(CheckLine(False, kind, str(error)))
        return lines

    def _measure(self, object_type: str) -> tuple[list[str], int]:
        with self._source(object_type, frozenset()) as source:
            source.survey()
            return source.header, source.count

    def _source(self, object_type: str, used: frozenset[str]) -> Source:
        settings = self.system.objects[object_type]
        return Source(self.path_of(object_type), object_type, settings, self.options, used)

    async def discover_schema(self) -> dict[str, list[str]]:
        return {kind: (await asyncio.to_thread(self._measure, kind))[0] for kind in self.system.objects}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        self._forget()
        if request.state is not None and await asyncio.to_thread(self._state) == request.state:
            yield ImportEnd(complete=True, state=request.state, unchanged=True)
            return
        for kind, used in request.required.items():
            self._sources[kind] = self._open.enter_context(await asyncio.to_thread(self._source, kind, used))
        sources = self._sources.values()
        try:
            async for page in _pages(sources, request.page_size):
                yield page
        except NeedsSurvey:
            for source in sources:
                await asyncio.to_thread(source.survey)
            yield ImportRestart()
            async for page in _pages(sources, request.page_size):
                yield page
        changed = [str(source.path) for source in sources if changed_since(source.path, source.stamp)]
        reasons = [f"{', '.join(changed)} changed while it was read"] if changed else []
        reasons += [source.incomplete for source in sources if source.incomplete]
        state = " ".join(source.digest for source in sources)
        yield ImportEnd(complete=not reasons, reason="; ".join(reasons), state=state)

    def _state(self) -> str:
        return " ".join(digest_of(self.path_of(kind)) for kind in self.system.objects)

    async def find_hidden(self, object_type: str, external_ids: frozenset[str]) -> dict[str, str]:
        return await asyncio.to_thread(self._sources[object_type].find_hidden, external_ids)

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
        paths = {kind: self.path_of(kind) for kind in self.system.objects}
        copies = {path: await asyncio.to_thread(copy_into, path, folder) for path in dict.fromkeys(paths.values())}
        types = {
            kind: settings.model_copy(update={"options": CsvObjectOptions(path=copies[paths[kind]])})
            for kind, settings in self.system.objects.items()
        }
        return Copy(CsvConnector(self.name, self.system.model_copy(update={"objects": types}), self.folder))

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        results = []
        for kind in dict.fromkeys(operation.type for operation in operations):
            own = [operation for operation in operations if operation.type == kind]
            results += await asyncio.to_thread(self._table(kind).apply, own)
        return results

    def _table(self, object_type: str) -> CsvTable:
        if object_type not in self._tables:
            settings = self.system.objects[object_type]
            self._tables[object_type] = CsvTable(self.path_of(object_type), settings, self.options)
        return self._tables[object_type]


async def _pages(sources: Collection[Source], size: int) -> AsyncIterator[ImportPage]:
    """Give the objects of some files, page by page. Raises `NeedsSurvey`."""
    total = sum(source.count for source in sources)
    for source in sources:
        async for page in in_pages(source.pages(size), total):
            yield page
