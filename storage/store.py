"""Open a store, migrate it, and give out transactions: one writer, any number of readers."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import clock, mark
from storage.dialects.sqlite import copying, dialect, new_store, store_file
from storage.dialects.sqlite.errors import DriverError, explain
from storage.dialects.sqlite.opening import identity
from storage.errors import StoreError, StoreReadOnly, StoreTooNew, StoreUnreadable

Transaction = AsyncConnection
"""What every query function takes; it is committed or rolled back as a whole by the store."""

NEWEST = "newest entry"
"""The key by which a transaction is told what to name in the mark beside the store, once it is committed."""

ACCEPTED = "accepted"
"""The key by which a transaction is told that the store may be older than its mark."""

PATIENCE_SECONDS = 5
"""How long closing a store waits for whoever still uses it."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""The schema revisions this version knows, oldest first."""


class Store:
    """An open store file."""

    def __init__(self, path: Path, writer: AsyncEngine, reader: AsyncEngine, watch: AsyncEngine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._watch = watch
        self._users = 0
        self._free = asyncio.Event()
        self._free.set()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a store, made new with mode 0600 if it is missing, migrated (after a backup) if it is older.

        Raises a `StoreError` that says why it cannot be opened.
        """
        try:
            _prepare(path)
        except (DriverError, DBAPIError, OSError) as error:
            raise explain(error, path) from error
        writer, reader = dialect.create_engine(path, write=True), dialect.create_engine(path, write=False)
        return cls(path, writer, reader, dialect.create_watch(path))

    @classmethod
    def open_copy(cls, path: Path, folder: Path) -> Self:
        """Open a copy of a store in a private folder, migrated if it is older; the store itself is only read.

        Where there is none yet, the copy is new and empty. Raises a `StoreError` that says why not.
        """
        copy = folder / path.name
        try:
            if identity(path) is not None:
                copying.copy_unnoticed(path, copy)
            elif not path.parent.is_dir():
                raise StoreUnreadable(f"{path}: the folder {path.parent} does not exist; create it first")
            return cls.open(copy)
        except (DriverError, DBAPIError, OSError) as error:
            raise explain(error, path) from error
        except StoreError as error:
            raise type(error)(str(error).replace(str(copy), str(path))) from error

    async def close(self) -> None:
        """Close every connection, once whoever still has one is done: those would stay open for ever."""
        with suppress(TimeoutError):  # nobody who does not end keeps the program from ending
            await asyncio.wait_for(self._free.wait(), PATIENCE_SECONDS)
        await self._writer.dispose()
        await self._reader.dispose()
        await self._watch.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Give the one write transaction; all of it is kept, or none."""
        try:
            with self._used():
                async with self._writer.begin() as connection:
                    for told in (NEWEST, ACCEPTED):
                        connection.info.pop(told, None)
                    yield connection
                    newest = connection.info.pop(NEWEST, None)
                if newest is not None:
                    mark.write(self.path, newest)
        except DBAPIError as error:
            raise explain(error, self.path) from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Give a consistent view of the store that no writer disturbs.

        When the task that reads is cancelled, its statement stops and its connection is free for the next at once.
        """
        try:
            with self._used():
                async with self._reader.begin() as connection:
                    yield connection
        except DBAPIError as error:
            raise explain(error, self.path) from error

    async def changes(self) -> int:
        """Give a number that differs from the last one if anything was committed meanwhile, by this process or another.

        It says nothing else, and costs so little that it can be asked several times a second.
        """
        try:
            with self._used():
                return await dialect.data_version(self._watch)
        except (DBAPIError, DriverError) as error:
            raise explain(error, self.path) from error

    @contextmanager
    def _used(self) -> Iterator[None]:
        self._users += 1
        self._free.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._free.set()


def _prepare(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreUnreadable(f"{path}: the folder {path.parent} does not exist; create it first")
    if identity(path) is None:
        _create(path)
    elif not path.stat().st_size:
        raise StoreUnreadable(f"{path}: is empty; restore it from a backup, or remove it to begin anew")
    elif not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreReadOnly(f"{path}: the store or its folder cannot be written; check owner and permissions")
    version = store_file.schema_version(path)
    if version == REVISIONS[-1]:
        return
    if version is not None and version not in REVISIONS:
        raise StoreTooNew(
            f"{path}: written by a newer Interlock (schema {version}, this one knows up to {REVISIONS[-1]}); "
            "upgrade Interlock, or open the backup made before the migration"
        )
    if version is not None:
        copy = path.with_name(f"{path.name}.{version}-{clock.now()[:19].replace(':', '')}.backup")
        store_file.backup(path, copy)
    upgrade(path)


def _create(path: Path) -> None:
    """Make a new store beside its place and put it there whole; one that somebody else put there stays."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        new_store.create(Path(name))
        mark.forget(path)
        with suppress(FileExistsError):
            os.link(name, path, follow_symlinks=False)
    finally:
        os.unlink(name)


def upgrade(path: Path) -> None:
    """Bring a store to the newest schema."""
    from storage import migrations  # noqa: PLC0415 - Alembic is slow to import and rarely needed

    migrations.upgrade(path)
