"""Ten thousand people and their accounts, made once; every drill breaks something of its own copy."""

import csv
import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.inside import Inside
from tui.demo.people import people
from tui.demo.workspace import make_workspace

PEOPLE = 10_000
Rows = list[dict[str, str]]


class Drill(Inside):
    """A workspace of ten thousand people in which everything is in order, until something is broken."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, (folder / "interlock.toml").read_text())

    def rewrite(self, change: Callable[[Rows], Rows]) -> None:
        """Deliver HR's file of people changed."""
        path = self.folder / "hr.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = list(rows[0])
        changed = change(rows)
        self.csv("hr.csv", changed, list(changed[0]) if changed else columns)

    def accounts(self) -> int:
        """Count the people in the directory, in its own file."""
        return (self.folder / "directory.ldif").read_bytes().count(b"objectClass: inetOrgPerson")

    def marked(self) -> int:
        """Count the objects that are obsolete."""
        return int(self.query("SELECT count(*) FROM objects WHERE status = 'Obsolete'")[0][0])

    def held(self) -> list[tuple[str, int]]:
        """Give what gates hold, and how many objects."""
        found = self.query("SELECT gate, missing FROM held_batches WHERE state = 'held' ORDER BY id")
        return [(gate, count) for gate, count in found]


def prepare(shared: Path) -> Path:
    """Give the folder of the workspace in order; whoever of the tests' processes comes first makes it."""
    folder = shared / "ten-thousand"
    with (shared / "ten-thousand.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            toml = make_workspace(folder, list(people(PEOPLE)), demo=False)
            made = Inside(folder, toml.read_text())
            made("run", status=None)
            (folder / "ready").touch()
    return folder


def copy(prepared: Path, folder: Path) -> Drill:
    """Give a drill a copy of its own."""
    shutil.copytree(prepared, folder)
    return Drill(folder)
