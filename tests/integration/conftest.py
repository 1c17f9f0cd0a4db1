"""A real directory server and a workspace that writes to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Inside
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.sql import database, running
from tui.demo.people import people
from tui.demo.workspace import LiveDirectory, make_workspace

__all__ = ["database", "running"]
EXPORTS = '\n[systems.directory.exports]\nmax_retries = 2\nretry_delay = "0s"\n'


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    with Slapd(tmp_path / "slapd").start() as server:
        server.add(BASE)
        yield server


@pytest.fixture
def office(tmp_path: Path, slapd: Slapd) -> "Office":
    return Office(tmp_path / "workspace", slapd, 60)


class Office(Inside):
    """HR's file and a directory server, with the sample people."""

    def __init__(self, folder: Path, slapd: Slapd, count: int) -> None:
        self.rows = list(people(count))
        live = LiveDirectory(slapd.url, SUFFIX, ADMIN, "DIRECTORY_PASSWORD")
        config = make_workspace(folder, self.rows, live, demo=False).read_text()
        super().__init__(folder, config + EXPORTS, {"DIRECTORY_PASSWORD": PASSWORD})

    def write(self, rows: list[dict[str, str]] | None = None) -> None:
        """Write HR's file: the rows given, or the office's own."""
        self.csv("hr.csv", self.rows if rows is None else rows, self.rows[0])


def by_number(entries: dict[str, dict[str, list[str]]]) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Index directory entries by employee number: number → (DN, attributes)."""
    return {entry["employeeNumber"][0]: (dn, entry) for dn, entry in entries.items() if "employeeNumber" in entry}
