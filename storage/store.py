"""Open a store, migrate it, and give out transactions: one writer, any number of readers."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import clock
from storage.dialects.sqlite import copying, dialect, new_store, store_file
from storage.dialects.sqlite.errors import DriverError, error_name
from storage.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly, StoreTooNew, StoreUnreadable

Transaction = AsyncConnection
"""What every query function takes; it is committed or rolled back as a whole by the store."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The schema revisions this version knows, oldest first."""


class Store:
    """An open store file."""

    def __init__(self, path: Path, writer: AsyncEngine, reader: AsyncEngine, watch: AsyncEngine) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._watch = watch

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a store, made new with mode 0600 if it is missing, migrated (after a backup) if it is older.

        Raises a `StoreError` that says why it cannot be opened.
        """
        try:
            _prepare(path)
        except (DriverError, OSError) as error:
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
            if path.exists():
                copying.copy_unnoticed(path, copy)
            elif not path.parent.is_dir():
                raise StoreUnreadable(f"{path}: the folder {path.parent} does not exist; create it first")
            return cls.open(copy)
        except (DriverError, OSError) as error:
            raise explain(error, path) from error
        except StoreError as error:
            raise type(error)(str(error).replace(str(copy), str(path))) from error

    async def close(self) -> None:
        """Close every connection."""
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
            async with self._writer.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise explain(error, self.path) from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Give a consistent view of the store that no writer disturbs.

        When the task that reads is cancelled, its statement stops and its connection is free for the next at once.
        """
        try:
            async with self._reader.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise explain(error, self.path) from error

    async def changes(self) -> int:
        """Give a number that differs from the last one if anything was committed meanwhile, by this process or another.

        It says nothing else, and costs so little that it can be asked several times a second.
        """
        try:
            return await dialect.data_version(self._watch)
        except (DBAPIError, DriverError) as error:
            raise explain(error, self.path) from error


def _prepare(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreUnreadable(f"{path}: the folder {path.parent} does not exist; create it first")
    if not path.exists():
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
        copy.chmod(0o600)
    upgrade(path)


def _create(path: Path) -> None:
    """Make a new store beside its place and put it there whole; one that somebody else put there stays."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        new_store.create(Path(name))
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)


def upgrade(path: Path) -> None:
    """Bring a store to the newest schema."""
    from storage import migrations  # noqa: PLC0415 - Alembic is slow to import and rarely needed

    migrations.upgrade(path)


def explain(error: Exception, path: Path) -> StoreError:
    """Give an error of the database as what it means for the store, and what to do about it."""
    name = error_name(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLocked(
            f"{path}: another program kept the store locked for {dialect.BUSY_SECONDS} s; "
            "end it or wait, then try again"
        )
    if name == "SQLITE_FULL":
        return StoreFull(f"{path}: the disk is full; free some room, then run again: nothing half-written was kept")
    if name.startswith("SQLITE_READONLY"):
        return StoreReadOnly(f"{path}: the store cannot be written; check owner, permissions and mount options")
    if name.startswith("SQLITE_IOERR"):
        return StoreFull(
            f"{path}: the disk refused to read or write ({name}); check free room and the disk's health, then run again"
        )
    if name.startswith("SQLITE_CONSTRAINT"):
        return StoreError(f"{path}: refused by a rule of the store itself: {getattr(error, 'orig', error)}")
    reason = getattr(error, "orig", None) or error
    return StoreUnreadable(f"{path}: cannot be used as a store: {reason}")
