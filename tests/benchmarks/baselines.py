"""The raw baselines: the least that any program would have to do."""

import csv
import sqlite3
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import orjson

PAGE = 5000


def _pages(path: Path) -> Iterator[list[tuple[str, str, bytes]]]:
    """Read a CSV file as pages of (id, document, hash)."""
    yield from ([_row(one) for one in page] for page in _records(path))


def _records(path: Path) -> Iterator[list[tuple[str, dict[str, list[str]]]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        page = []
        for row in reader:
            page.append((row[0], {name: [value] for name, value in zip(names, row, strict=True) if value}))
            if len(page) == PAGE:
                yield page
                page = []
        yield page


def _row(record: tuple[str, dict[str, list[str]]]) -> tuple[str, str, bytes]:
    document = orjson.dumps(record[1], option=orjson.OPT_SORT_KEYS)
    return record[0], document.decode(), blake2b(document, digest_size=16).digest()


def _open(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    return store


def raw_upsert(source: Path, target: Path) -> float:
    """Give the seconds that plain sqlite3 takes to upsert records: JSON document and hash included."""
    pages = list(_records(source))
    store = _open(target)
    store.execute("CREATE TABLE objects (id TEXT PRIMARY KEY, document TEXT, hash BLOB)")
    start = time.perf_counter()
    for page in pages:
        store.execute("BEGIN")
        store.executemany(
            "INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET document = excluded.document, hash = excluded.hash",
            map(_row, page),
        )
        store.execute("COMMIT")
    seconds = time.perf_counter() - start
    store.close()
    return seconds


def parse_and_compare(source: Path, target: Path) -> float:
    """Give the seconds that csv and a hash comparison with the rows of `raw_upsert` take."""
    store = _open(target)
    start = time.perf_counter()
    changed = 0
    for page in _pages(source):
        ids = orjson.dumps([row[0] for row in page]).decode()
        query = "SELECT id, hash FROM objects WHERE id IN (SELECT value FROM json_each(?))"
        known = dict(store.execute(query, [ids]))
        changed += sum(known.get(row[0]) != row[2] for row in page)
    seconds = time.perf_counter() - start
    assert changed == 0
    store.close()
    return seconds
