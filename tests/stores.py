"""The databases in which tests have their stores: a file each, or a database each of a private PostgreSQL server.

`INTERLOCK_TEST_STORE=postgresql` lets every workspace of the tests have its store there; the fixture `either_store`
does so for single tests, one after the other.
"""

import atexit
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from storage import transfer
from storage.dialects.postgresql.place import ServerPlace
from storage.dialects.sqlite.place import FilePlace
from tests.databases import Server, postgresql

VARIABLE = "INTERLOCK_TEST_STORE"
TEMPLATE = "empty_store"
KEPT = 80
"""How many databases there are at most: those of the fixtures of a module are among the newest."""


def on_postgresql() -> bool:
    """Tell whether workspaces that are made now have their store on PostgreSQL."""
    return os.environ.get(VARIABLE) == "postgresql"


@cache
def server() -> Server:
    """Give the server of this process, which has an empty store to copy."""
    stack = ExitStack()
    atexit.register(stack.close)
    found = stack.enter_context(postgresql())
    found.run(f"CREATE DATABASE {TEMPLATE}")
    ServerPlace(found.socket_url(TEMPLATE), Path()).prepare()
    return found


class Database:
    """A store on the server that holds nothing, or a database without tables; of many, the oldest are dropped."""

    _made: ClassVar[list[str]] = []
    _by_folder: ClassVar[dict[Path, "Database"]] = {}
    _count = 0

    def __init__(self, *, has_tables: bool = True, like: str = TEMPLATE) -> None:
        """Make one, which holds what another one holds."""
        Database._count += 1
        self.name = f"store_{os.getpid()}_{Database._count}"
        if like != TEMPLATE:
            server().run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{like}'")
        server().run(f"CREATE DATABASE {self.name} TEMPLATE {like if has_tables else 'template0'}")
        self.url = server().socket_url(self.name)
        self._made.append(self.name)
        while len(self._made) > KEPT:
            server().run(f"DROP DATABASE IF EXISTS {self._made.pop(0)} WITH (FORCE)")

    @classmethod
    def of(cls, folder: Path, config: str) -> "Database":
        """Give that of a workspace's folder; of a folder that was copied, a copy of what its configuration names."""
        if folder not in cls._by_folder:
            file = folder / "interlock.toml"
            known = re.search(r"@/(store_\d+_\d+)\?", config + (file.read_text() if file.exists() else ""))
            cls._by_folder[folder] = cls(like=known[1]) if known else cls()
        return cls._by_folder[folder]

    def move(self, tablespace: str) -> None:
        """Let its tables stand on another disk."""
        server().run(f"ALTER DATABASE {self.name} SET TABLESPACE {tablespace}")

    @classmethod
    def forget(cls, tablespace: str) -> None:
        """Drop those on a disk."""
        for name in cls._made:
            where = (
                f"SELECT 1 FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace "
                f"WHERE t.spcname = '{tablespace}' AND d.datname = '{name}'"
            )
            with psycopg.connect(server().socket_url("postgres")) as connection:
                is_there = connection.execute(where.encode()).fetchone()
            if is_there:
                server().run(f"DROP DATABASE {name} WITH (FORCE)")

    @classmethod
    def at(cls, url: str) -> "Database":
        """Give the one that stands at an address."""
        found = cls.__new__(cls)
        found.name = url
        found.url = url
        return found

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        """Give a connection for one transaction."""
        with psycopg.connect(self.url) as connection:
            yield connection

    def run(self, *statements: str) -> None:
        """Carry statements out, all or nothing."""
        with self.connected() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def seen(self) -> Iterator[sqlite3.Connection]:
        """Give a copy of the store to look at with plain SQLite."""
        with tempfile.TemporaryDirectory() as folder:
            copy = FilePlace(Path(folder) / "seen.db")
            transfer.copy(ServerPlace(self.url, Path(folder)), copy)
            connection = sqlite3.connect(copy.path)
            try:
                yield connection
            finally:
                connection.close()


def placed(config: str, database: Database) -> str:
    """Give a configuration whose store is in a database."""
    url = f'url = "{database.url}"'
    if "[store]" not in config:
        return f"{config}\n[store]\n{url}\n"
    head, _, rest = config.partition("[store]")
    table, mark, others = rest.partition("\n[")
    return f"{head}[store]\n{url}\n{re.sub(r'(?m)^ *(path|url) *=.*$', '', table)}{mark}{others}"


@pytest.fixture(scope="module")
def store_files() -> Iterator[None]:
    """The same for all tests of a module, and for the fixtures that they share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        yield


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def each_store(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the workspaces of a module's tests and fixtures have their stores in files, then on a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, request.param)
        yield str(request.param)


@pytest.fixture
def store_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's workspaces have their stores in files, wherever others have them: it is about the file."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the test's workspaces have their stores in a file, then on a server."""
    monkeypatch.setenv(VARIABLE, request.param)
    return str(request.param)
