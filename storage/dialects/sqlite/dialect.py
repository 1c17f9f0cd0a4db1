"""Connections to a store of SQLite: one that writes, some that read, and one that notices changes."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.util import await_only

from storage.dialects.asynchronous import AsyncEngine, create_async_engine
from storage.dialects.sqlite import driver, opening

WRITER_CACHE = 32_000
"""Kilobytes of pages that the writer keeps."""
READER_CACHE = 1_000
"""The same for each reader: pages of a list are read once, and several readers must not hold much."""
BUSY_SECONDS = 10
"""How long a statement waits for another program's lock."""


def create_engine(path: Path, *, write: bool) -> AsyncEngine:
    """Make the engine for a store file: one for the writer, one for all readers."""
    engine = _connected(path, pool_size=1) if write else _connected(path, READER_CACHE, pool_size=4, pool_use_lifo=True)
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    if not write:
        event.listen(engine.sync_engine, "handle_error", _interrupt_when_cancelled)
    return engine


def create_watch(path: Path) -> AsyncEngine:
    """Make an engine of a single connection, always the same and never in a transaction, to notice changes by."""
    return _connected(path, pool_size=1, pool_reset_on_return=None)


def _connected(path: Path, cache: int = WRITER_CACHE, *, pool_size: int, **more: Any) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        async_creator=lambda: driver.connect(opening.address(path), timeout=BUSY_SECONDS),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=24 * 3600,  # whoever of this process wants to write waits for its turn
        **more,
    )
    known = opening.identity(path)

    def prepare(connection: Any, _record: Any) -> None:
        try:
            opening.verify(connection, path, known)
            _set_pragmas(connection, cache)
        except BaseException:
            connection.close()  # nobody else does, and its thread would wait for ever
            raise

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


async def data_version(watch: AsyncEngine) -> int:
    """Give a number that changes whenever another connection, of any process, commits something."""
    async with watch.connect() as connection:
        watching: Any = (await connection.get_raw_connection()).driver_connection
        rows = await watching.execute_fetchall("PRAGMA data_version")
    return int(rows[0][0])


def _interrupt_when_cancelled(context: ExceptionContext) -> None:
    """Stop the statement of a task that was cancelled, and keep its connection: it can be used again at once."""
    if isinstance(context.original_exception, asyncio.CancelledError) and context.connection is not None:
        await_only(_interrupt(context.connection.connection.driver_connection))
        context.is_disconnect = False


async def _interrupt(connection: Any) -> None:
    idle = asyncio.ensure_future(connection.at_rest())
    while not idle.done():  # a statement that had not begun yet is not interrupted, so once is not enough
        await connection.interrupt()
        await asyncio.wait({idle}, timeout=0.01)


def _set_pragmas(connection: Any, cache: int) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"cache_size = -{cache}",
        "temp_store = MEMORY",
        "wal_autocheckpoint = 4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
