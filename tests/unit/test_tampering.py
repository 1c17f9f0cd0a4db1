"""Whatever is done to the audit log, with SQLite or in the file itself, is found, and the entry is named."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from engine.approvals.audit import Verdict, verify
from storage import audit
from storage.documents import encode
from storage.errors import StoreError
from storage.store import Store

ENTRIES = 7
COLUMNS = ("at", "operator", "host", "session", "action", "subject", "details", "previous", "hash")
COPIED = ", ".join(COLUMNS[:-2])
FLIPS_IN_FILE = 31
"""Every how many bytes one is flipped in the file: a prime, so that every place of a row has its turn."""


async def _fill(path: Path) -> None:
    async with Store.open(path) as store, store.transaction() as tx:
        for number in range(1, ENTRIES + 1):
            details = {"reason": "größer, " * number, "items": {str(number): "a" * 32}}
            await audit.append(tx, operator=f"ann{number}", action="approve", subject=f"rev-{number}", details=details)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "whole.db"
    asyncio.run(_fill(path))
    connection = sqlite3.connect(path)
    for trigger in ("audit_is_a_chain", "audit_is_not_edited", "audit_is_not_pruned"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture
def log(template: Path, tmp_path: Path) -> Iterator["Log"]:
    path = tmp_path / "log.db"
    shutil.copy(template, path)
    found = Log(path)
    yield found
    found.connection.close()


class Log:
    """A log that somebody who may write to the file bends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.seal = self.value(ENTRIES, "hash").decode()

    def sql(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def value(self, entry: int, column: str) -> bytes:
        query = f"SELECT CAST({column} AS BLOB) FROM audit WHERE id = ?"
        return self.connection.execute(query, (entry,)).fetchone()[0]

    def put(self, entry: int, column: str, raw: bytes) -> None:
        self.sql(f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE id = ?", raw, entry)

    async def proved(self, seal: str | None = None) -> Verdict:
        async with Store.open(self.path) as store:
            return await proved(store, seal)

    def named(self, seal: str | None = None) -> set[int]:
        """Give the entries that `verify` names."""
        return {fault.entry_id for fault in asyncio.run(self.proved(seal)).faults}

    def hash_anew(self, entry: int) -> None:
        row = self.connection.execute("SELECT * FROM audit WHERE id = ?", (entry,)).fetchone()
        self.sql("UPDATE audit SET hash = ? WHERE id = ?", audit.digest(*row[:-1]), entry)


async def proved(store: Store, seal: str | None = None) -> Verdict:
    async with store.reading() as tx:
        return await verify(tx, seal)


def test_an_untouched_log_is_whole(log: Log) -> None:
    verdict = asyncio.run(log.proved(log.seal))
    assert verdict == (ENTRIES, log.seal, [])


@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_byte_anywhere_in_an_entry_is_found(log: Log, column: str) -> None:
    async def flip_all() -> None:
        async with Store.open(log.path) as store:
            for entry in range(1, ENTRIES + 1):
                raw = log.value(entry, column)
                for place in range(len(raw)):
                    log.put(entry, column, raw[:place] + bytes([raw[place] ^ 1 << place % 8]) + raw[place + 1 :])
                    named = {fault.entry_id for fault in (await proved(store)).faults}
                    assert entry in named, (entry, column, place)
                log.put(entry, column, raw)
            assert (await proved(store, log.seal)).faults == []

    asyncio.run(flip_all())


def _null(log: Log) -> None:
    """Let a column hold NULL, which its definition does not allow."""
    log.sql("PRAGMA writable_schema = ON")
    log.sql("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'audit'")
    log.sql("PRAGMA writable_schema = RESET")


OTHER_KINDS = (None, 7, 7.5, b"a blob", b"\xff\xfe", "not json {", "", "\0")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_another_kind_is_found_and_shown(log: Log, column: str) -> None:
    _null(log)

    async def bend_all() -> None:
        async with Store.open(log.path) as store:
            for value in OTHER_KINDS:
                for entry in (2, 4, ENTRIES):
                    raw = log.value(entry, column)
                    log.sql(f"UPDATE audit SET {column} = ? WHERE id = ?", value, entry)
                    assert entry in {fault.entry_id for fault in (await proved(store)).faults}, (value, entry)
                    async with store.reading() as tx:
                        assert len(await audit.latest(tx, 100)) == ENTRIES
                    log.put(entry, column, raw)

    asyncio.run(bend_all())


def _swap(log: Log) -> None:
    log.sql("UPDATE audit SET id = 100 WHERE id = 3")
    log.sql("UPDATE audit SET id = 3 WHERE id = 4")
    log.sql("UPDATE audit SET id = 4 WHERE id = 100")


def _renumber(log: Log) -> None:
    log.sql("DELETE FROM audit WHERE id = 3")
    for entry in range(4, ENTRIES + 1):
        log.sql("UPDATE audit SET id = id - 1 WHERE id = ?", entry)


def _forge(log: Log) -> None:
    """Put an entry between two others, with a hash of its own."""
    for entry in range(ENTRIES, 2, -1):
        log.sql("UPDATE audit SET id = id + 1 WHERE id = ?", entry)
    log.sql(f"INSERT INTO audit SELECT 3, {COPIED}, hash, '' FROM audit WHERE id = 2")
    log.hash_anew(3)


def _before_the_first(log: Log) -> None:
    log.sql(f"INSERT INTO audit SELECT -1, {COPIED}, '', '' FROM audit WHERE id = 2")
    log.hash_anew(-1)


def _edit_and_hash(log: Log) -> None:
    log.sql("UPDATE audit SET operator = 'mallory' WHERE id = 3")
    log.hash_anew(3)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda log: log.sql("DELETE FROM audit WHERE id = 3"), {3, 4}),
        (lambda log: log.sql("DELETE FROM audit WHERE id = 1"), {1, 2}),
        (lambda log: log.sql("DELETE FROM audit WHERE id IN (3, 4, 5)"), {3, 6}),
        (_swap, {3, 4}),
        (_renumber, {3}),
        (_forge, {4}),
        (_before_the_first, {-1, 1}),
        (_edit_and_hash, {4}),
        (lambda log: log.sql("UPDATE audit SET id = 100 WHERE id = 7"), {7, 100}),
    ],
)
def test_what_is_removed_moved_or_put_in_is_named(log: Log, tamper: Callable[[Log], None], named: set[int]) -> None:
    tamper(log)
    assert named <= log.named()


