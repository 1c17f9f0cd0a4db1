"""The disk of the store's server is full in every step of a cycle: each says so, and goes on when there is room."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import preloaded, stores
from tests.databases import postgresql
from tests.faults.test_kill import Site
from tests.little_disk import enlarge, little_disk
from tests.workspace import Workspace
from tui.demo.people import next_day, people
from tui.demo.workspace import make_workspace

STEPS = ("import hr", "detect hr", "sync", "evaluate", "export directory", "import directory", "detect directory")
SPACE = "tiny"
STOPPED = (4, 5)
"""The exit statuses of a step that could not begin, and of one that was interrupted."""


class Disk:
    """A little disk, on which the server keeps the tables of a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room at all: the tables of the store cannot grow."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def disk() -> Iterator[Disk]:
    with little_disk("100m") as folder:
        yield from _with_tables_on(folder)


def _with_tables_on(folder: Path) -> Iterator[Disk]:
    space = folder / "space"
    space.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(space, nobody.pw_uid, nobody.pw_gid)
    stores.server().run(f"CREATE TABLESPACE {SPACE} LOCATION '{space}'")
    found = Disk(folder)
    yield found
    found.empty()
    stores.Database.forget(SPACE)
    stores.server().run(f"DROP TABLESPACE {SPACE}")


@pytest.fixture
def sites(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, Site]:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    calm, full = Site(tmp_path / "calm", None, None), Site(tmp_path / "full", None, None)
    assert full.database is not None
    full.database.move(SPACE)
    return calm, full


def _step_on_a_full_disk(site: Site, disk: Disk, step: str) -> bool:
    """Carry a step out without any room, and once more with room; tell whether it met that."""
    disk.fill()
    done = preloaded.run(["step", *step.split()], cwd=site.folder, env=site.env, together=True)
    met = b"the server's disk is full; free some room there" in done.out
    assert not met or done.status in STOPPED, done.out
    assert b"Traceback" not in done.out
    disk.empty()
    again = site("step", *step.split(), status=None)
    assert "disk is full" not in again
    return met


def test_a_full_disk_of_the_server_loses_and_doubles_nothing(sites: tuple[Site, Site], disk: Disk) -> None:
    calm, full = sites
    met = dict.fromkeys(STEPS, False)
    for rows in (calm.rows, next_day(calm.rows)):
        for site in sites:
            site.csv("hr.csv", rows)
        calm("run")
        calm("run")
        for step in STEPS:
            met[step] |= _step_on_a_full_disk(full, disk, step)
        full("run")
        full("run")
        assert full.entries() == calm.entries()
        assert full.state() == calm.state()
    assert all(met[step] for step in ("import hr", "sync", "evaluate", "export directory", "import directory")), met
    assert "sound" in full("store", "check")


@pytest.mark.usefixtures("store_file")
def test_a_server_whose_own_log_has_no_room_ends_and_the_run_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with little_disk("36m") as folder, postgresql(log=folder / "log") as server:
        server.run("CREATE DATABASE store")
        config = make_workspace(tmp_path / "site", list(people(3000)), None, demo=False).read_text()
        url = f'url = "{server.socket_url("store")}"'
        site = Workspace(tmp_path / "site", config.replace('path = "interlock.db"', url))
        said = site("run", status=5)
        assert "the server's disk is full" in said or "the connection to the server was lost" in said
        enlarge(folder, "400m")
        server.crash()
        assert "run-1 was interrupted" in site("run")
        assert "sound" in site("store", "check")
    assert (site.folder / "directory.ldif").read_text().count("dn: uid=") == 3000
