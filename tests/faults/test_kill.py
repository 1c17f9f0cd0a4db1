"""Kill the run at many random moments; what comes out equals a run that was never killed."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import preloaded, stores
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.workspace import Workspace
from tui.demo.people import next_day, people
from tui.demo.workspace import LiveDirectory, make_workspace

SMALL_PAGES = '\n[run]\npage_size = 25\n\n[systems.directory.exports]\nbatch_size = 10\nretry_delay = "0s"\n'
PHASES = ("import", "sync", "evaluate", "export", "confirm")
KILLS_IN_EACH = 4

Entries = dict[str, dict[str, list[str]]]
Read = Callable[[], Entries]


class Site(Workspace):
    """A workspace with many small pages, and a way to read what its target holds."""

    def __init__(self, folder: Path, live: LiveDirectory | None, read: Read | None) -> None:
        self.rows = list(people(150))
        config = make_workspace(folder, self.rows, live, demo=False).read_text() + SMALL_PAGES
        super().__init__(folder, config, {"DIRECTORY_PASSWORD": PASSWORD})
        self._read = read

    def entries(self) -> Entries:
        """Give the target's entries without what differs from server to server."""
        found = self._read() if self._read else _read_ldif(self.folder / "directory.ldif")
        return {
            dn: {name: sorted(values) for name, values in entry.items() if name != "entryUUID"}
            for dn, entry in found.items()
        }

    def state(self) -> dict[str, Any]:
        """Give what the store knows, without ids and times."""
        objects = self.query(
            "SELECT system, type, status, secondary_id, json_remove(attributes, '$.entryUUID'), mvo_id IS NULL"
            " FROM objects"
        )
        metaverse = self.query("SELECT type, attributes, deleted, due FROM metaverse")
        return {
            "objects": sorted(objects, key=repr),
            "metaverse": sorted(metaverse, key=repr),
            "exports": self.query("SELECT count(*) FROM pending_exports"),
            "due": self.query("SELECT count(*) FROM objects WHERE due = 1"),
            "reviews": sorted(self.query("SELECT kind, label, state FROM review_items")),
        }


def _read_ldif(path: Path) -> Entries:
    from engine.connectors.ldif.format import read_entries

    with path.open("rb") as file:
        return {
            entry.dn: {
                entry.spelling[name]: [value.decode() for value in found] for name, found in entry.attributes.items()
            }
            for entry in read_entries(file)
        }


@pytest.fixture(params=["ldif", "slapd", "ldif, the store on postgresql"])
def make_site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Site]]:
    servers: list[Slapd] = []
    if "postgresql" in request.param:
        monkeypatch.setenv(stores.VARIABLE, "postgresql")

    def make(name: str) -> Site:
        if request.param != "slapd":
            return Site(tmp_path / name, None, None)
        server = Slapd(tmp_path / f"slapd-{name}").start()
        servers.append(server)
        server.add(BASE)
        live = LiveDirectory(server.url, SUFFIX, ADMIN, "DIRECTORY_PASSWORD")
        return Site(tmp_path / name, live, server.search)

    yield make
    for server in servers:
        server.stop()


def _open_phase(site: Site) -> str | None:
    try:
        found = site.glance("SELECT phase FROM steps WHERE result IS NULL ORDER BY id DESC LIMIT 1")
    except sqlite3.OperationalError:  # the store is not there yet
        return None
    return found[0][0] if found else None


def _kill_in(site: Site, phase: str, delay: float) -> bool:
    """Start a run and kill it some time after a phase has begun; tell whether it was still running."""
    with preloaded.running(["run"], cwd=site.folder, env=site.env) as run:
        while run.goes_on() and _open_phase(site) != phase:
            time.sleep(0.002)
        time.sleep(delay)
        return run.goes_on()


def _run_with_kills(site: Site, chance: random.Random) -> dict[str, int]:
    """Run the whole cycle, killed several times in each phase, until it comes through; count the hits."""
    hits = dict.fromkeys(PHASES, 0)
    for phase in PHASES:
        longest = 0.12
        for _ in range(KILLS_IN_EACH):
            hit = _kill_in(site, phase, chance.uniform(0, longest))
            hits[phase] += hit
            longest *= 1 if hit else 0.5  # it came too late
    site("run")
    site("run")
    return hits


def test_a_run_killed_at_any_moment_ends_as_one_that_was_never_killed(
    make_site: Callable[[str], Site], pytestconfig: pytest.Config
) -> None:
    chance = random.Random(11)
    calm, killed = make_site("calm"), make_site("killed")
    for rows in (calm.rows, next_day(calm.rows)):
        for site in (calm, killed):
            site.csv("hr.csv", rows)
        calm("run")
        calm("run")
        hits = _run_with_kills(killed, chance)
        assert all(hits[phase] for phase in ("import", "export", "confirm")), hits
        assert killed.entries() == calm.entries()
        assert killed.state() == calm.state()
    people_found = [entry for entry in killed.entries().values() if "employeeNumber" in entry]
    numbers = [entry["employeeNumber"][0] for entry in people_found]
    assert len(numbers) == len(set(numbers)) == len(calm.rows) + 12
    interrupted = killed.query("SELECT count(*) FROM runs WHERE result = 'interrupted'")[0][0]
    assert interrupted >= len(PHASES)
