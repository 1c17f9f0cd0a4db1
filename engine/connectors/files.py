"""What connectors to files share: a private copy to read from, and atomic replacement."""

import asyncio
import errno
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from engine.connectors.base import ImportPage
from engine.errors import CannotConnect, ConnectionLost, ObjectError, StepFailed
from engine.values.seen import Seen

_TRIES = 5
_AWAY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT})
"""What is told of a folder that is not there, or on a machine that is not."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Refused(Exception):
    """A file's connector refuses one operation, as a server would."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.error = ObjectError(code, message, advice)


def unreadable(path: Path, error: OSError) -> StepFailed:
    """Give what ends a step whose file cannot be read, or not be copied where there is room for it."""
    told = error.strerror or str(error)
    if error.errno in _FULL:
        return StepFailed(f"{path}: the disk of {tempfile.gettempdir()} is full: no room for a copy ({told})")
    return CannotConnect(f"{path}: cannot be read: {told}")


def gone(path: Path) -> StepFailed:
    """Give what ends a step whose file is not there, though something is known to be in it."""
    return unreadable(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))


def unwritable(path: Path, error: OSError) -> StepFailed:
    """Give what ends a step whose file cannot be written: nothing of the batch is in it."""
    told = error.strerror or str(error)
    if error.errno in _AWAY:
        return ConnectionLost(f"{path}: cannot be written: {told}")
    if error.errno in _FULL:
        told = f"the disk is full ({told}): make room"
    return StepFailed(f"{path}: cannot be written: {told}; the file is as it was before this batch, so run again")


Stamp = tuple[int, int, int]
"""What changes when a file changes: inode, size, time of modification."""


def stamp(path: Path) -> Stamp:
    """Give a file's stamp. Raises OSError."""
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


class Snapshot(NamedTuple):
    """A copy of a file that nobody changes."""

    file: BinaryIO
    stamp: Stamp
    digest: str
    """The hash of what it holds."""


def snapshot(path: Path) -> Snapshot:
    """Copy a file where nobody changes it, so that it can be read more than once.

    Raises `CannotConnect` for a file that is missing, unreadable, or changes all the time.
    """
    _refuse_others(path)
    for _ in range(_TRIES):
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller
        try:
            before = stamp(path)
            with path.open("rb") as source:
                digest = _copy(source, copy)
            if stamp(path) == before:
                copy.seek(0)
                return Snapshot(copy, before, digest)
        except OSError as error:
            copy.close()
            raise unreadable(path, error) from error
        copy.close()
        time.sleep(0.2)
    raise CannotConnect(f"{path}: changes while it is read; wait until whoever writes it has finished")


def _refuse_others(path: Path) -> None:
    """Refuse a folder, a device, and a pipe, whose reader would wait for ever. Raises `CannotConnect`."""
    if path.exists() and not path.is_file():
        raise CannotConnect(f"{path}: is not a regular file")


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    """Copy a file, and give the hash of what it holds."""
    digest = blake2b(digest_size=16)
    while part := source.read(1 << 20):
        digest.update(part)
        target.write(part)
    return digest.hexdigest()


def count_lines(file: BinaryIO) -> int:
    """Count the lines of a file, by their ends."""
    file.seek(0)
    count = 0
    while part := file.read(1 << 20):
        count += part.count(b"\n")
    return count


def digest_of(path: Path) -> str:
    """Give the hash of what a file holds. Raises `CannotConnect`."""
    _refuse_others(path)
    try:
        with path.open("rb") as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def changed_since(path: Path, before: Stamp) -> bool:
    """Tell whether a file is no longer what it was."""
    try:
        return stamp(path) != before
    except OSError:
        return True


def copy_into(path: Path, folder: Path) -> Path:
    """Copy a file into a private folder of its own there, and give the copy's path; a missing one stays missing.

    Raises `CannotConnect` for a file that cannot be read.
    """
    own = Path(tempfile.mkdtemp(dir=folder))
    if path.exists():
        source = snapshot(path).file
        with source, (own / path.name).open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    return own / path.name


def copy_all(paths: Sequence[Path], folder: Path) -> Path:
    """Copy files into a private folder there; give the copy's path, or a pattern for several copies.

    Raises `CannotConnect` for a file that cannot be read, and for one of several that is not there any more.
    """
    if len(paths) == 1:
        return copy_into(paths[0], folder)
    own = Path(tempfile.mkdtemp(dir=folder))
    for number, path in enumerate(paths):
        with snapshot(path).file as source, (own / f"{number:05}-{path.name}").open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    return own / "*"


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of another in one step, durably; the old one stays if anything fails.

    A link keeps pointing at its file, but is not followed out of the folder that it stands in. Raises `OSError`.
    """
    folder, path = path.parent.resolve(), path.resolve()
    if path.parent != folder:
        raise OSError(errno.ELOOP, f"it is a link to {path}; name the file itself")
    mode = path.lstat().st_mode & 0o7777 if path.exists() else 0o600
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def why_unwritable(path: Path, begin: Callable[[], object]) -> str | None:
    """Say why a file cannot be written, as far as can be told without writing; None where it can.

    `begin` is what its connector does before it writes, and raises `CannotConnect` where that refuses.
    """
    try:
        begin()
    except CannotConnect as error:
        return str(error)
    real = path.resolve()
    if real.parent != path.parent.resolve():
        return f"{path}: is a link to {real}, and would be refused: name the file itself"
    if real.parent.is_dir() and not os.access(real.parent, os.W_OK | os.X_OK):
        return f"{path}: cannot be replaced: this user cannot write to {real.parent}"
    return None


async def in_pages(pages: Generator[ImportPage], total: int) -> AsyncIterator[ImportPage]:
    """Give pages that a thread reads."""
    with closing(pages):
        while page := await asyncio.to_thread(next, pages, None):
            page.total = total
            yield page


def find_duplicates(read_ids: Callable[[], Iterable[str]]) -> frozenset[str]:
    """Give the ids that stand more than once in a source, which is read once, or twice if there may be any."""
    seen = Seen()
    for text in read_ids():
        seen.add(text)
    return repeated(read_ids, seen.suspects())


def repeated(read_ids: Callable[[], Iterable[str]], suspects: set[int]) -> frozenset[str]:
    """Give the ids that stand more than once, of those with some hashes; equal hashes alone prove nothing."""
    if not suspects:
        return frozenset()
    counts = Counter(text for text in read_ids() if hash(text) in suspects)
    return frozenset(text for text, count in counts.items() if count > 1)
