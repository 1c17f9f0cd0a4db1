"""Everything that is special to SQLite; another database gets a module like this one."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Insert,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    event,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.util import await_only

from storage.dialects.sqlite import driver, opening

WRITER_CACHE = 32_000
"""Kilobytes of pages that the writer keeps."""
READER_CACHE = 4_000
"""The same for each reader: pages of a list are read once, and several readers must not hold much."""
ROWS_AT_ONCE = 1_000
"""How many rows one statement inserts: it holds them several times over."""
BUSY_SECONDS = 10
"""How long a statement waits for another program's lock."""
_LISTED = text("(SELECT value FROM json_each(:listed))")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


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


def file_of(tx: AsyncConnection) -> Path:
    """Give the file of the store that a transaction is in."""
    return Path(str(tx.engine.url.database))


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


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Test a column against any number of values with a single parameter, in one cached statement.

    Written as text: a table-valued function of SQLAlchemy refers to itself, and so keeps what was listed until the
    next garbage collection.
    """
    listed: BindParameter[str] = bindparam("listed", orjson.dumps(list(values)).decode(), unique=True)
    return column.bool_op("IN")(_LISTED.bindparams(listed))


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give a column in a form for which no index on it is used."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def bytes_of_text(column: ColumnElement[Any]) -> ColumnElement[bytes | None]:
    """Give the bytes of a text, valid or not; None for whatever else a column was made to hold."""
    return case((func.typeof(column) == "text", cast(column, LargeBinary)))


def upsert(table: Table, *, keys: list[str], values: dict[str, Any] | None = None) -> Insert:
    """Give an insert that replaces the rest of the row where the keys are taken."""
    statement = insert(table)
    if values is not None:
        statement = statement.values(values)
    rest = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def insert_new(table: Table) -> Insert:
    """Give an insert that leaves rows alone which are there already."""
    return insert(table).on_conflict_do_nothing()


async def insert_many(
    tx: AsyncConnection,
    table: Table,
    names: Sequence[str],
    rows: list[tuple[Any, ...]],
    same: dict[str, str | int] | None = None,
) -> None:
    """Insert rows of plain values without SQLAlchemy looking at each: half as fast again as its executemany.

    `same` are the values that all rows share; they are not bound again for each.
    """
    shared = same or {}
    marks = ["?"] * len(names) + [_literal(value) for value in shared.values()]
    columns = ", ".join([*names, *shared])
    await tx.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join(marks)})", rows)  # noqa: S608


async def insert_at_once(
    tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], same: dict[str, str | int]
) -> None:
    """Insert many rows in one statement, during which this process can compute: SQLite needs nothing of Python.

    What is `same` is bound and not written into the statement: the driver keeps the statements that it saw last, by
    their text, together with all that was bound to them.
    """
    values = [f"value ->> {index}" for index in range(len(names))] + ["?"] * len(same)
    columns = ", ".join([*names, *same])
    statement = f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(values)} FROM json_each(?)"  # noqa: S608
    for start in range(0, len(rows), ROWS_AT_ONCE):
        listed = orjson.dumps(rows[start : start + ROWS_AT_ONCE]).decode()
        await tx.exec_driver_sql(statement, (*same.values(), listed))


def _literal(value: str | int) -> str:
    return str(int(value)) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


async def delete_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Delete the rows in which some columns, that identify one, have the given values."""
    chosen = " AND ".join(f"{name} = ?" for name in names)
    await tx.exec_driver_sql(f"DELETE FROM {table.name} WHERE {chosen}", rows)  # noqa: S608


