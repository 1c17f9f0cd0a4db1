"""Steps of different systems that one machine carries out at the same time, in processes that the run starts."""

import os
import random
import signal
import socket
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.children import children_of
from tests.integration.test_at_once import SYSTEMS, Office, config_of, overlap, spans
from tests.integration.test_at_once import workers as elsewhere
from tests.waiting import until

on_both = pytest.mark.usefixtures("either_store")
SLOW = 'rate = "10/s"'
"""So that an export still goes on when a process that was started with the run has come up."""
HERE = socket.gethostname()
"""What the runs of these tests call their machine."""


def _config(workers: int | str, more: str = "", *, at_once: bool = True) -> str:
    quoted = f'"{workers}"' if isinstance(workers, str) else workers
    return config_of(at_once=at_once, more=more, reached_by_workers=False) + f"\n[engine]\nworkers = {quoted}\n"


def _workers_of(run: int) -> list[int]:
    """Give the processes that a run has started for its steps."""
    return children_of(run, "local_worker")


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


def _await_end(processes: list[int]) -> None:
    until(lambda: not any(map(_is_there, processes)))


def _exporting_both(office: Office) -> "subprocess.Popen[bytes]":
    """Start a run, and give it once both targets are being written to."""
    run = office.start("run", "nightly")
    going_on = "SELECT 1 FROM steps WHERE phase = 'export' AND result IS NULL AND done > 0"
    until(lambda: len(_asked(office, going_on)) == 2)
    return run


def _asked(office: Office, query: str) -> list[Any]:
    """Ask the store, which there may not be yet."""
    if office.database is None:
        has_begun = (office.folder / "interlock.db").exists() and office.query(_HAS_STEPS)
        return office.query(query) if has_begun else []
    return office.glance(query)


_HAS_STEPS = "SELECT 1 FROM sqlite_master WHERE name = 'steps'"


@on_both
def test_what_comes_at_once_is_what_comes_one_by_one(tmp_path: Path) -> None:
    found = []
    for workers in (1, 3):
        office = Office(tmp_path / f"ws-{workers}", _config(workers))
        for many, badge in ((60, "b"), (57, "c"), (59, "c")):
            office.people(many, badge)
            office("run", "nightly", status=None)
            office("run", "nightly", status=None)
        found.append(office.came_of_it())
        assert len(office.query("SELECT 1 FROM objects WHERE system = 'north' AND status = 'Normal'")) >= 50
        assert office.json("status")["workers"] == []
    for one, other in zip(*found, strict=True):
        assert one == other


def test_two_targets_are_written_to_at_the_same_time(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config(2, SLOW))
    run = _exporting_both(office)
    workers = _workers_of(run.pid)
    assert [one["name"] for one in office.json("status")["workers"]] == [f"{HERE}/1"]
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert len(workers) == 1
    assert not _is_there(workers[0])
    took = spans(office)
    assert overlap(took["export north"], took["export south"])
    assert took["import hr"][1] <= took["sync"][0]
    assert took["export north"][1] <= took["confirm north"][0]


@pytest.mark.parametrize(("workers", "at_once"), [(1, True), (4, False)])
def test_one_step_goes_on_where_no_more_are_wanted(tmp_path: Path, workers: int, at_once: bool) -> None:
    office = Office(tmp_path / "ws", _config(workers, at_once=at_once))
    office("run", "nightly")
    took = sorted(spans(office).values())
    assert not any(overlap(one, other) for one, other in pairwise(took))


def test_there_are_as_many_as_there_are_cores(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config("auto", SLOW))
    cores = len(os.sched_getaffinity(0))
    run = office.start("run", "nightly")
    most = 0
    while run.poll() is None:
        most = max(most, len(_workers_of(run.pid)))
        time.sleep(0.05)
    run.communicate()
    assert most == min(cores - 1, 3), "of four systems the run itself has one"
    office.configure((office.folder / "interlock.toml").read_text().replace('"auto"', "0"))
    assert "engine.workers" in office("check", status=2)


