"""Workers, runs, and both, are killed at random instants, while systems go on at once: nothing is lost or doubled.

A hundred times with each store; `KILLS=1000 pytest tests/faults/test_kill_workers.py` for a soak, with `PATIENCE=300`
on a busy machine.
"""

import os
import random
import time
from pathlib import Path

import pytest

from tests import preloaded
from tests.integration.test_at_once import SYSTEMS, Office, config_of

KILLS = int(os.environ.get("KILLS", "100"))
KILLS_A_DAY = 5
PATIENCE = float(os.environ.get("PATIENCE", "60"))
"""How many seconds a run may take; more where the machine has much else to do."""
RATE = 'rate = "60/s"'
"""Sent so slowly that most kills come while something is going on."""


class Crew:
    """The workers of an office: one for each system, started anew where it has died, as a service is."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._workers: dict[str, preloaded.Running] = {}

    def there(self) -> None:
        """See to it that all are there."""
        for name in SYSTEMS:
            if name not in self._workers or not self._workers[name].goes_on():
                arguments = ["worker", "--name", f"of-{name}"]
                self._workers[name] = preloaded.start(arguments, cwd=self._office.folder, env=self._office.env)
        end = time.monotonic() + PATIENCE
        while sum(one["alive"] for one in self._office.json("status")["workers"]) < len(SYSTEMS):
            assert time.monotonic() < end
            assert all(worker.goes_on() for worker in self._workers.values()), "a worker is refused"
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """Kill one."""
        self._workers[name].kill()

    def dismiss(self) -> None:
        """End all."""
        for worker in self._workers.values():
            worker.kill()


def _strike(office: Office, crew: Crew, chance: random.Random) -> None:
    """Begin a run, and kill a worker, the run, or both, some time later; wait until whoever is left is done."""
    run = preloaded.start(["run", "nightly"], cwd=office.folder, env=office.env)
    time.sleep(chance.uniform(0, 1))
    victims = chance.choice(["worker", "run", "both"])
    if victims != "run":
        crew.kill(chance.choice(SYSTEMS))
    if victims != "worker":
        run.kill()
    crew.there()
    run.status()


def _come_through(office: Office) -> None:
    """Run until a run is not refused because a worker still carries something out, and leaves nothing undone."""
    end = time.monotonic() + PATIENCE
    while "still carries out" in office("run", "nightly", status=None):
        assert time.monotonic() < end
        office("stop", status=None)
    office("run", "nightly", status=None)
    office("run", "nightly", status=None)


def _days() -> list[tuple[int, str]]:
    """Give for each day how many people there are, and what their badges begin with."""
    return [(60 - day % 4, f"b{day}-") for day in range(max(KILLS // KILLS_A_DAY, 1))]


@pytest.mark.usefixtures("either_store")
def test_whoever_is_killed_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(7)
    calm = Office(tmp_path / "calm", config_of(at_once=False, reached_by_workers=False))
    struck = Office(tmp_path / "struck", config_of(at_once=True, more=RATE))
    crew = Crew(struck)
    try:
        for many, badge in _days():
            for office in (calm, struck):
                office.people(many, badge)
            calm("run", "nightly", status=None)
            calm("run", "nightly", status=None)
            crew.there()
            for _ in range(KILLS_A_DAY):
                _strike(struck, crew, chance)
            _come_through(struck)
            assert struck.stands() == calm.stands()
    finally:
        crew.dismiss()
    interrupted = struck.query("SELECT count(*) FROM runs WHERE result = 'interrupted'")[0][0]
    assert interrupted >= KILLS // 4, "most kills came while something was going on"
    assert "sound" in struck("store", "check")
