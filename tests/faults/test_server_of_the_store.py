"""The server of the store crashes in every phase of a run: the run says so, and the next ones mend it."""

import random
import time
from pathlib import Path

import psycopg
import pytest

from tests import preloaded, stores
from tests.faults.test_kill import PHASES, Site
from tui.demo.people import next_day

LOST = 5
"""The exit status of a run that was interrupted."""


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, Site]:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    return Site(tmp_path / "calm", None, None), Site(tmp_path / "struck", None, None)


def phase_of(site: Site) -> str | None:
    """Give the phase that a run is in; None while the server does not answer, either."""
    try:
        found = site.glance("SELECT phase FROM steps WHERE result IS NULL ORDER BY id DESC LIMIT 1")
    except psycopg.OperationalError:
        return None
    return found[0][0] if found else None


def _crash_in(site: Site, phase: str, delay: float) -> bool:
    """Start a run, and let the server crash some time after a phase has begun; tell whether the run met it."""
    with preloaded.running(["run"], cwd=site.folder, env=site.env) as run:
        while run.goes_on() and phase_of(site) != phase:
            time.sleep(0.002)
        time.sleep(delay)
        met = run.goes_on()
        stores.server().crash()
        status = run.status()
    assert status in (0, 1, 4, LOST)  # 4: it had not begun
    return met and status == LOST


def test_a_server_that_crashes_loses_and_doubles_nothing(sites: tuple[Site, Site]) -> None:
    chance = random.Random(5)
    calm, struck = sites
    for rows in (calm.rows, next_day(calm.rows)):
        for site in sites:
            site.csv("hr.csv", rows)
        calm("run")
        calm("run")
        met = [_crash_in(struck, phase, chance.uniform(0, 0.05)) for phase in PHASES]
        assert sum(met) >= 3, met
        struck("run")
        struck("run")
        assert struck.entries() == calm.entries()
        assert struck.state() == calm.state()
    assert "sound" in struck("store", "check")