def test_a_run_does_what_nobody_else_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("engine.runs.local_workers._started", cannot)
    office = Office(tmp_path / "ws", _config(4))
    office("run", "nightly")
    assert office.json("exports") == []
    assert len(office.query("SELECT 1 FROM objects WHERE system IN ('north', 'south') AND status = 'Normal'")) == 120


def test_a_worker_that_dies_is_told_and_the_next_run_goes_on(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config(2, SLOW))
    run = _exporting_both(office)
    os.kill(_workers_of(run.pid)[0], signal.SIGKILL)
    out, _ = run.communicate(timeout=60)
    assert run.returncode not in (0, None)
    assert f"worker '{HERE}/1' died" in out.decode()
    assert office.json("status")["workers"] == []
    office("run", "nightly")
    assert office.stands() == _undisturbed(tmp_path / "undisturbed")


def test_where_the_run_dies_its_workers_end_at_their_next_page(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config(2, SLOW))
    run = _exporting_both(office)
    workers = _workers_of(run.pid)
    assert workers
    run.kill()
    run.communicate()
    _await_end(workers)
    office("run", "nightly")
    assert office.stands() == _undisturbed(tmp_path / "undisturbed")


def test_a_stop_is_for_all_of_them(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config(2, SLOW))
    run = _exporting_both(office)
    office("stop")
    run.communicate(timeout=60)
    assert run.returncode == 5
    assert {one["result"] for name, one in office.steps().items() if name.startswith("export")} == {
        "stopped-by-operator"
    }
    office("run", "nightly")
    assert office.stands() == _undisturbed(tmp_path / "undisturbed")


@on_both
@pytest.mark.parametrize("seed", range(2))
def test_kills_at_any_moment_lose_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    office = Office(tmp_path / "ws", _config(3))
    for _ in range(4):
        run = office.start("run", "nightly")
        time.sleep(chance.uniform(0.8, 3.0))
        workers = _workers_of(run.pid)
        victim = chance.choice([run.pid, *workers])
        os.kill(victim, signal.SIGKILL)
        run.communicate(timeout=60)
        _await_end(workers)
    office("run", "nightly", status=None)
    office("run", "nightly")
    assert office.stands() == _undisturbed(tmp_path / "undisturbed")


def test_a_plan_starts_nobody_and_writes_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path / "ws", _config(4))
    before = {name: (office.folder / f"{name}.ldif").read_bytes() for name in SYSTEMS[1:]}
    plan = office.start("plan", "nightly")
    started = set[int]()
    while plan.poll() is None:
        started |= set(_workers_of(plan.pid))
        time.sleep(0.01)
    out, _ = plan.communicate()
    assert plan.returncode == 0, out.decode()
    assert "60" in out.decode()
    assert started == set()
    assert {name: (office.folder / f"{name}.ldif").read_bytes() for name in SYSTEMS[1:]} == before


def _undisturbed(folder: Path) -> list[Any]:
    """Give what systems and store hold where nobody was killed, and one step followed the other."""
    office = Office(folder, _config(1))
    office("run", "nightly")
    return office.stands()


def test_workers_elsewhere_and_here_go_on_together(tmp_path: Path) -> None:
    config = config_of(at_once=True, more=SLOW) + "\n[engine]\nworkers = 2\n"
    for name in SYSTEMS[1:]:
        config = config.replace(f'runs_on = ["of-{name}"]\n', "")
    office = Office(tmp_path / "ws", config)
    with elsewhere(office, "badges") as there:
        run = _exporting_both(office)
        assert len(_workers_of(run.pid)) == 1
        run.communicate(timeout=60)
        assert run.returncode == 0
        assert ("step-finished", "import") in there["badges"].events()
    took = spans(office)
    assert overlap(took["export north"], took["export south"])
    assert office.stands() == _undisturbed(tmp_path / "undisturbed")
