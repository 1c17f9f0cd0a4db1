"""Open a store's file itself: never what a symbolic link in its place leads to.

SQLite opens by name, and follows a link that it finds there; what it makes beside a file (`-wal`, `-shm`) it opens
without following any. So a name is looked at before it is opened, and afterwards SQLite is asked what it opened: it
looks a name up once, and opens what it found then without following anything that was put there since.
"""

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

from storage.errors import StoreUnreadable

Identity = tuple[int, int]
"""What a file is, whatever it is called: device and inode."""


def identity(path: Path) -> Identity | None:
    """Give what the file of a store is, None where there is none.

    Raises `StoreUnreadable` for a link, a folder, a device. The file is not opened: closing it would give up the locks
    that SQLite holds on it in this process.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise StoreUnreadable(f"{path}: is a symbolic link, and none is followed; name the store's own file")
    if not stat.S_ISREG(found.st_mode):
        raise StoreUnreadable(f"{path}: is not a regular file")
    return found.st_dev, found.st_ino


def connect(path: Path, *, read_only: bool = False, **options: Any) -> sqlite3.Connection:
    """Connect to a store's own file, which is there.

    Raises `StoreUnreadable` for what leads elsewhere, or `sqlite3.Error`.
    """
    before = identity(path)
    if before is None:
        raise StoreUnreadable(f"{path}: is not there any more")
    place = address(path, "ro" if read_only else "rw")
    connection: sqlite3.Connection = sqlite3.connect(place, uri=True, **options)
    try:
        verify(connection, path, before)
    except BaseException:
        connection.close()
        raise
    return connection


def address(path: Path, mode: str = "rw") -> str:
    """Give the URI by which SQLite opens a file that is there, and makes none."""
    return f"{own_place(path).as_uri()}?mode={mode}"


def verify(connection: Any, path: Path, known: Identity | None) -> None:
    """Make sure that a connection is to a store's own file, and to the one that is known.

    Raises `StoreUnreadable`.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA database_list")
    opened = Path(cursor.fetchone()[2])
    cursor.close()
    now = identity(path)
    if own_place(opened) != own_place(path) or (known is not None and now != known):
        raise StoreUnreadable(f"{path}: another file was put in its place while it was being opened; try again")


def own_place(path: Path) -> Path:
    """Give where a file is, links among its folders followed, but not one in its own place."""
    return path.parent.resolve() / path.name


def make_private(path: Path) -> None:
    """Make a new, empty file, mode 0600. Raises `FileExistsError` where anything, be it a link, has its name."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def make_sure_of(path: Path) -> None:
    """Make a file likewise, unless it is there."""
    if identity(path) is None:
        make_private(path)
