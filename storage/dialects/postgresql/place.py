"""A store in a database of a server, or in one schema of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel

from storage import mark, transfer
from storage.dialects.asynchronous import AsyncEngine
from storage.dialects.base import REVISIONS, Place
from storage.dialects.postgresql import address, engines, errors, grants, migrating, schema, upkeep
from storage.dialects.postgresql.whole import DatabaseContents
from storage.dialects.sqlite.place import FilePlace
from storage.errors import BackupRefused, StoreError, StoreTooNew, StoreUnreadable
from storage.tables import metadata

OLDEST_SERVER = 150000
_Connection = psycopg.Connection[Any]
_MAKING = 0x494E5445524C4F43
"""The advisory lock of whoever makes or migrates a store."""


class ServerPlace(Place):
    """The database of a store: the first schema of the search path in it."""

    driver_errors = (psycopg.Error,)

    def __init__(self, url: str, folder: Path, password: Callable[[], str] | None = None) -> None:
        self.name = address.name_of(url)
        self.shared_as = folder
        self.beside = folder / f"postgresql-{sha256(url.encode()).hexdigest()[:12]}"
        self._url = url
        self._password = password

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What libpq is told to connect, the password included."""
        return address.settings_of(self._url, self._password)

    @contextmanager
    def connected(self, isolation: IsolationLevel | None = None, *, read_only: bool = False) -> Iterator[_Connection]:
        """Give a connection for one transaction. Raises `StoreError` for whatever is wrong, then or later."""
        try:
            with self._connected() as connection:
                connection.isolation_level = isolation
                connection.read_only = read_only or None
                yield connection
        except psycopg.Error as error:
            raise self.explain(error) from error

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        with psycopg.connect(**self.settings) as connection:
            info = connection.info
            if info.server_version < OLDEST_SERVER:
                raise StoreUnreadable(
                    f"{self.name}: PostgreSQL {info.server_version // 10000} is too old; 15 is wanted"
                )
            if info.parameter_status("server_encoding") != "UTF8":
                raise StoreUnreadable(f"{self.name}: the database is not in UTF-8; create it with ENCODING 'UTF8'")
            is_local = address.is_local({"host": info.host, "hostaddr": info.hostaddr if info.host else ""})
            if not is_local and "sslmode" not in self.settings and not connection.pgconn.ssl_in_use:
                raise StoreUnreadable(
                    f"{self.name}: the connection is not encrypted; say sslmode=verify-full in the service file, "
                    "or what is wanted instead"
                )
            connection.execute("SET lock_timeout = '10s'")
            connection.commit()
            yield connection

    def prepare(self) -> None:
        """Make the tables where there are none, nor have been, and migrate them where they are older."""
        with self.connected() as connection:
            version = self._version(connection)
            if version == REVISIONS[-1]:
                return
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
            version = self._version(connection)
            if version is None:
                mark.refuse_to_begin_anew(self.beside, self.name)
                self._create(connection)
        if version is not None and version != REVISIONS[-1]:
            migrating.upgrade(lambda: psycopg.connect(**self.settings), _MAKING)

    def empty(self) -> bool:
        """Tell whether the schema has no tables."""
        with self.connected() as connection:
            return self._version(connection) is None

    def _version(self, connection: _Connection) -> str | None:
        """Read the revision of the schema; None for one without tables. Raises `StoreError` for another program's."""
        there = {row[0] for row in connection.execute(_TABLES)}
        if "alembic_version" in there and "store_changes" in there:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            version = str(row[0]) if row else ""
            if version not in REVISIONS:
                raise StoreTooNew(
                    f"{self.name}: written by a newer Interlock (schema {version}, this one knows up to "
                    f"{REVISIONS[-1]}); upgrade Interlock, or restore the backup made before the migration"
                )
            return version
        if there:
            raise StoreUnreadable(
                f"{self.name}: it holds tables of another program; give the store a database, or a schema, of its own"
            )
        return None

    def _create(self, connection: _Connection) -> None:
        row = connection.execute("SELECT quote_ident(current_schema())").fetchone()
        if row is None or row[0] is None:
            raise StoreUnreadable(f"{self.name}: no schema of the search path is there; create it")
        schema.create(connection, row[0])

    def writer(self) -> AsyncEngine:
        """Make the engine whose transactions wait for their turn."""
        return engines.create_writer(lambda: self.settings)

    def reader(self) -> AsyncEngine:
        """Make the engine of all readers."""
        return engines.create_reader(lambda: self.settings)

    def watch(self) -> AsyncEngine:
        """Make an engine of a single connection."""
        return engines.create_watch(lambda: self.settings)

    async def data_version(self, watch: AsyncEngine) -> int:
        """Give the number that every transaction that writes adds one to."""
        return await engines.data_version(watch)

    async def know_sizes(self, writer: AsyncEngine) -> None:
        """Analyze the tables of which the server knows little any more; it would do so a minute later itself."""
        await engines.know_sizes(writer)

    def explain(self, error: Exception) -> StoreError:
        """Tell what an error means."""
        return errors.explain(error, self.name)

    def copy_into(self, folder: Path) -> Place:
        """Copy the tables into a file of SQLite."""
        copy = FilePlace(folder / "interlock.db")
        if not self.empty():
            transfer.copy(self, copy)
        return copy

    @contextmanager
    def read_out(self) -> Iterator[DatabaseContents]:
        """Give what the tables hold, after the one that writes, and before the next."""
        with self.connected(IsolationLevel.REPEATABLE_READ) as connection:
            connection.execute("LOCK TABLE store_changes IN EXCLUSIVE MODE")
            yield DatabaseContents(connection)

    @contextmanager
    def snapshot(self) -> Iterator[DatabaseContents]:
        """Give what the tables hold, as whoever may only read sees it."""
        with self.connected(IsolationLevel.REPEATABLE_READ, read_only=True) as connection:
            yield DatabaseContents(connection)

    @contextmanager
    def take_in(self) -> Iterator[DatabaseContents]:
        """Give new tables, which are there once everything was put."""
        with self.connected() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING])
            if self._version(connection) is not None:
                raise StoreError(f"{self.name}: there is a store already; name an empty database, or an empty schema")
            self._create(connection)
            contents = DatabaseContents(connection)
            contents.without_guards()
            yield contents
            contents.finish(metadata.sorted_tables)
        mark.forget(self.beside)

    def back_up(self, copy: Path) -> None:
        """Copy the schema by `pg_dump`, in its own format, which `pg_restore` reads."""
        with self.connected() as connection:
            info = connection.info
            schema_name = str(connection.execute("SELECT current_schema()").fetchone()[0])  # type: ignore[index]
            server = info.server_version // 10000
        upkeep.back_up(self.name, self.settings, schema_name, server, copy)

    def put_in_place(self, copy: Path) -> Path:
        """Refuse: the server's own means put a backup in its place."""
        raise BackupRefused(
            f"{self.name}: Interlock puts no backup into a server; restore {copy} with pg_restore, as "
            "docs/postgresql.md says, then run 'interlock store restore' without a file"
        )

    def make_smaller(self) -> tuple[int, int]:
        """Write the tables anew without unused room; whoever reads waits for it."""
        try:
            with psycopg.connect(**self.settings, autocommit=True) as connection:
                return upkeep.make_smaller(connection)
        except psycopg.Error as error:
            raise self.explain(error) from error
        except StoreError as error:
            raise StoreError(f"{self.name}: {error}") from error

    def grants(self, role: str, *, writes: bool) -> list[str]:
        """Give the statements for the tables that are there."""
        with self.connected() as connection:
            row = connection.execute("SELECT current_database(), current_schema()").fetchone() or ("", "")
        return grants.statements(row[0], row[1], role, writes=writes)

    def damage(self) -> list[str]:
        """Tell what is wrong with the tables, indexes, constraints and triggers; the server guards the references."""
        with self.connected() as connection:
            found = upkeep.damage(connection)
            connection.rollback()
        return found


_TABLES = (
    "SELECT relname FROM pg_class "
    "WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p')"
)
