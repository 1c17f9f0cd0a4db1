"""What a database has to offer to hold a store."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Table

from storage.dialects.asynchronous import AsyncEngine
from storage.errors import StoreError

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
)
"""The schema revisions this version knows, oldest first."""


class Contents(Protocol):
    """All that a store holds, in one transaction of its own."""

    def rows(self, table: Table) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Give the rows of a table, many at a time, in the order of their keys; flags are numbers or truth values."""

    def put(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table."""


class Place(ABC):
    """Where a store is: a file, or a database of a server. Nothing of it is opened before it is asked for."""

    name: str
    """What a person calls it; never with a password."""
    beside: Path
    """What the mark of the store stands beside, under whose name: `storage/mark.py`."""
    shared_as: Path
    """The file or folder whose group may read that mark."""
    files: tuple[Path, ...] = ()
    """The files that are the store's, and nobody else may write."""
    driver_errors: tuple[type[Exception], ...]
    """What its driver raises where SQLAlchemy does not stand between."""

    @abstractmethod
    def prepare(self) -> None:
        """Make a new store where there is none, and bring an older one to the newest schema.

        Raises a `StoreError` that says why not, one of `driver_errors` or `OSError`.
        """

    @abstractmethod
    def writer(self) -> AsyncEngine:
        """Make the engine of the one writer; each of its transactions is the only one that writes."""

    @abstractmethod
    def reader(self) -> AsyncEngine:
        """Make the engine of all readers; each transaction sees one state, and its statement ends with its task."""

    @abstractmethod
    def watch(self) -> AsyncEngine:
        """Make an engine of a single connection, always the same and never in a transaction, to notice changes by."""

    @abstractmethod
    async def data_version(self, watch: AsyncEngine) -> int:
        """Give a number that changes whenever another connection, of any process, commits something."""

    async def know_sizes(self, writer: AsyncEngine) -> None:  # noqa: B027 - not every database has to be told
        """Let the database look at tables that have grown much: it plans by what it knows of them."""

    @abstractmethod
    def explain(self, error: Exception) -> StoreError:
        """Give an error of the database as what it means for the store, and what to do about it."""

    @abstractmethod
    def copy_into(self, folder: Path) -> "Place":
        """Copy the store into a private folder, as it is at one moment and without a trace; where there is none, none.

        The copy is an SQLite store. Raises as `prepare` does.
        """

    @abstractmethod
    def back_up(self, copy: Path) -> None:
        """Copy the store to a new file, mode 0600, as it is at one moment, while it may be in use.

        Raises `BackupRefused`, where the file exists for instance, or another `StoreError`.
        """

    @abstractmethod
    def put_in_place(self, copy: Path) -> Path:
        """Put a backup in the store's place, and give the copy of what was there. Raises `StoreError`."""

    @abstractmethod
    def make_smaller(self) -> tuple[int, int]:
        """Give unused room back, and give the store's bytes before and after. Raises `StoreError`."""

    @abstractmethod
    def damage(self) -> list[str]:
        """Tell what is wrong with what holds the store: its tables, their references, indexes and triggers."""

    @abstractmethod
    def grants(self, role: str, *, writes: bool) -> list[str]:
        """Give the statements that let a role read the store, or write to it as well. Raises `StoreError`."""

    @abstractmethod
    def empty(self) -> bool:
        """Tell whether there is no store yet, and nothing else in its place. Raises as `prepare` does."""

    @abstractmethod
    def read_out(self) -> AbstractContextManager[Contents]:
        """Give all that the store holds, while nobody writes to it. Raises as `prepare` does."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Contents]:
        """Give all that the store holds at one moment, while others go on. Raises as `prepare` does."""

    @abstractmethod
    def take_in(self) -> AbstractContextManager[Contents]:
        """Give a new and empty store, which is there, with all that was put into it, once the context has ended well.

        Raises as `prepare` does.
        """
