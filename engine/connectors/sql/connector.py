"""The `sql` connector: rows of tables as objects, read in one snapshot, written in one transaction a batch."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection

from engine.configuration.models import ObjectTypeConfig, SystemConfig
from engine.connectors.base import (
    Capabilities,
    CheckLine,
    Connector,
    Deleted,
    ExportOperation,
    ExportResult,
    ImportedObject,
    ImportEnd,
    ImportEvent,
    ImportPage,
    ImportRequest,
    SchemaAttribute,
)
from engine.connectors.sql.change_table import ChangeTable
from engine.connectors.sql.database import Database
from engine.connectors.sql.options import SqlObjectOptions, SqlOptions
from engine.connectors.sql.reading import RowReader
from engine.connectors.sql.tables import TypeTables
from engine.connectors.sql.writing import write
from engine.errors import CannotConnect, ConnectionLost, StepFailed

Made = TypeVar("Made")
_NO_STREAM = frozenset({"mysql", "mariadb"})
"""Databases that answer nothing else while the rows of a query are being fetched."""


class SqlConnector(Connector):
    """The tables, views and queries of one database."""

    capabilities = Capabilities(writes=True, batch_size=500, delta=True)
    Options = SqlOptions
    ObjectOptions = SqlObjectOptions

    def __init__(self, name: str, system: SystemConfig, folder: Path) -> None:
        super().__init__(name, system, folder)
        self.options: SqlOptions = system.options
        self._database = Database(name, self.options, folder)
        self._looked_at: dict[str, TypeTables] = {}
        """What the database said of the types' tables; asked once while the connector is entered."""
        self._growing = all(map(_grows, system.objects.values()))
        self.capabilities = Capabilities(writes=True, batch_size=500, delta=self._growing)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._database.close)

    def abandon(self) -> None:
        self._database.abandon()

    async def _waited(self, work: Callable[..., Made], *arguments: Any) -> Made:
        """Do something in a thread, for as long as the database may take. Raises `StepFailed`."""
        doing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        doing.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever waits is told of it
        seconds = self.options.timeout.total_seconds()
        try:
            return await asyncio.wait_for(asyncio.shield(doing), seconds)
        except TimeoutError:
            self._database.abandon()
            await asyncio.wait([doing], timeout=seconds)
            raise ConnectionLost(f"{self.name}: no answer for {seconds:g} s") from None

    def _tables(self, connection: Connection) -> dict[str, TypeTables]:
        if not self._looked_at:
            self._looked_at = {
                kind: TypeTables(self.name, kind, one, connection) for kind, one in self.system.objects.items()
            }
        return self._looked_at

    async def test(self) -> list[CheckLine]:
        try:
            return await self._waited(self._test)
        except StepFailed as error:
            return [CheckLine(False, "database", str(error))]
        finally:
            await asyncio.to_thread(self._database.close)

    def _test(self) -> list[CheckLine]:
        with self._database.reading() as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            lines = [CheckLine(True, "database", f"{connection.dialect.name} {version}")]
            for kind, tables in self._tables(connection).items():
                if why := tables.why_unreadable(connection):
                    lines.append(CheckLine(False, kind, f"{tables.place}: cannot be read: {why}"))
                    continue
                lines.append(CheckLine(True, kind, f"{tables.place}: {len(tables.columns)} columns"))
                if not tables.is_unique and tables.table is not None:
                    names = ", ".join(tables.key_names)
                    told = f"nothing in {tables.place} keeps {names} from standing there twice; make it unique"
                    lines.append(CheckLine(True, kind, told))
                lines += [CheckLine(True, kind, told) for told in self._of_delta(tables.options)]
            return lines

    def _of_delta(self, options: SqlObjectOptions) -> Iterator[str]:
        """Say what `delta` goes by for a type, if it is of use for any."""
        if options.changed:
            yield f"delta goes by '{options.changed}', and cannot see what was deleted: that takes a full import"
        elif options.change_table:
            yield f"delta goes by '{options.change_table.table}', and sees what was deleted"
        elif any(_grows(one) for one in self.system.objects.values()):
            why = "has neither 'changed' nor 'change_table'"
            yield f"{why}, so that delta reads everything: give it a system of its own"

    async def discover_schema(self) -> dict[str, list[str]]:
        described = await self.describe_schema()
        return {kind: [one.name for one in found] for kind, found in described.items()}

    async def describe_schema(self) -> dict[str, list[SchemaAttribute]]:
        try:
            return await self._waited(self._describe)
        finally:
            await asyncio.to_thread(self._database.close)

    def _describe(self) -> dict[str, list[SchemaAttribute]]:
        with self._database.reading() as connection:
            return {kind: tables.describe() for kind, tables in self._tables(connection).items()}

    async def import_objects(self, request: ImportRequest) -> AsyncIterator[ImportEvent]:
        pages = self._pages(request)
        try:
            while (event := await self._waited(next, pages, None)) is not None:
                yield event
        finally:
            await asyncio.to_thread(pages.close)

    def _pages(self, request: ImportRequest) -> Generator[ImportEvent]:
        """Read everything in one snapshot, or what changed since; its end says where to go on."""
        ways = {kind: _way(one.options) for kind, one in self.system.objects.items()}
        since = _read_watermark(request.watermark, ways) if self._growing else None
        with self._database.reading() as connection:
            tables = self._tables(connection)
            readers = {kind: self._reader(tables[kind], used, request) for kind, used in request.types.items()}
            newest = {kind: readers[kind].last_change(connection) for kind in readers} if self._growing else {}
            for kind, reader in readers.items():
                changes, known = tables[kind].changes, (since or {}).get(kind)
                if changes is not None and known is not None and self._goes_on(tables[kind], known, newest[kind]):
                    yield from _changed(connection, reader, changes, kind, known)
                    continue
                condition = None if changes is not None else self._condition(reader, since, kind)
                with closing(self._of_type(connection, reader, request.page_size, condition)) as found:
                    for page in found:
                        yield ImportPage(page)
        yield ImportEnd(complete=True, full=since is None, watermark=_written_watermark(newest, ways))

    def _goes_on(self, tables: TypeTables, known: int, newest: int) -> bool:
        """Tell whether the numbers of a table of changes go on from one; else all is read, and a note says why."""
        if newest >= known:
            return True
        told = "the numbers of its changes began anew; who was deleted meanwhile is seen by the next full import"
        self.notes.append(f"{tables.place} was read whole: {told}")
        return False

    def _condition(self, reader: RowReader, since: dict[str, Any] | None, kind: str) -> ColumnElement[bool] | None:
        if since is None or since.get(kind) is None:
            return None
        return reader.changed_since(since[kind], self.options.overlap)

    def _of_type(
        self, connection: Connection, reader: RowReader, size: int, condition: ColumnElement[bool] | None
    ) -> Generator[list[ImportedObject]]:
        can_stream_many = self._database.dialect not in _NO_STREAM
        yield from reader.pages(connection, size, since=condition, can_stream_many=can_stream_many)

    def _reader(self, tables: TypeTables, used: frozenset[str], request: ImportRequest) -> RowReader:
        """Make the reader of a type. Raises `CannotConnect` where what the rules need is not there."""
        reader = RowReader(tables, used)
        missing = [name for name in reader.unknown if name in request.required.get(tables.kind, frozenset())]
        if missing:
            there = ", ".join(tables.columns)
            raise CannotConnect(f"{self.name}: {tables.place} has no column '{missing[0]}'; it has {there}")
        return reader

    async def read_object(
        self,
        object_type: str,
        *,
        external_id: str | None,
        secondary_id: str | None,
        attributes: frozenset[str],
    ) -> ImportedObject | None:
        return await self._waited(self._find, object_type, external_id, secondary_id, attributes)

    def _find(
        self, kind: str, external_id: str | None, secondary_id: str | None, attributes: frozenset[str]
    ) -> ImportedObject | None:
        with self._database.reading() as connection:
            return RowReader(self._tables(connection)[kind], attributes).find(connection, external_id, secondary_id)

    async def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        return await self._waited(self._export, operations)

    def _export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        with self._database.writing() as connection:
            tables = self._tables(connection)
            connection.rollback()  # looking at the tables has begun a transaction
            return write(connection, tables, operations)


