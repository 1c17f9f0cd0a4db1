"""Workers, runs, and both, are killed at random instants, while systems go on at once: nothing is lost or doubled.

`KILLS=200 pytest tests/faults/test_kill_workers.py` for a soak (some three seconds for each); with `PATIENCE=300` on a
busy machine.
"""

import os
import random
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.test_at_once import SLOW, SYSTEMS, Office, config_of
from tests.integration.test_workers import Worker

KILLS = int(os.environ.get("KILLS", "6"))
PATIENCE = float(os.environ.get("PATIENCE", "60"))
"""How many seconds a run may take; more where the machine has much else to do."""


class Crew:
    """The workers of an office: one for each system, started anew where it has died, as a service is."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._workers: dict[str, Worker] = {}

    def there(self) -> None:
        """See to it that all are there."""
        for name in SYSTEMS:
            if name not in self._workers or self._workers[name].process.poll() is not None:
                self._workers[name] = Worker(self._office, f"of-{name}")
        for worker in self._workers.values():
            worker.there(self._office)

    def kill(self, name: str) -> None:
        """Kill one."""
        self._workers[name].process.kill()
        self._workers[name].process.wait()

    def dismiss(self) -> None:
        """End all."""
        for worker in self._workers.values():
            worker.process.kill()
            worker.process.wait()


def _strike(office: Office, crew: Crew, chance: random.Random) -> None:
    """Begin a run, and kill a worker, the run, or both, some time later; wait until whoever is left is done."""
    run = office.start("run", "nightly")
    time.sleep(chance.uniform(0.6, 3.0))
    victims = chance.choice(["worker", "run", "both"])
    if victims != "run":
        crew.kill(chance.choice(SYSTEMS))
    if victims != "worker":
        run.kill()
    with suppress(subprocess.TimeoutExpired):
        run.communicate(timeout=PATIENCE)
    assert run.returncode is not None, "the run waits for a worker that is dead"


def _come_through(office: Office, crew: Crew) -> None:
    """Run until a run is not refused because a worker still carries something out, and leaves nothing undone."""
    crew.there()
    end = time.monotonic() + PATIENCE
    while "still carries out" in office("run", "nightly", status=None):
        assert time.monotonic() < end
        office("stop", status=None)
    office("run", "nightly", status=None)
    office("run", "nightly", status=None)


@pytest.mark.usefixtures("either_store")
def test_whoever_is_killed_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(7)
    slow = SLOW.replace("25/s", "60/s")
    calm, struck = (Office(tmp_path / name, config_of(at_once=True, more=slow)) for name in ("calm", "struck"))
    days = [(60, "b"), (57, "c"), (59, "d")]
    with_workers = Crew(calm), Crew(struck)
    try:
        for many, badge in days:
            for office in (calm, struck):
                office.people(many, badge)
            with_workers[0].there()
            calm("run", "nightly", status=None)
            calm("run", "nightly", status=None)
            for _ in range(KILLS // len(days)):
                with_workers[1].there()
                _strike(struck, with_workers[1], chance)
            _come_through(struck, with_workers[1])
            assert struck.stands() == calm.stands()
    finally:
        for crew in with_workers:
            crew.dismiss()
    interrupted = struck.query("SELECT count(*) FROM runs WHERE result = 'interrupted'")[0][0]
    assert interrupted >= KILLS // 4, "most kills came while something was going on"
    assert "sound" in struck("store", "check")
