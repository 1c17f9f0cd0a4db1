"""A store in a file of its own: the one that needs nothing else."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import create_engine

from storage import clock, mark
from storage.dialects.asynchronous import AsyncEngine
from storage.dialects.base import REVISIONS, Place
from storage.dialects.sqlite import copying, dialect, errors, new_store, store_file, upkeep, whole
from storage.dialects.sqlite.opening import connect, identity, make_sure_of
from storage.errors import StoreError, StoreReadOnly, StoreTooNew, StoreUnreadable


class FilePlace(Place):
    """The file of a store."""

    driver_errors = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.beside = self.shared_as = path
        self.files = (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal")))

    def prepare(self) -> None:
        """Make the file, mode 0600, if it is missing; migrate it, after a backup, if it is older."""
        path = self.path
        self._require_folder()
        if identity(path) is None:
            self._create()
        elif not path.stat().st_size:
            raise StoreUnreadable(f"{path}: is empty; restore it from a backup, or remove it to begin anew")
        elif not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            raise StoreReadOnly(f"{path}: the store or its folder cannot be written; check owner and permissions")
        version = store_file.schema_version(path)
        if version == REVISIONS[-1]:
            return
        if version is not None and version not in REVISIONS:
            raise StoreTooNew(
                f"{path}: written by a newer Interlock (schema {version}, this one knows up to {REVISIONS[-1]}); "
                "upgrade Interlock, or open the backup made before the migration"
            )
        if version is not None:
            copy = path.with_name(f"{path.name}.{version}-{clock.now()[:19].replace(':', '')}.backup")
            store_file.backup(path, copy)
        upgrade(path)

    def _require_folder(self) -> None:
        if not self.path.parent.is_dir():
            raise StoreUnreadable(f"{self.path}: the folder {self.path.parent} does not exist; create it first")

    def _create(self) -> None:
        """Make a new store beside its place and put it there whole; one that somebody else put there stays.

        Raises `StoreUnreadable` where a mark tells that a store was here.
        """
        mark.refuse_to_begin_anew(self.path, self.name)
        with suppress(FileExistsError), self._made_whole():
            pass

    @contextmanager
    def _made_whole(self) -> Iterator[Path]:
        """Give a new store in another place, and put it in its own at the end. Raises `FileExistsError`."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        os.close(handle)
        try:
            new_store.create(Path(name))
            yield Path(name)
            mark.forget(self.path)
            os.link(name, self.path, follow_symlinks=False)
        finally:
            os.unlink(name)

    def empty(self) -> bool:
        """Tell whether nothing has the file's name."""
        self._require_folder()
        return identity(self.path) is None

    def writer(self) -> AsyncEngine:
        """Make the engine whose transactions begin by taking the file's one write lock."""
        return dialect.create_engine(self.path, write=True)

    def reader(self) -> AsyncEngine:
        """Make the engine of all readers."""
        return dialect.create_engine(self.path, write=False)

    def watch(self) -> AsyncEngine:
        """Make an engine of a single connection."""
        return dialect.create_watch(self.path)

    async def data_version(self, watch: AsyncEngine) -> int:
        """Give the number that SQLite keeps of it."""
        return await dialect.data_version(watch)

    def explain(self, error: Exception) -> StoreError:
        """Tell what an error means."""
        return errors.explain(error, self.path)

    def copy_into(self, folder: Path) -> "FilePlace":
        """Copy the file without a trace."""
        copy = folder / self.path.name
        if identity(self.path) is not None:
            copying.copy_unnoticed(self.path, copy)
        else:
            self._require_folder()
        return FilePlace(copy)

    def back_up(self, copy: Path) -> None:
        """Copy the file by SQLite's own means, and look for damage in the copy."""
        upkeep.back_up(self.path, copy)

    def put_in_place(self, copy: Path) -> Path:
        """Put a backup in the file's place."""
        replaced = self.path.with_name(f"{self.path.name}.replaced-{clock.now()[:19].replace(':', '')}")
        upkeep.put_in_place(self.path, copy, replaced)
        return replaced

    def make_smaller(self) -> tuple[int, int]:
        """Write the file anew without unused room."""
        return upkeep.make_smaller(self.path)

    @contextmanager
    def read_out(self) -> Iterator[whole.FileContents]:
        """Give what the file holds, under its write lock."""
        with whole.contents(self.path) as contents:
            yield contents

    def snapshot(self) -> AbstractContextManager[whole.FileContents]:
        """Give what the file holds; nobody else writes meanwhile."""
        return self.read_out()

    @contextmanager
    def take_in(self) -> Iterator[whole.FileContents]:
        """Give a new file, which is put in its place at the end."""
        self._require_folder()
        with self._made_whole() as new, whole.contents(new, is_new=True) as contents:
            yield contents

    def grants(self, role: str, *, writes: bool) -> list[str]:  # noqa: ARG002 - there are none
        """Refuse: a file has an owner, a group and a mode."""
        raise StoreError(f"{self.path}: a file knows no roles; its owner, its group and its mode say who may use it")

    def damage(self) -> list[str]:
        """Tell what is wrong with the file, its rows' references, its tables, indexes and triggers."""
        return upkeep.damage(self.path)


def upgrade(path: Path) -> None:
    """Bring a store file to the newest schema."""
    from storage import migrations  # noqa: PLC0415 - Alembic is slow to import and rarely needed

    make_sure_of(path)
    engine = create_engine("sqlite://", creator=lambda: connect(path))
    try:
        with engine.begin() as connection:
            migrations.upgrade(connection)
    finally:
        engine.dispose()
