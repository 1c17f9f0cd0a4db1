"""A worker sleeps past its time, on another machine or on this one, and wakes up late: it sends and writes nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.runs import offering
from storage import lease
from tests import stores
from tests.directory import accounts
from tests.inside import Inside
from tests.slapd import PASSWORD, SUFFIX, Slapd
from tests.sleeping import STALE_SECONDS
from tests.workspace import INTERLOCK

ROOT = Path(__file__).parents[2]
DN = "uid={{ id | rdn }},ou=people," + SUFFIX
MAPPED = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
ELSEWHERE = ["unshare", *MAPPED, "--uts", "sh", "-c", 'hostname dmz; exec "$@"', "sh"]
"""What gives a process a host name of its own, so that nobody here can look at it."""
BATCH = 4


@pytest.fixture
def office(server: Slapd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")  # machines share no file
    monkeypatch.setattr(lease, "STALE_SECONDS", STALE_SECONDS)
    monkeypatch.setattr(lease, "HEARTBEAT_SECONDS", 0.5)
    more = 'runs_on = ["dmz-1", "dmz-2"]'
    site = Inside(tmp_path / "ws", accounts(server, dn=DN, flow={}, system=more))
    config = (site.folder / "interlock.toml").read_text()
    site.configure(f"{config}\n[systems.directory.exports]\nbatch_size = {BATCH}\n")
    site.csv("hr.csv", [{"id": f"p{one}"} for one in range(5 * BATCH)])
    site("status")
    return site


@contextmanager
def _working(
    office: Inside, name: str, *command: str, where: Sequence[str] = ELSEWHERE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker until the test is done with it."""
    env = {**office.env, "DIRECTORY_PASSWORD": PASSWORD, "PYTHONPATH": str(ROOT)}
    with (office.folder.parent / f"{name}.log").open("wb") as log:
        words = [*where, sys.executable, "-P", "-m", *command, "worker", "--name", name]
        process = subprocess.Popen(words, cwd=office.folder, env=env, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while not any(one["name"] == name for one in office.json("status")["workers"]):
            assert process.poll() is None, _told(office, name)
            assert time.monotonic() < end, _told(office, name)
            time.sleep(0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(60)


def _told(office: Inside, name: str) -> str:
    return (office.folder.parent / f"{name}.log").read_text()


def _state(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def _wake(process: subprocess.Popen[bytes], office: Inside, name: str) -> None:
    """Wake a worker, and wait until it has understood that its step is over, and looks for the next."""
    process.send_signal(signal.SIGCONT)
    end = time.monotonic() + 30
    before = next(one["heard_of"] for one in office.json("status")["workers"] if one["name"] == name)
    while next(one["heard_of"] for one in office.json("status")["workers"] if one["name"] == name) <= before:
        assert process.poll() is None, _told(office, name)
        assert time.monotonic() < end, _told(office, name)
        time.sleep(0.05)
    time.sleep(2 * lease.HEARTBEAT_SECONDS)


def _kept(office: Inside) -> list[object]:
    return [
        office.query("SELECT id, phase, result, done, message FROM steps ORDER BY id"),
        office.query("SELECT id, status, attempts FROM pending_exports ORDER BY id"),
        office.query("SELECT count(*) FROM transitions"),
        office.query("SELECT secondary_id, status FROM objects ORDER BY id"),
    ]


@pytest.mark.parametrize(
    ("where", "seems"), [(ELSEWHERE, "died"), ((), "does not answer")], ids=["elsewhere", "on the run's own machine"]
)
def test_a_worker_that_wakes_up_late_sends_and_writes_nothing(
    office: Inside, server: Slapd, where: Sequence[str], seems: str
) -> None:
    with _working(office, "dmz-1", "tests.sleeping", "3", where=where) as sleeper:
        said = office("run", status=5)
        assert _state(sleeper) == "T"
        assert f"worker 'dmz-1' {seems}, last heard of" in said
        assert f"{seems}: last heard of" in office("status")
        assert f"with {BATCH:,} objects done" in said
        assert len(server.people()) == 2 * BATCH
        kept = _kept(office)
        _wake(sleeper, office, "dmz-1")
        assert len(server.people()) == 2 * BATCH, "what was marked to be sent before it slept is not sent behind it"
        assert _kept(office) == kept
        office("run")  # the one that slept is as good as any other by now
        assert len(server.people()) == 5 * BATCH
        assert office.json("exports") == []


def test_a_stop_does_not_wait_for_a_worker_that_hangs(
    office: Inside, server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "STALE_SECONDS", 3600)
    monkeypatch.setattr(offering, "ANSWER_SECONDS", 1.0)
    with _working(office, "dmz-1", "tests.sleeping", "3", where=()) as sleeper:

        def stop_once_it_hangs() -> None:
            while _state(sleeper) != "T":
                time.sleep(0.05)
            subprocess.run([*INTERLOCK, "stop"], cwd=office.folder, env=office.env, check=True)

        stopping = threading.Thread(target=stop_once_it_hangs)
        stopping.start()
        said = office("run", status=5)
        stopping.join()
        assert "stopped by tester; worker 'dmz-1' does not answer, last heard of" in said
        kept = _kept(office)
        _wake(sleeper, office, "dmz-1")
        assert _kept(office) == kept
        assert len(server.people()) == 2 * BATCH


def test_what_it_slept_over_is_done_by_another(office: Inside, server: Slapd) -> None:
    with _working(office, "dmz-1", "tests.sleeping", "2") as sleeper:
        office("run", status=5)
        with _working(office, "dmz-2", "tests.sleeping", "0"):
            office("run")
            assert len(server.people()) == 5 * BATCH
            kept, entries = _kept(office), server.search()
            _wake(sleeper, office, "dmz-1")
            assert _kept(office) == kept
            assert server.search() == entries
