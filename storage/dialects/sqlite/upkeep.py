"""Look after a store file: back it up, look for damage, make it smaller."""

import os
import sqlite3
import tempfile
from pathlib import Path

from storage.dialects.sqlite import new_store, store_file
from storage.dialects.sqlite.errors import error_name, explain
from storage.errors import BackupRefused, StoreError


def back_up(path: Path, copy: Path) -> None:
    """Copy a store to a new file, mode 0600, as it is at one moment, while it may be in use.

    Raises `BackupRefused`, where the file exists for instance, or another `StoreError`.
    """
    try:
        store_file.backup(path, copy)
    except FileExistsError as error:
        raise BackupRefused(f"{copy}: exists already; name a new file") from error
    except OSError as error:
        raise BackupRefused(f"{copy}: cannot be written: {error.strerror}") from error
    except sqlite3.Error as error:
        raise _not_copied(error, path, copy) from error
    try:
        if found := store_file.damage(copy):
            raise StoreError(f"{path}: is damaged, so it was not backed up: {found[0]}; see 'interlock store check'")
        with copy.open("rb") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError, StoreError) as error:
        store_file.remove_copy(copy)
        raise error if isinstance(error, StoreError) else _not_copied(error, path, copy) from error


def _not_copied(error: Exception, path: Path, copy: Path) -> StoreError:
    """Say why there is no copy: of a store that is only read, no disk is full but that of the copy."""
    if error_name(error) == "SQLITE_FULL":
        return BackupRefused(f"{copy}: the disk is full; nothing half-written was kept")
    return explain(error, path)


def put_in_place(path: Path, copy: Path, replaced: Path) -> None:
    """Put a backup in a store's place, after that store was copied. Raises `StoreError`; then nothing changes."""
    if not copy.is_file():
        raise StoreError(f"{copy}: there is no such file")
    try:
        version = store_file.schema_version(copy)
        if version is None or (found := store_file.damage(copy)):
            raise StoreError(f"{copy}: is no sound store" + (f": {found[0]}" if version else ""))
        back_up(path, replaced)
        store_file.put_in_place(path, copy)
    except sqlite3.Error as error:
        raise explain(error, copy) from error


def make_smaller(path: Path) -> tuple[int, int]:
    """Write a store anew without unused room, and give its bytes before and after. Raises `StoreError`."""
    before = path.stat().st_size
    try:
        store_file.vacuum(path)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    return before, path.stat().st_size


def damage(path: Path) -> list[str]:
    """Tell what is wrong with a store's file, its rows' references, its tables, indexes and triggers."""
    if found := store_file.damage(path):
        return found
    with tempfile.TemporaryDirectory(prefix="interlock-") as folder:
        fresh = Path(folder) / "fresh.db"
        new_store.create(fresh)
        wanted = store_file.definitions(fresh)
    there = store_file.definitions(path)
    missing = [f"the {name} is missing" for name in wanted if name not in there]
    changed = [
        f"the {name} is not as Interlock made it" for name in wanted if name in there and there[name] != wanted[name]
    ]
    strange = [f"the {name} is none of Interlock's" for name in there if name not in wanted]
    return missing + changed + strange
