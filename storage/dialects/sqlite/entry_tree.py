"""A tree of entries in a private temporary file: for directories that need not fit into memory."""

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_UNWRITTEN = 1_000_000
"""From how many bytes on what is put is written."""


class TreeEntry(NamedTuple):
    """An entry by its name, its parent's name and its id, with its text."""

    key: str
    parent: str
    external_id: str | None
    depth: int
    block: bytes


class DuplicateKey(ValueError):
    """Two entries have one name, which is the message."""


class EntryTree:
    """Entries that can be found by name, by parent and by id. SQLite deletes the file by itself.

    What is put is written with the next question that goes beyond one name.
    """

    def __init__(self, entries: Iterable[TreeEntry]) -> None:
        """Take all entries in. Raises `DuplicateKey`, OSError for a full disk, and whatever the iterable raises."""
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._unwritten: dict[str, TreeEntry] = {}
        self._size = 0
        self._looked_up: dict[str, bytes | None] = {}
        run = self._connection.execute
        run("PRAGMA journal_mode = OFF")
        run("CREATE TABLE entries (key TEXT PRIMARY KEY, parent TEXT, external_id TEXT, depth INTEGER, block BLOB)")
        run("BEGIN")
        last = ""

        def watched() -> Iterator[TreeEntry]:
            nonlocal last
            for entry in entries:
                last = entry.key
                yield entry

        try:
            self._connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", watched())
        except sqlite3.IntegrityError as error:
            raise DuplicateKey(last) from error
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, str(error)) from error
        run("CREATE INDEX by_parent ON entries (parent)")
        run("CREATE INDEX by_external_id ON entries (external_id)")

    def close(self) -> None:
        """Drop everything."""
        self._connection.close()

    def look_up(self, keys: Iterable[str]) -> None:
        """Look names up at once, so that `find` need not ask for each of them, until others are looked up."""
        self._write()
        self._looked_up = dict.fromkeys(keys)
        query = "SELECT key, block FROM entries WHERE key IN (SELECT value FROM json_each(?))"
        self._looked_up.update(self._connection.execute(query, [json.dumps(list(self._looked_up))]))

    def find(self, key: str) -> bytes | None:
        """Give the text of the entry with a name."""
        if key in self._looked_up:
            return self._looked_up[key]
        if (unwritten := self._unwritten.get(key)) is not None:
            return unwritten.block
        return self._first("SELECT block FROM entries WHERE key = ?", key)

    def find_by_external_id(self, external_id: str) -> list[bytes]:
        """Give the texts of the entries with an id. Raises OSError for a full disk."""
        self._write()
        query = "SELECT block FROM entries WHERE external_id = ? ORDER BY rowid"
        return [block for (block,) in self._connection.execute(query, [external_id])]

    def _first(self, query: str, value: str) -> bytes | None:
        row = self._connection.execute(query, [value]).fetchone()
        return row[0] if row else None

    def children(self, key: str, limit: int = -1) -> list[tuple[str, bytes]]:
        """Give name and text of the entries right below one. Raises OSError for a full disk."""
        self._write()
        query = "SELECT key, block FROM entries WHERE parent = ? LIMIT ?"
        return list(self._connection.execute(query, [key, limit]))

    def put(self, entry: TreeEntry) -> None:
        """Take an entry in, in place of one that has its name. Raises OSError for a full disk."""
        self._unwritten.pop(entry.key, None)
        self._unwritten[entry.key] = entry
        if entry.key in self._looked_up:
            self._looked_up[entry.key] = entry.block
        self._size += len(entry.block)
        if self._size >= _UNWRITTEN:
            self._write()

    def _write(self) -> None:
        """Write what was put."""
        if not self._unwritten:
            return
        try:
            put = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)"
            self._connection.executemany(put, self._unwritten.values())
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, str(error)) from error
        self._unwritten = {}
        self._size = 0

    def remove(self, key: str) -> None:
        """Remove the entry with a name."""
        self._unwritten.pop(key, None)
        if key in self._looked_up:
            self._looked_up[key] = None
        self._connection.execute("DELETE FROM entries WHERE key = ?", [key])

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Give every name and text, parents before children. Raises OSError for a full disk."""
        self._write()
        yield from self._connection.execute("SELECT key, block FROM entries ORDER BY depth, rowid")

    def blocks(self) -> Iterator[bytes]:
        """Give every text, parents before children. Raises OSError for a full disk."""
        self._write()
        for (block,) in self._connection.execute("SELECT block FROM entries ORDER BY depth, rowid"):
            yield block
