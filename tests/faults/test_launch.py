"""A run started from the console goes on when the console, its terminal or its line is gone."""

import os
import pty
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.waiting import until
from tests.workspace import Workspace
from tui.console.launch import start_run
from tui.demo.people import people
from tui.demo.workspace import make_workspace

PEOPLE = 150
DEPARTMENTS = 11
CONSOLE = """
import sys, time
from pathlib import Path
from tui.console.launch import start_run
launch = start_run(Path(sys.argv[1]), ["run"])
while launch.ended() is None:
    time.sleep(0.05)
"""


@pytest.fixture
def site(tmp_path: Path) -> Workspace:
    config = make_workspace(tmp_path / "site", people(PEOPLE), demo=False).read_text()
    return Workspace(tmp_path / "site", config + "\n[run]\npage_size = 10\n")


def _open_console(site: Workspace) -> tuple[int, int]:
    """Start a process that leads a session on a terminal of its own and starts a run; give its id and the terminal."""
    leader, terminal = pty.fork()
    if leader == 0:
        os.chdir("/")
        os.execve(sys.executable, [sys.executable, "-c", CONSOLE, str(site.folder / "interlock.toml")], site.env)
    return leader, terminal


def _running(site: Workspace) -> list[int]:
    """Give the process id of the run once it is in the middle of its work."""
    made = site.database is not None or (site.folder / "interlock.db").exists()
    if not made or (site.database is None and not site.query("SELECT 1 FROM sqlite_master WHERE name = 'runs'")):
        return []
    return [pid for (pid,) in site.glance("SELECT pid FROM lease")] if site.glance("SELECT 1 FROM steps") else []


def _open_files(pid: int) -> list[str]:
    """Name the files that a process has open; it goes on meanwhile, and may close some while they are looked at."""
    names = []
    for found in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(os.readlink(found))
    assert names, "the process was gone before its files were looked at"
    return names


def _hang_up(leader: int, terminal: int) -> None:
    del leader
    os.close(terminal)


def _kill(leader: int, terminal: int) -> None:
    os.killpg(leader, signal.SIGKILL)
    os.close(terminal)


@pytest.mark.parametrize("end", [_hang_up, _kill])
def test_a_run_outlives_the_console_that_started_it(site: Workspace, end: Callable[[int, int], None]) -> None:
    leader, terminal = _open_console(site)
    until(lambda: bool(_running(site)))
    run = _running(site)[0]
    assert os.getsid(run) != leader
    assert not any("/dev/pts" in name for name in _open_files(run))
    end(leader, terminal)
    os.waitpid(leader, 0)
    assert site.query("SELECT result FROM runs") == [(None,)], "the console should have gone in the middle of the run"
    until(lambda: not Path(f"/proc/{run}").exists())
    assert site.query("SELECT result FROM runs") == [("success",)]
    assert site.query("PRAGMA integrity_check") == [("ok",)]
    assert site.statuses("hr")["Normal"] == PEOPLE + DEPARTMENTS
    assert site.statuses("directory")["Normal"] == PEOPLE + DEPARTMENTS


def test_what_a_launch_said_and_how_it_ended_is_told(site: Workspace) -> None:
    launch = start_run(site.folder / "interlock.toml", ["step", "import", "hr"])
    until(lambda: launch.ended() is not None)
    assert launch.ended() == 0
    assert "import hr" in launch.said()
    assert "161 adds" in launch.said()


def test_a_launch_that_cannot_start_says_why(site: Workspace) -> None:
    launch = start_run(site.folder / "interlock.toml", ["step", "import", "nowhere"])
    until(lambda: launch.ended() is not None)
    assert launch.ended() == 2
    assert "no system 'nowhere' is configured" in launch.said()


def test_a_launch_that_was_killed_leaves_no_zombie(site: Workspace) -> None:
    launch = start_run(site.folder / "interlock.toml", ["run"])
    until(lambda: bool(_running(site)))
    run = _running(site)[0]
    os.kill(run, signal.SIGKILL)
    until(lambda: launch.ended() is not None)
    assert launch.ended() == -signal.SIGKILL
    assert not Path(f"/proc/{run}").exists()


def test_a_module_beside_the_configuration_is_not_taken_for_the_program(site: Workspace) -> None:
    (site.folder / "engine.py").write_text("raise SystemExit('not the engine')")
    launch = start_run(site.folder / "interlock.toml", ["step", "import", "hr"])
    until(lambda: launch.ended() is not None)
    assert launch.ended() == 0
