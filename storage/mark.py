"""The mark beside a store: the newest entry of its audit log, by which a store that was put back is known.

Whoever copies an older file over the store brings back approvals that were withdrawn, and writes that were sent. The
store itself cannot know; the mark names an entry that it does not have.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from storage.errors import StoreUnreadable

_MOST = 10_000


class Mark(NamedTuple):
    """An entry of the audit log: its number, its hash, and when it was written."""

    entry: int
    hash: str
    at: str


def place_of(store: Path) -> Path:
    """Give where the mark of a store is."""
    return store.with_name(f"{store.name}.mark")


def read(store: Path) -> Mark | None:
    """Give the mark of a store; None where there is none, or it cannot be read: then nothing is known."""
    try:
        with open(place_of(store), "rb", opener=_itself) as file:
            found = Mark._make(json.loads(file.read(_MOST)))
    except (OSError, ValueError, TypeError):
        return None
    return found if isinstance(found.entry, int) and isinstance(found.hash, str) else None


def _itself(name: str, flags: int) -> int:
    """Open a file and no link to one; what stands there and is none is not waited for."""
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def write(store: Path, mark: Mark, shared_as: Path | None = None) -> None:
    """Replace the mark of a store, readable by whoever may use that; a disk that is full leaves the one before.

    Where the store is no file, `shared_as` is the one, or the folder, whose group may read it.
    """
    place = place_of(store)
    new = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            share(descriptor, shared_as or store)
            file.write(json.dumps(mark).encode())
        new.replace(place)
    except OSError:
        _remove(new)


def share(descriptor: int, store: Path) -> None:
    """Let those read and replace a mark who may do so with its store: to anybody else an older store shows as none."""
    of_store = store.lstat()
    with suppress(PermissionError):  # a group that its writer is not in; a folder with the group's bit sees to it
        os.fchown(descriptor, -1, of_store.st_gid)
    if os.fstat(descriptor).st_gid == of_store.st_gid:
        os.fchmod(descriptor, of_store.st_mode & 0o660)


def refuse_to_begin_anew(store: Path, name: str) -> None:
    """Raise `StoreUnreadable` where a store that is not there has a mark: it is lost, and none is made in its place."""
    if (lost := read(store)) is not None:
        raise StoreUnreadable(
            f"{name}: is not there, and {place_of(store).name} names audit-{lost.entry} of {lost.at[:19]}Z in it: "
            "restore it from a backup: put that in its place, and say so by 'interlock store restore --reason TEXT'; "
            "to begin anew, with nothing known of what was approved, reserved or excluded, "
            f"remove {place_of(store)}"
        )


def forget(store: Path) -> None:
    """Remove the mark of a store that is made new."""
    _remove(place_of(store))


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
