"""The LDIF files of a delivery: a private copy of each, unpacked, and the entries of all of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.connectors.archives import unpacked
from engine.connectors.deliveries import Delivery
from engine.connectors.files import Snapshot, snapshot
from engine.connectors.ldif.entry import Entry, quick_entry
from engine.connectors.ldif.format import LdifError, Other, Quick, count_entries, read_quickly
from engine.errors import CannotConnect


class LdifFile(NamedTuple):
    """One of the files."""

    path: Path
    copy: Snapshot
    entries: int
    """An estimate of how many it holds."""


class LdifFiles:
    """The files that are read as one directory; they are closed when it is left."""

    def __init__(self, found: Delivery, member: str | None) -> None:
        """Copy the files; `member` names the one that is meant in a ZIP archive. Raises `CannotConnect`."""
        self.files: list[LdifFile] = []
        self.unfinished = ""
        """Why what was read last does not hold everything."""
        self.now = found.paths[0]
        """The file that is being read."""
        try:
            for path in found.paths:
                copy = unpacked(snapshot(path), path, member)
                self.files.append(LdifFile(path, copy, 0))
                self.files[-1] = self.files[-1]._replace(entries=count_entries(copy.file))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the copies."""
        for one in self.files:
            one.copy.file.close()

    def __enter__(self) -> "LdifFiles":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def count(self) -> int:
        """An estimate of how many entries there are."""
        return sum(one.entries for one in self.files)

    def entries(self, quick: Quick[Other] = quick_entry) -> Iterator[Entry | Other]:
        """Read every entry of every file. Raises `CannotConnect` for what is no LDIF."""
        self.unfinished = ""
        for one in self.files:
            self.now = one.path
            one.copy.file.seek(0)
            try:
                yield from read_quickly(one.copy.file, self.unfinish, quick)
            except LdifError as error:
                raise CannotConnect(f"{one.path}: not readable as LDIF: {error}") from error

    def unfinish(self, why: str) -> None:
        """Take note of why there may be more than was read."""
        self.unfinished = self.unfinished or f"{self.now}: {why}"