def _grows(settings: ObjectTypeConfig) -> bool:
    """Tell whether something of a type shows what has changed: `changed`, or `change_table`."""
    return bool(settings.options.changed or settings.options.change_table)


def _changed(
    connection: Connection, reader: RowReader, changes: ChangeTable, kind: str, number: int
) -> Generator[ImportPage]:
    """Give what a table of changes names: as it is now, or that it is gone."""
    for named in changes.keys_since(connection, number):
        objects, gone = reader.named(connection, named)
        yield ImportPage(objects, deleted=[Deleted(kind, one) for one in gone])


def _way(options: SqlObjectOptions) -> str:
    """Give how changes of a type are told: a mark that was made in another way says nothing."""
    table = options.change_table
    return f"changed {options.changed}" if table is None else f"change_table {table.table} {table.sequence}"


def _read_watermark(text: str | None, ways: dict[str, str]) -> dict[str, Any] | None:
    """Read where a delta import goes on, type by type; None where that is nowhere."""
    if text is None:
        return None
    readers: dict[str, Callable[[Any], Any]] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "bytes": bytes.fromhex,
    }
    found = {}
    for kind, (how, value, *way) in json.loads(text).items():
        own = ways.get(kind, "")  # before ways were written down there was but one
        if (way[0] == own) if way else own.startswith("changed "):
            found[kind] = readers[how](value) if how in readers else value
    return found


def _written_watermark(newest: dict[str, Any], ways: dict[str, str]) -> str | None:
    """Write it down; None where nothing was ever changed."""
    if not newest or any(value is None for value in newest.values()):
        return None
    return json.dumps({kind: (*_written(value), ways[kind]) for kind, value in newest.items()})


def _written(value: Any) -> tuple[str, Any]:
    if isinstance(value, datetime):
        return "datetime", value.isoformat()
    if isinstance(value, date):
        return "date", value.isoformat()
    if isinstance(value, bytes):
        return "bytes", value.hex()
    return ("number", value) if isinstance(value, int) else ("text", str(value))