@pytest.mark.parametrize("left", range(ENTRIES))
def test_a_cut_end_is_found_with_a_seal(log: Log, left: int) -> None:
    log.sql("DELETE FROM audit WHERE id > ?", left)
    assert log.named() == set()
    assert log.named(log.seal) == {left + 1}


def test_an_end_written_anew_is_found_with_a_seal(log: Log) -> None:
    log.sql("UPDATE audit SET operator = 'mallory' WHERE id = ?", ENTRIES)
    log.hash_anew(ENTRIES)
    assert log.named() == set()
    assert log.named(log.seal) == {ENTRIES + 1}


def test_a_log_that_has_grown_since_stands_under_an_older_seal(log: Log) -> None:
    older = log.value(3, "hash").decode()
    assert log.named(older) == set()


def test_a_damaged_end_lets_nothing_be_written(log: Log) -> None:
    log.sql("UPDATE audit SET hash = ? WHERE id = ?", b"\xff", ENTRIES)

    async def append() -> None:
        async with Store.open(log.path) as store, store.transaction() as tx:
            await audit.append(tx, operator="ann", action="keep", subject="", details={})

    with pytest.raises(StoreError, match="damaged at its end, entry 7"):
        asyncio.run(append())


def _as_it_is(path: Path) -> list[tuple[object, ...]] | None:
    """Read the log past everything of ours: kinds and bytes of all columns; None where SQLite refuses."""
    columns = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in COLUMNS)
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT id, {columns} FROM audit ORDER BY id").fetchall()
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def _pages(path: Path) -> list[tuple[int, int]]:
    """Give the places and sizes of the pages that hold the log's rows."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT pgoffset, pgsize FROM dbstat WHERE name = 'audit' ORDER BY pgoffset").fetchall()
    connection.close()
    return found


@pytest.mark.parametrize("part", range(4))
def test_a_byte_flipped_in_the_file_is_found_or_refused(template: Path, tmp_path: Path, part: int) -> None:
    path = tmp_path / "log.db"
    whole = template.read_bytes()
    expected = _as_it_is(template)
    pages = _pages(template)
    assert len(pages) >= 1
    places = [place for offset, size in pages for place in range(offset + part, offset + size, FLIPS_IN_FILE)]
    found = 0
    for place in places:
        bent = bytearray(whole)
        bent[place] ^= 1 << place % 8
        path.write_bytes(bent)
        same = _as_it_is(path) == expected
        try:
            faults = asyncio.run(Log.proved(_Closed(path))).faults
        except StoreError:
            assert not same, f"refused, though nothing of the log is touched: byte {place}"
            found += 1
            continue
        assert bool(faults) != same, f"byte {place}: {faults}"
        found += bool(faults)
    assert found


class _Closed(Log):
    """A log that nobody has open."""

    def __init__(self, path: Path) -> None:
        self.path = path


def test_an_exported_line_is_enough_to_work_its_hash_out(log: Log) -> None:
    row = log.connection.execute("SELECT * FROM audit WHERE id = 4").fetchone()
    assert sha256(encode(list(row[:-1])).encode()).hexdigest() == row[-1]
