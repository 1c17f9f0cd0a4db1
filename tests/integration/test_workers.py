"""Systems that only one machine can reach: their steps are carried out by a worker there, wherever it begins."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from storage import clock
from tests import stores
from tests.directory import accounts
from tests.inside import Inside
from tests.slapd import PASSWORD, SUFFIX, Slapd
from tests.workspace import INTERLOCK

on_both = pytest.mark.usefixtures("either_store")
DN = "uid={{ id | rdn }},ou=people," + SUFFIX
RUNS_ON = 'runs_on = ["dmz-1", "dmz-2"]'


@pytest.fixture
def office(server: Slapd, tmp_path: Path) -> Inside:
    """An office that knows no password of the directory."""
    site = Inside(tmp_path / "ws", accounts(server, dn=DN, flow={}, system=RUNS_ON))
    site.csv("hr.csv", [{"id": f"p{one}"} for one in range(5)])
    return site


class Worker:
    """A worker's process, which alone knows the password."""

    def __init__(self, office: Inside, name: str, **more: str) -> None:
        self.name = name
        self.log = office.folder.parent / f"{name}.log"
        env = {**office.env, "DIRECTORY_PASSWORD": PASSWORD, **more}
        with self.log.open("wb") as log:
            command = [*INTERLOCK, "worker", "--name", name, "--log-format", "json"]
            self.process = subprocess.Popen(command, cwd=office.folder, env=env, stderr=log, stdout=log)

    def there(self, office: Inside) -> "Worker":
        """Wait until it is there."""
        end = time.monotonic() + 60
        while not any(one["name"] == self.name and one["alive"] for one in office.json("status")["workers"]):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        return self

    def events(self) -> list[tuple[str, str]]:
        """Give what it has logged: events with their phases."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [(one["event"], one.get("phase", "")) for one in lines]


@contextmanager
def working(office: Inside, name: str = "dmz-1", **more: str) -> Iterator[Worker]:
    worker = Worker(office, name, **more)
    try:
        yield worker.there(office)
    finally:
        if worker.process.poll() is None:
            worker.process.terminate()
        worker.process.wait(60)


@on_both
def test_the_steps_of_a_system_are_carried_out_where_it_is_reached(office: Inside, server: Slapd) -> None:
    with working(office) as worker:
        office("run")
        assert len(server.people()) == 5
        steps = office.steps()
        assert {one["result"] for one in steps.values()} == {"success", "completed-no-objects"}
        assert steps["export directory"]["done"] == 5
        done = [phase for event, phase in worker.events() if event == "step-finished"]
        assert done == ["import", "detect", "export", "confirm", "detect"]
        office("run")
        assert office.json("exports") == []
        (told,) = office.json("status")["workers"]
        assert (told["name"], told["alive"]) == ("dmz-1", True)
        assert f"reached by 'dmz-1' on {os.uname().nodename}" in office("check")
    assert worker.process.returncode == 0
    assert office.json("status")["workers"] == []


def test_errors_of_objects_are_the_runs(office: Inside, server: Slapd) -> None:
    server.add(f"dn: uid=p1,ou=people,{SUFFIX}\nobjectClass: account\nuid: p1\n")
    with working(office):
        assert "existing-object" in office("run", status=1)
        assert [one["code"] for one in office.errors()] == ["existing-object"]


def test_without_a_worker_the_run_says_which_is_missing(
    office: Inside, server: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runs.offering.PATIENCE_SECONDS", 1)
    said = office("run", status=4)
    names = "worker 'dmz-1' or 'dmz-2'"
    assert f"'directory' is reached by {names} alone, and no {names} is there" in said
    assert "start 'interlock worker --name dmz-1' where it can be reached" in said
    assert "none of its workers (dmz-1, dmz-2) is there" in office("check", status=4)
    with working(office, "dmz-2"):
        office("run")
    assert len(server.people()) == 5


@on_both
def test_a_worker_of_another_configuration_is_refused(office: Inside, tmp_path: Path) -> None:
    text = (office.folder / "interlock.toml").read_text()
    other = Inside(tmp_path / "other", text)
    place = "" if "[store]" in text else f'[store]\npath = "{office.folder}/interlock.db"\n'
    (other.folder / "interlock.toml").write_text(f"{text}\n[run]\npage_size = 7\n{place}")
    office("status")
    with working(other):
        said = office("run", status=4)
    assert "worker 'dmz-1' has another configuration than the run: give both the same files" in said


def test_a_name_is_one_workers(office: Inside) -> None:
    with working(office):
        said = office("worker", "--name", "dmz-1", status=4)
        assert "worker 'dmz-1' is there already" in said
    assert "no system runs on worker 'nobody'" in office("worker", "--name", "nobody", status=2)


def test_whoever_is_the_worker_needs_no_other(office: Inside, server: Slapd) -> None:
    office.env |= {"DIRECTORY_PASSWORD": PASSWORD, "INTERLOCK_WORKER": "dmz-2"}
    office("run")
    assert len(server.people()) == 5


@on_both
@pytest.mark.parametrize("phase", ["export", "confirm"])
def test_a_worker_that_dies_is_named_and_nothing_is_lost(office: Inside, server: Slapd, phase: str) -> None:
    office.csv("hr.csv", [{"id": f"p{one}"} for one in range(120)])
    slow = (office.folder / "interlock.toml").read_text().replace(RUNS_ON, f'{RUNS_ON}\nrate = "40/s"')
    office.configure(slow + "\n[run]\npage_size = 10\n")
    with working(office) as worker:
        run = office.start("run")
        end = time.monotonic() + 60
        while ("step-started", phase) not in worker.events():
            assert time.monotonic() < end, worker.log.read_text()
            time.sleep(0.002)
        worker.process.send_signal(signal.SIGKILL)
        out, _ = run.communicate(timeout=90)
    finished = ("step-finished", phase) in worker.events()
    assert phase == "confirm" or not finished, "an export of three seconds was killed as it began"
    if not finished:
        assert run.returncode == 5, out.decode()
        assert "worker 'dmz-1' died" in out.decode()
    with working(office, "dmz-2"):
        office("run", status=None)
        office("run")
    assert len(server.people()) == 120
    assert office.json("exports") == []
    creates = office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND type = 'person'")
    assert creates == [(120,)]


@on_both
def test_a_run_that_dies_leaves_its_worker_nothing_to_write(office: Inside, server: Slapd) -> None:
    office.csv("hr.csv", [{"id": f"p{one}"} for one in range(120)])
    slow = (office.folder / "interlock.toml").read_text().replace(RUNS_ON, f'{RUNS_ON}\nrate = "30/s"')
    office.configure(slow + "\n[run]\npage_size = 10\n")
    with working(office) as worker:
        run = office.start("run")
        end = time.monotonic() + 60
        while ("step-started", "export") not in worker.events():
            assert time.monotonic() < end
            time.sleep(0.002)
        run.kill()
        run.communicate()
        said = office("run", status=4)
        assert "the process of run 1 has died, and worker 'dmz-1' still carries out a step of it" in said
        office("stop")  # which reaches the worker, though nobody waits for it any more
        end = time.monotonic() + 60
        while "still carries out" in office("run", status=None):
            assert time.monotonic() < end
        office("run")
        assert len(server.people()) == 120
        assert office.json("exports") == []
        results = {one["result"] for one in office.json("runs")}
        assert results <= {"success", "interrupted", "completed-warnings"}, results


def test_a_worker_waits_for_a_server_that_is_away(
    office: Inside, server: Slapd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    site = Inside(tmp_path / "there", (office.folder / "interlock.toml").read_text())
    site.csv("hr.csv", [{"id": f"p{one}"} for one in range(5)])
    with working(site) as worker:
        stores.server().crash()
        end = time.monotonic() + 60
        while ("message", "") not in worker.events():
            assert worker.process.poll() is None, worker.log.read_text()
            assert time.monotonic() < end, worker.log.read_text()
            time.sleep(0.05)
        assert "tries again every 5 s" in worker.log.read_text()
        site("run")
        assert len(server.people()) == 5


def test_machines_whose_clocks_differ_do_not_share_a_store(
    office: Inside, server: Slapd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(stores.VARIABLE, "postgresql")
    site = Inside(tmp_path / "there", (office.folder / "interlock.toml").read_text())
    site.csv("hr.csv", [{"id": "p0"}])
    site.env |= {"INTERLOCK_WORKER": "dmz-1", "DIRECTORY_PASSWORD": PASSWORD}
    real = clock.of_this_machine
    for minutes, way in ((5, "300 s ahead of"), (-5, "300 s behind")):
        monkeypatch.setattr(clock, "of_this_machine", lambda: real() + timedelta(minutes=minutes))  # noqa: B023
        said = site("run", status=4)
        assert f"this machine's clock is {way} that of the store's server" in said
        assert "set both by a time server" in said
    assert server.people() == {}
    monkeypatch.setattr(clock, "of_this_machine", real)
    site("run")
    assert len(server.people()) == 1


def test_a_stop_reaches_the_worker(office: Inside, server: Slapd) -> None:
    office.csv("hr.csv", [{"id": f"p{one}"} for one in range(150)])
    slow = (office.folder / "interlock.toml").read_text().replace(RUNS_ON, f'{RUNS_ON}\nrate = "40/s"')
    office.configure(slow + "\n[run]\npage_size = 10\n")
    with working(office) as worker:
        run = office.start("run")
        end = time.monotonic() + 60
        while ("step-started", "export") not in worker.events():
            assert time.monotonic() < end
            time.sleep(0.002)
        office("stop")
        out, _ = run.communicate(timeout=90)
        assert run.returncode == 5, out.decode()
        office("run")
        assert len(server.people()) == 150


def test_a_worker_that_comes_back_goes_on_with_nothing(office: Inside, server: Slapd) -> None:
    """It was killed, and started again before anybody had noticed, as a service is; so was the run, or it was not."""
    office.csv("hr.csv", [{"id": f"p{one}"} for one in range(60)])
    slow = (office.folder / "interlock.toml").read_text().replace(RUNS_ON, f'{RUNS_ON}\nrate = "20/s"')
    office.configure(slow + "\n[run]\npage_size = 5\n")
    for dies_too in (False, True):
        with working(office) as worker:
            run = _exporting(office, worker)
            if dies_too:
                run.kill()
            else:
                run.send_signal(signal.SIGSTOP)  # as if it was on another machine, and had not looked yet
            worker.process.kill()
            worker.process.wait()
            with working(office):
                run.send_signal(signal.SIGCONT)
                out, _ = run.communicate(timeout=60)
                assert dies_too or "worker 'dmz-1' died in the middle of it, and was started again" in out.decode()
                office("run", status=None)
        more = [{"id": f"{letter}{one}"} for letter in "pq" for one in range(60)]
        office.csv("hr.csv", more)
    with working(office):
        office("run", status=None)
    assert office.json("status")["open_runs"] == []


def _exporting(office: Inside, worker: Worker) -> "subprocess.Popen[bytes]":
    """Start a run, and give it once its worker exports."""
    run = office.start("run")
    end = time.monotonic() + 60
    while ("step-started", "export") not in worker.events():
        assert run.poll() is None, run.communicate()[0].decode()
        assert time.monotonic() < end, worker.log.read_text()
        time.sleep(0.002)
    return run


def test_a_run_that_is_to_end_ends_its_worker_s_step(office: Inside, server: Slapd) -> None:
    office.csv("hr.csv", [{"id": f"p{one}"} for one in range(200)])
    slow = (office.folder / "interlock.toml").read_text().replace(RUNS_ON, f'{RUNS_ON}\nrate = "10/s"')
    office.configure(slow + "\n[run]\npage_size = 5\n")
    with working(office) as worker:
        run = _exporting(office, worker)
        run.terminate()
        out, _ = run.communicate(timeout=15)  # all of it would take twenty seconds
        assert run.returncode == 5, out.decode()


def test_another_worker_takes_what_one_of_another_configuration_cannot(
    office: Inside, server: Slapd, tmp_path: Path
) -> None:
    text = (office.folder / "interlock.toml").read_text()
    other = Inside(tmp_path / "other", text)
    place = "" if "[store]" in text else f'[store]\npath = "{office.folder}/interlock.db"\n'
    (other.folder / "interlock.toml").write_text(f"{text}\n[run]\npage_size = 7\n{place}")
    office("status")
    with working(other), working(office, "dmz-2"):
        office("run")
    assert len(server.people()) == 5
