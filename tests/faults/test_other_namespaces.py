"""Two containers, one folder: same host name, other process ids; a run in the other one lives while its heart beats."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inside import Inside
from tests.workspace import INTERLOCK
from tui.demo.people import people
from tui.demo.workspace import make_workspace

CONTAINERS = {
    "its own /proc": ["unshare", "-p", "-f", "--kill-child", "--mount-proc"],
    "somebody else's /proc": ["unshare", "-p", "-f", "--kill-child"],
}


@pytest.fixture
def site(tmp_path: Path) -> Inside:
    """Enough pages for a run of some seconds."""
    config = make_workspace(tmp_path / "site", people(600), demo=False).read_text()
    return Inside(tmp_path / "site", config + "\n[run]\npage_size = 10\n")


@pytest.fixture(params=list(CONTAINERS))
def elsewhere(site: Inside, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A run in another PID namespace of the same machine, in the middle of its work."""
    command = [*CONTAINERS[request.param], *INTERLOCK, "run"]
    nowhere = subprocess.DEVNULL
    run = subprocess.Popen(command, cwd=site.folder, env=site.env, stdout=nowhere, stderr=nowhere)
    while not _leased(site):
        assert run.poll() is None
    yield run
    run.kill()
    run.wait()


def _leased(site: Inside) -> bool:
    try:
        return bool(site.query("SELECT 1 FROM lease"))
    except sqlite3.OperationalError:
        return False


def test_a_run_in_another_namespace_is_not_taken_over(site: Inside, elsewhere: subprocess.Popen[bytes]) -> None:
    assert "run 1 is going on" in site("run", status=4)
    assert site("stop").startswith("run-1 stops")
    assert elsewhere.wait(60) == 5
    assert site.query("SELECT id, result FROM runs") == [(1, "stopped-by-operator")]
    assert site("step", "evaluate")


def test_it_is_dead_when_its_heart_has_stopped(site: Inside, elsewhere: subprocess.Popen[bytes]) -> None:
    os.kill(elsewhere.pid, signal.SIGKILL)
    elsewhere.wait()
    assert "run 1 is going on" in site("step", "evaluate", status=4)
    site.shift = "61s"
    assert "run-1 was interrupted" in site("step", "evaluate")


def test_one_that_shares_our_namespace_is_dead_at_once(site: Inside) -> None:
    run = subprocess.Popen([*INTERLOCK, "run"], cwd=site.folder, env=site.env, stdout=subprocess.DEVNULL)
    while not _leased(site):
        assert run.poll() is None
    run.kill()
    run.wait()
    assert "run-1 was interrupted" in site("step", "evaluate")