async def update_many(tx: AsyncConnection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Update rows by id, likewise: each row holds the values in the order of the names, then the id."""
    changes = ", ".join(f"{name} = ?" for name in names)
    await tx.exec_driver_sql(f"UPDATE {table.name} SET {changes} WHERE id = ?", rows)  # noqa: S608


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column holds a text, whatever the case."""
    return or_(*(func.instr(func.lower(column), form) > 0 for form in _forms(text)))


def begins_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column begins with a text, whatever the case."""
    return or_(*(func.instr(func.lower(column), form) == 1 for form in _forms(text)))


def same_word(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a column is a text, whatever the case."""
    return func.lower(column).in_(_forms(text))


def is_labelled(label: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a text is a label, `name (id)`, or one of its two parts, whatever the case."""
    ends = (func.substr(func.lower(label), -len(form)) == form for form in _forms(f" ({text})"))
    return or_(same_word(label, text), begins_with(label, f"{text} ("), *ends)


def _forms(text: str) -> list[str]:
    """Give what SQLite's `lower`, which knows ASCII alone, can make of the usual ways to write a text."""
    written = (text, text.lower(), text.upper(), text.title(), text.capitalize())
    return list(dict.fromkeys(form.translate(_LOWER) for form in written))


def document_contains(document: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a JSON document holds a text in a name or a value, whatever the case."""
    return or_(*(func.instr(func.lower(document), form) > 0 for form in _json_forms(text)))


def _json_forms(text: str) -> list[str]:
    return [orjson.dumps(form).decode()[1:-1] for form in _forms(text)]


def member(document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Give what a JSON document holds under a name; NULL where it holds nothing."""
    return func.json_extract(document, f'$."{name}"')


def has_attribute(document: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Test whether a document of attributes has one of a name, whatever the case."""
    names = func.json_each(document).table_valued("key")
    return and_(document_contains(document, name), exists().where(same_word(names.c.key, name)))


def has_value(document: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Test whether a document of attributes has a text as one of its values, whatever the case."""
    names = func.json_each(document).table_valued("key", "value", joins_implicitly=True)
    values = func.json_each(names.c.value).table_valued("value", "type", joins_implicitly=True)
    written = cast(case((values.c.type.in_(["true", "false"]), values.c.type), else_=values.c.value), Text)
    found = select(literal(1)).select_from(names, values).where(same_word(written, text))
    return and_(document_contains(document, text), found.correlate(document.table).exists())


def attribute_contains(document: ColumnElement[Any], name: str, text: str) -> ColumnElement[bool]:
    """Test whether a value of one attribute in a document holds a text, whatever the case of both."""
    names = func.json_each(document).table_valued("key", "value", joins_implicitly=True)
    values = func.json_each(names.c.value).table_valued("value", "type", joins_implicitly=True)
    written = case((values.c.type.in_(["true", "false"]), values.c.type), else_=values.c.value)
    found = select(literal(1)).select_from(names, values).where(same_word(names.c.key, name), contains(written, text))
    # most documents are ruled out by looking at their text, which costs a tenth of taking them apart
    held = found.correlate(document.table).exists()
    return and_(document_contains(document, name), document_contains(document, text), held)


def storable(text: str) -> str:
    """Give a text with what is no character of Unicode replaced; SQLite takes no other."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


async def keep_before_images(
    tx: AsyncConnection, images: Table, entity: str, table: Table, owner: str, names: Sequence[str]
) -> None:
    """Keep from now on, by triggers, what a row held before a step first touched it: a JSON array, null if it is new.

    `images` has the columns `step_id`, `entity`, `id`, `owner_id` and `row`; the step is the newest there is, and
    `owner` names the column that `owner_id` is taken from.
    """
    old = f"json_array({', '.join(f'OLD.{name}' for name in names)})"
    for verb, row, image in (("INSERT", "NEW", "NULL"), ("UPDATE", "OLD", old), ("DELETE", "OLD", old)):
        step = "(SELECT max(id) FROM steps)"
        known = f"SELECT 1 FROM {images.name} WHERE step_id = {step} AND entity = '{entity}' AND id = {row}.id"  # noqa: S608
        await tx.exec_driver_sql(
            f"CREATE TRIGGER {images.name}_{table.name}_{verb.lower()} AFTER {verb} ON {table.name} "  # noqa: S608
            f"WHEN NOT EXISTS ({known}) BEGIN "
            f"INSERT INTO {images.name} VALUES ({step}, '{entity}', {row}.id, {row}.{owner}, {image}); END"
        )
