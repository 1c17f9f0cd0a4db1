"""Copy a store of SQLite without a trace; another database gets a module like this one, beside its dialect."""

import os
import shutil
import sqlite3
import time
from pathlib import Path

from storage.dialects.sqlite.dialect import BUSY_SECONDS
from storage.dialects.sqlite.opening import connect, identity, own_place


def copy_unnoticed(path: Path, copy: Path) -> None:
    """Copy a store file into a private folder and leave no trace: not in the file, nor in its log, nor beside it.

    A store that is in use is read under SQLite's locks, through a connection that may not write. That would leave a
    `-wal` and a `-shm` file beside a store that is not (SQLite 3.40); nobody can have that one open, so its files are
    copied as they are. Raises `StoreUnreadable` for a link, `sqlite3.Error` or `OSError`.
    """
    identity(path)
    path = own_place(path)
    deadline = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < deadline:
        index = _index_in_use(path)
        if index is not None:
            _copy_in_use(path, copy)
            if _index_in_use(path) != index:  # its last user left meanwhile: SQLite itself takes away what we made
                connection = connect(path, timeout=BUSY_SECONDS)
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                connection.close()
            return
        if _copy_closed(path, copy):
            return
        time.sleep(0.1)
    raise sqlite3.OperationalError("it changes all the time while it is being copied")


def _index_in_use(path: Path) -> int | None:
    """Tell the index of the log (the inode of the `-shm` file) that every user of a store shares; None without one."""
    log, index = _marks(path, "-wal", "-shm")
    return index[0] if log and index else None


def _marks(path: Path, *suffixes: str) -> list[tuple[int, int, int] | None]:
    """Give inode, size and time of files beside a store, None for those that are not there."""
    marks: list[tuple[int, int, int] | None] = []
    for suffix in suffixes:
        try:
            found = path.with_name(path.name + suffix).lstat()
        except FileNotFoundError:
            marks.append(None)
        else:
            marks.append((found.st_ino, found.st_size, found.st_mtime_ns))
    return marks


def _copy_in_use(path: Path, copy: Path) -> None:
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    source = connect(path, read_only=True, timeout=BUSY_SECONDS)
    target = connect(copy)
    try:
        target.execute("PRAGMA synchronous = OFF")
        source.backup(target)
    finally:
        target.close()
        source.close()


def _copy_closed(path: Path, copy: Path) -> bool:
    """Copy the files of a store that nobody has open; false if somebody changed one of them meanwhile."""
    parts = ("", "-wal", "-journal")
    before = _marks(path, *parts)
    if any(mark and time.time_ns() - mark[2] < 50_000_000 for mark in before):
        time.sleep(0.05)  # a change right after another one could have the same time
    for suffix, mark in zip(parts, before, strict=True):
        target = copy.with_name(copy.name + suffix)
        target.unlink(missing_ok=True)
        if mark is None:
            continue
        try:
            with open(path.with_name(path.name + suffix), "rb", opener=_itself) as source:
                handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
        except FileNotFoundError:
            return False
    return _marks(path, *parts) == before and _index_in_use(path) is None


def _itself(name: str, flags: int) -> int:
    """Open a file and no link to one."""
    return os.open(name, flags | os.O_NOFOLLOW)
