"""Connections to a store on PostgreSQL: one that writes, some that read, and one that notices changes."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from storage.dialects.asynchronous import AsyncEngine, create_async_engine

LOCK_SECONDS = 10
"""How long a transaction waits for the one that writes."""
SESSION = {
    "jit": "off",  # a statement is done before it would be compiled
    "random_page_cost": "1.1",  # nothing is read from a disk that turns; else whole tables are read for a page's rows
    "plan_cache_mode": "force_custom_plan",  # a list of five thousand is not looked through as one of ten is
    "lock_timeout": f"{LOCK_SECONDS}s",
    "tcp_keepalives_idle": "30",  # a machine that is gone holds no lock for long
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
WRITING = {
    "idle_in_transaction_session_timeout": "60s",  # nor does a process that was stopped in the middle of a page
}
_SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)"
_TAKE_TURN = "UPDATE store_changes SET number = number + 1"
"""Waits for the one that writes, as there is one row; and tells whoever watches it that something was committed."""
_OUTGROWN = (
    "SELECT quote_ident(relname) FROM pg_stat_user_tables WHERE schemaname = current_schema() "
    "AND n_mod_since_analyze > 2000 + n_live_tup / 10"
)
_ASK = "SELECT number FROM store_changes"
Settings = Callable[[], dict[str, Any]]


def create_writer(settings: Settings) -> AsyncEngine:
    """Make the engine of the one writer: each of its transactions waits for its turn before it sees anything."""
    engine = _connected(settings, IsolationLevel.READ_COMMITTED, SESSION | WRITING, pool_size=1)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(_TAKE_TURN))
    return engine


def create_reader(settings: Settings) -> AsyncEngine:
    """Make the engine of all readers: each transaction sees one state."""
    engine = _connected(settings, IsolationLevel.REPEATABLE_READ, read_only=True, pool_size=4, pool_use_lifo=True)
    event.listen(engine.sync_engine, "handle_error", _keep_when_cancelled)
    return engine


def create_watch(settings: Settings) -> AsyncEngine:
    """Make an engine of a single connection, never in a transaction, to notice changes by."""
    return _connected(settings, None, read_only=True, pool_size=1, pool_reset_on_return=None)


async def know_sizes(writer: AsyncEngine) -> None:
    """Analyze the tables of which much is new to the server, roughly, as it is done again and again.

    Where it takes a system for one of few objects, it reads all of them for each page of names. A user who does not own
    the tables is refused with a warning, and it stays as it is. A table that the server is cleaning up is left out.
    """
    async with writer.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL default_statistics_target = 20")
        for (name,) in (await connection.exec_driver_sql(_OUTGROWN)).all():
            await connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {name}")


async def data_version(watch: AsyncEngine) -> int:
    """Give a number that grows with every transaction that wrote."""
    async with watch.connect() as connection:
        watching: Any = (await connection.get_raw_connection()).driver_connection
        try:
            found = await (await watching.execute(_ASK)).fetchone()
        except psycopg.OperationalError:
            await connection.invalidate()
            raise
    return int(found[0])


def _connected(
    settings: Settings,
    isolation: IsolationLevel | None,
    session: Mapping[str, str] = SESSION,
    *,
    read_only: bool = False,
    pool_size: int,
    **more: Any,
) -> AsyncEngine:
    async def connect() -> AsyncConnection[Any]:
        connection = await AsyncConnection.connect(autocommit=True, **settings())
        try:
            await connection.execute(_SET, [list(session), list(session.values())])
            await connection.set_read_only(read_only or None)
            if isolation is not None:
                await connection.set_isolation_level(isolation)
                await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise
        return connection

    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=24 * 3600,  # whoever of this process wants to write waits for its turn
        hide_parameters=True,
        _initialize=False,  # what SQLAlchemy would ask of each first connection is known of every server that will do
        **more,
    )


def _keep_when_cancelled(context: ExceptionContext) -> None:
    """Keep the connection of a task that was cancelled: the driver has stopped its statement, and it can be used."""
    if isinstance(context.original_exception, asyncio.CancelledError) and context.connection is not None:
        driver: Any = context.connection.connection.driver_connection
        context.is_disconnect = driver.closed
