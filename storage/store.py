"""Open a store, migrate it, and give out transactions: one writer, any number of readers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError

from storage import mark
from storage.dialects.asynchronous import AsyncConnection
from storage.dialects.base import Place
from storage.errors import StoreError
from storage.place import ServerAddress, place_at

Transaction = AsyncConnection
"""What every query function takes; it is committed or rolled back as a whole by the store."""

NEWEST = "newest entry"
"""The key by which a transaction is told what to name in the mark of the store, once it is committed."""

ACCEPTED = "accepted"
"""The key by which a transaction is told that the store may be older than its mark."""

MARK = "mark"
"""The key by which a transaction tells what the mark of its store stands beside."""

PATIENCE_SECONDS = 5
"""How long closing a store waits for whoever still uses it."""


class Store:
    """An open store."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._writer = place.writer()
        self._reader = place.reader()
        self._watch = place.watch()
        self._users = 0
        self._free = asyncio.Event()
        self._free.set()

    @property
    def name(self) -> str:
        """What a person calls it: its file, or the address of its database without a password."""
        return self.place.name

    @classmethod
    def open(cls, where: Path | ServerAddress) -> Self:
        """Open a store, made new if it is missing, migrated if it is older.

        Raises a `StoreError` that says why it cannot be opened.
        """
        return cls._opened(place_at(where))

    @classmethod
    def _opened(cls, place: Place) -> Self:
        try:
            place.prepare()
        except _failures(place, OSError) as error:
            raise place.explain(error) from error
        return cls(place)

    @classmethod
    def open_copy(cls, where: Path | ServerAddress, folder: Path) -> tuple[Place, Self, bool]:
        """Open a copy of a store in a private folder, migrated if it is older; the store itself is only read.

        Gives the place of the store, its copy, and whether there is no store yet: then the copy is empty.
        Raises a `StoreError` that says why not.
        """
        place = place_at(where)
        try:
            is_new = place.empty()
            copy = place.copy_into(folder)
        except _failures(place, OSError) as error:
            raise place.explain(error) from error
        try:
            return place, cls._opened(copy), is_new
        except StoreError as error:
            raise type(error)(str(error).replace(copy.name, place.name)) from error

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
                    connection.info[MARK] = self.place.beside
                    yield connection
                    newest = connection.info.pop(NEWEST, None)
                if newest is not None:
                    mark.write(self.place.beside, newest, self.place.shared_as)
        except _failures(self.place) as error:
            raise self.place.explain(error) from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Give a consistent view of the store that no writer disturbs.

        When the task that reads is cancelled, its statement stops and its connection is free for the next at once.
        """
        try:
            with self._used():
                async with self._reader.begin() as connection:
                    connection.info[MARK] = self.place.beside
                    yield connection
        except _failures(self.place) as error:
            raise self.place.explain(error) from error

    async def know_sizes(self) -> None:
        """Let the database look at tables that have grown much. Raises `StoreError`."""
        try:
            with self._used():
                await self.place.know_sizes(self._writer)
        except _failures(self.place) as error:
            raise self.place.explain(error) from error

    async def changes(self) -> int:
        """Give a number that differs from the last one if anything was committed meanwhile, by this process or another.

        It says nothing else, and costs so little that it can be asked several times a second.
        """
        try:
            with self._used():
                return await self.place.data_version(self._watch)
        except _failures(self.place) as error:
            raise self.place.explain(error) from error

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


def _failures(place: Place, *more: type[Exception]) -> tuple[type[Exception], ...]:
    """Give the errors by which a place says that something is wrong with it."""
    return (DBAPIError, *place.driver_errors, *more)
