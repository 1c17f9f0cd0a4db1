"""A database: how it is opened, in one snapshot to read, in one transaction to write."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from engine.connectors.sql.errors import step_error
from engine.connectors.sql.options import SqlOptions
from engine.connectors.sql.values import read, written
from engine.errors import CannotConnect, ConnectionLost

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
"""The driver of a database that is named without one."""


class Database:
    """A database by its address. All of its methods wait; they are called in threads."""

    def __init__(self, name: str, options: SqlOptions, folder: Path) -> None:
        self._name = name
        self._options = options
        self._folder = folder
        self._engine: Engine | None = None
        self._in_use: set[Any] = set()
        """The driver's connections that are being used."""
        self._is_abandoned = False

    @property
    def dialect(self) -> str:
        """What the database is called: `postgresql`, `mysql`, `sqlite`."""
        return make_url(self._options.url).get_backend_name()

    def _made(self) -> Engine:
        if self._engine is None:
            self._engine = self._make()
        return self._engine

    def _make(self) -> Engine:
        """Make the engine, which connects when it is first used. Raises `CannotConnect`."""
        url = make_url(self._options.url)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        if self._options.password is not None:
            url = url.set(password=self._options.password.reveal(self._folder))
        if self.dialect == "sqlite":
            return self._sqlite(url)
        try:
            documents = {"json_serializer": written, "json_deserializer": read} if _has_documents(url) else {}
            engine = create_engine(url, poolclass=QueuePool, pool_size=2, hide_parameters=True, **documents)
            if self.dialect == "postgresql":
                event.listen(engine, "connect", _read_dates_as_written)
                event.listen(engine, "connect", _know_arrays)
            return engine
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            missing = getattr(error, "name", None) or url.drivername
            package = "interlock[sql]" if missing in _OURS else _PACKAGES.get(missing, missing)
            told = f"{self._name}: the driver '{missing}' is not installed; pip install {package}"
            raise CannotConnect(told) from error

    def _sqlite(self, url: URL) -> Engine:
        """Open a file that is there; none is made."""
        path = (self._folder / (url.database or "")).resolve()
        if not path.is_file():
            raise CannotConnect(f"{self._name}: {path} is not there")
        address = f"file:{quote(str(path))}?mode=rw"
        timeout = self._options.timeout.total_seconds() * _OF_TIMEOUT_FOR_ALL

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)

        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, hide_parameters=True)

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        @event.listens_for(engine, "connect")
        def _check_references(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA foreign_keys = ON")

        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in one snapshot, in which nothing can be written. Raises `StepFailed`."""
        options: dict[str, Any] = {}
        if self.dialect != "sqlite":
            options["isolation_level"] = "REPEATABLE READ" if self.dialect in _SNAPSHOTS else "SERIALIZABLE"
        if self.dialect == "postgresql":
            options["postgresql_readonly"] = True
        with self._connected(options) as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            elif self.dialect in ("mysql", "mariadb"):
                connection.rollback()
                connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            try:
                yield connection
            finally:
                with contextlib.suppress(SQLAlchemyError):
                    if self.dialect == "sqlite":
                        connection.exec_driver_sql("PRAGMA query_only = OFF")
                    connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection to write with. Raises `StepFailed`."""
        options = {} if self.dialect == "sqlite" else {"isolation_level": "READ COMMITTED"}
        with self._connected(options) as connection:
            self._wait_little_for_locks(connection)
            yield connection

    def _wait_little_for_locks(self, connection: Connection) -> None:
        """Let a row that somebody else has locked be one object's error, long before the whole batch is given up."""
        seconds = self._options.timeout.total_seconds() * _OF_TIMEOUT
        if self.dialect == "postgresql":
            connection.exec_driver_sql(f"SET lock_timeout = {max(int(seconds * 1000), 1)}")
        elif self.dialect in ("mysql", "mariadb"):
            connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {max(int(seconds), 1)}")
        else:
            return
        connection.commit()

    @contextmanager
    def _connected(self, options: dict[str, Any]) -> Iterator[Connection]:
        """Connect; what fails then fails the step."""
        try:
            connection = self._made().connect()
        except SQLAlchemyError as error:
            raise step_error(self._name, error, connecting=True) from error
        with connection:
            driver = connection.connection.driver_connection
            self._in_use.add(driver)
            try:
                if self._is_abandoned:
                    raise CannotConnect(f"{self._name}: nobody waits for it any more")
                yield connection.execution_options(**options)
            except SQLAlchemyError as error:
                raise step_error(self._name, error) from error
            except (ValueError, ArithmeticError) as error:  # of a driver: what it read is no value of its type
                raise ConnectionLost(f"{self._name}: a value cannot be read: {error}") from error
            finally:
                self._in_use.discard(driver)

    def abandon(self) -> None:
        """End whatever is being waited for."""
        self._is_abandoned = True
        for driver in list(self._in_use):
            _cancel(driver)

    def close(self) -> None:
        """Let go of every connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


_OURS = frozenset({"psycopg", "pymysql"})
"""The drivers that come with the extra."""
_PACKAGES = {"pytds": "python-tds sqlalchemy-pytds", "mssql.pytds": "sqlalchemy-pytds", "cx_Oracle": "oracledb"}
"""What others are called where they are installed from."""
_OF_TIMEOUT = 0.1
"""How much of the time that a batch may take is waited for a lock."""
_OF_TIMEOUT_FOR_ALL = 0.9
"""Likewise where a lock is of the whole database, as SQLite's is: its reason comes before 'no answer' does."""
_OWN_TYPES = "SELECT typname, oid, typarray FROM pg_type WHERE typarray <> 0 AND oid >= 16384 AND typtype IN ('b', 'd')"
"""Asks PostgreSQL for its domains, and for the types of its extensions."""
_SNAPSHOTS = frozenset({"postgresql", "mysql", "mariadb"})
"""Databases whose REPEATABLE READ is a snapshot."""


def _read_dates_as_written(driver: Any, _record: object) -> None:
    """Take dates and times as texts: one that Python has none for, such as `infinity`, is no other row's error.

    So are intervals: Python's have no months.
    """
    from psycopg.types.string import TextLoader  # noqa: PLC0415 - an optional driver

    for kind in ("date", "timestamp", "timestamptz", "time", "timetz", "interval"):
        driver.adapters.register_loader(kind, TextLoader)


def _has_documents(url: URL) -> bool:
    """Tell of a database whether SQLAlchemy knows JSON there."""
    return url.get_backend_name() in _SNAPSHOTS


def _know_arrays(driver: Any, _record: object) -> None:
    """Let arrays of types that a database has made for itself, such as domains, be read as arrays."""
    from psycopg import Error  # noqa: PLC0415 - an optional driver
    from psycopg.types import TypeInfo  # noqa: PLC0415

    with contextlib.suppress(Error):  # of a server that speaks like PostgreSQL, and has no such catalogue
        for name, number, of_many in driver.execute(_OWN_TYPES).fetchall():
            TypeInfo(name, number, of_many).register(driver)
    driver.rollback()


def _cancel(driver: Any) -> None:
    """Let what a driver's connection waits for fail, in the way that the driver has."""
    with contextlib.suppress(Exception):  # whatever it says: nobody waits any more
        if hasattr(driver, "interrupt"):
            driver.interrupt()
        elif hasattr(driver, "cancel_safe"):
            driver.cancel_safe(timeout=2)
        elif (socket := getattr(driver, "_sock", None)) is not None:
            socket.shutdown(2)
        else:
            driver.close()
