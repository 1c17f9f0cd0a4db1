"""Systems one after the other, and at once by a worker each: `scripts/bench workers [SIZE]`.

Two sources and two targets, in files, with the store on a PostgreSQL server of this machine: what the workers share are
its cores, the server, and the one turn to write.
"""

import os
import tempfile
import time
from pathlib import Path

from storage.clock import seconds_between
from tests import stores
from tests.integration.test_at_once import SYSTEMS, Office, config_of, workers


def measure(arguments: list[str]) -> None:
    """Let the same nights pass in turns, one by one and at once, and print what each stage took."""
    size = int(arguments[0]) if arguments else 10_000
    os.environ[stores.VARIABLE] = "postgresql"
    with tempfile.TemporaryDirectory() as folder:
        offices = {
            way: Office(Path(folder) / way, _large(config_of(at_once=way == "at once")))
            for way in ("one by one", "at once")
        }
        print(f"{size:,} people in two sources, accounts for them in two targets; seconds of wall time")
        for way, office in offices.items():
            office.people(size)
            with workers(office, *SYSTEMS):
                began = time.perf_counter()
                office("run", "nightly")
                whole = time.perf_counter() - began
            stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in _stages(office).items())
            print(f"{way:<12} {whole:6.1f}   {stages}", flush=True)


def _large(config: str) -> str:
    return config.replace("page_size = 10", "page_size = 5000")


def _stages(office: Office) -> dict[str, float]:
    """Give how long each stage took, from the begin of its first step to the end of its last."""
    rows = office.query("SELECT phase, started_at, ended_at FROM steps ORDER BY position")
    middle = next(place for place, (phase, *_) in enumerate(rows) if phase == "sync")
    stages = {"import": rows[:middle], "sync": rows[middle : middle + 1], "evaluate": rows[middle + 1 : middle + 2]}
    stages["export"] = rows[middle + 2 :]
    return {
        name: seconds_between(min(began for _, began, _ in steps), max(ended for *_, ended in steps))
        for name, steps in stages.items()
    }
