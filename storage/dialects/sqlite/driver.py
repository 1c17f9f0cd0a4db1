"""aiosqlite with one turn of its thread for a statement: making a cursor, executing, fetching and closing are one.

Each turn hands over to another thread and back, which costs more than a small statement takes itself.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Self

import aiosqlite

from storage.dialects.sqlite import matching

FIRST = 1_000
"""How many rows come with the statement; the rest is fetched when somebody asks for it."""
Rows = list[Any]


def connect(address: str, *, timeout: float) -> aiosqlite.Connection:
    """Make a connection to a file by its URI, which begins no transaction by itself; await it to connect."""

    def connector() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None)
        matching.teach(connection)
        return connection

    return _Connection(connector, iter_chunk_size=FIRST)


class _Connection(aiosqlite.Connection):
    """Gives cursors that are there at once."""

    def cursor(self) -> "_Cursor":  # type: ignore[override]
        return _Cursor(self)

    async def rollback(self) -> None:
        if self.in_transaction:  # it is asked for after every commit, too
            await super().rollback()

    async def at_rest(self) -> None:
        """Wait until nothing is carried out any more."""
        await self.in_turn(int)

    async def in_turn(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something in the connection's thread."""
        return await self._execute(work, *arguments)  # type: ignore[no-untyped-call]

    async def executed(self, sql: str, parameters: Any, *, many: bool) -> tuple[sqlite3.Cursor, Rows, bool]:
        """Execute a statement, and give its cursor, its first rows, and whether those are all."""
        done: tuple[sqlite3.Cursor, Rows, bool] = await self.in_turn(self._run, sql, parameters, many)
        return done

    def _run(self, sql: str, parameters: Any, many: bool) -> tuple[sqlite3.Cursor, Rows, bool]:
        cursor = self._conn.executemany(sql, parameters) if many else self._conn.execute(sql, parameters)
        rows = cursor.fetchmany(FIRST) if cursor.description else []
        if is_all := len(rows) < FIRST:
            cursor.close()
        return cursor, rows, is_all


class _Cursor:
    """What SQLAlchemy takes for a cursor of aiosqlite.

    It holds the first rows of what it executed; what it says of that stays true when it is closed.
    """

    def __init__(self, connection: _Connection) -> None:
        self._line = connection
        self._made: sqlite3.Cursor | None = None
        self._rows: Rows = []
        self._is_all = True
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while rows := await self.fetchmany(FIRST):
            for row in rows:
                yield row

    @property
    def description(self) -> Any:
        return self._made.description if self._made is not None else None

    @property
    def rowcount(self) -> int:
        return self._made.rowcount if self._made is not None else -1

    @property
    def lastrowid(self) -> int | None:
        return self._made.lastrowid if self._made is not None else None

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        self._made, self._rows, self._is_all = await self._line.executed(sql, parameters or (), many=False)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        self._made, self._rows, self._is_all = await self._line.executed(sql, parameters, many=True)
        return self

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Rows:
        size = size or self.arraysize
        if len(self._rows) < size and not self._is_all:
            self._rows += await self._next(size - len(self._rows))
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchall(self) -> Rows:
        rows, self._rows = self._rows, []
        while not self._is_all:
            rows += await self._next(10 * FIRST)
        return rows

    async def _next(self, size: int) -> Rows:
        assert self._made is not None  # noqa: S101 - otherwise all its rows are there
        rows: Rows = await self._line.in_turn(self._made.fetchmany, size)
        self._is_all = len(rows) < size
        return rows

    async def close(self) -> None:
        self._rows = []
        if self._made is not None and not self._is_all:
            self._is_all = True
            await self._line.in_turn(self._made.close)
