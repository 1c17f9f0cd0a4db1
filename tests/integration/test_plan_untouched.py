"""A plan leaves no trace of itself: the store and everything around it stay byte for byte as they are."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from storage.lease import _process_start
from tests.unit.test_migration import make_old_store
from tests.workspace import Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace

pytestmark = pytest.mark.usefixtures("store_file")


@pytest.fixture
def files(tmp_path: Path) -> Workspace:
    """A workspace with an LDIF file for a target, and a folder for temporary files that only its plans use."""
    config = make_workspace(tmp_path / "work", people(10), None, demo=False).read_text()
    (tmp_path / "temporary").mkdir()
    return Workspace(tmp_path / "work", config, {"TMPDIR": str(tmp_path / "temporary")})


def trace(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Give everything by which a file could be seen to have been touched; SQLite's shared memory is only there."""
    found = {}
    for path in sorted(folder.iterdir()):
        stat = path.stat()
        if path.name.endswith("-shm"):
            found[path.name] = ("", 0, stat.st_ino)
        else:
            found[path.name] = (sha256(path.read_bytes()).hexdigest(), stat.st_mtime_ns, stat.st_ino)
    return found


def plan_leaves_no_trace(files: Workspace, *arguments: str, status: int = 0) -> str:
    before = trace(files.folder)
    said = files("plan", *arguments, status=status)
    assert trace(files.folder) == before
    assert list(Path(files.env["TMPDIR"]).iterdir()) == []
    return said


def test_without_a_store_the_plan_begins_with_an_empty_one_and_makes_none(files: Workspace) -> None:
    said = plan_leaves_no_trace(files)
    assert "there is no store at" in said
    assert not (files.folder / "interlock.db").exists()


def test_a_store_that_nobody_uses(files: Workspace) -> None:
    files("run")
    assert {path.name for path in files.folder.glob("interlock.db*")} == {"interlock.db", "interlock.db.mark"}
    assert "Nothing would change" in plan_leaves_no_trace(files)


@pytest.fixture
def live(files: Workspace) -> Iterator[sqlite3.Connection]:
    """A store that somebody has open, with a committed change in its log that no checkpoint has brought home."""
    files("run")
    connection = sqlite3.connect(files.folder / "interlock.db", isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE objects SET due = 1")
    yield connection
    connection.close()


def test_a_log_in_use_is_read_and_left_as_it_is(files: Workspace, live: sqlite3.Connection) -> None:
    assert (files.folder / "interlock.db-wal").stat().st_size > 0
    said = plan_leaves_no_trace(files)
    assert "connectors without flow updates" in said, "what stands in the log alone was seen"


@pytest.mark.parametrize("left", [("-wal",), ("-wal", "-shm")])
def test_a_log_that_a_crash_left_behind_is_read_and_left(
    files: Workspace, live: sqlite3.Connection, left: tuple[str, ...]
) -> None:
    other = Workspace(files.folder.parent / "other", (files.folder / "interlock.toml").read_text(), files.env)
    for path in files.folder.iterdir():
        if not path.name.endswith(("-wal", "-shm")) or path.name.endswith(left):
            shutil.copyfile(path, other.folder / path.name)
    assert "connectors without flow updates" in plan_leaves_no_trace(other)


def test_an_older_store_is_migrated_in_the_copy_alone(files: Workspace) -> None:
    make_old_store(files.folder / "interlock.db", "0001")
    plan_leaves_no_trace(files)


def test_a_store_that_cannot_be_used_is_told_by_its_own_name(files: Workspace) -> None:
    path = files.folder / "interlock.db"
    path.write_bytes(b"")
    assert f"{path.name}: is empty" in plan_leaves_no_trace(files, status=4)
    path.write_bytes(b"not a database at all" * 100)
    said = plan_leaves_no_trace(files, status=4)
    assert "temporary" not in said
    assert path.name in said


AS_SOMEBODY_ELSE = """
import os
from tui.terminal.cli import app
app(["plan"], standalone_mode=False)
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
print("now as", os.geteuid(), os.access(".", os.W_OK), flush=True)
raise SystemExit(app(["plan"], standalone_mode=False))
"""
"""Plans twice: what is imported on the way may lie where only root can read."""


def test_a_folder_that_cannot_be_written(files: Workspace) -> None:
    """Whoever may only read a workspace can plan all the same; as root, we become somebody who may only read."""
    files("run")
    public = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        shutil.copytree(files.folder, public / "work")
        for path in (public, *public.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        temporary = public.with_name(public.name + "-temporary")
        temporary.mkdir()
        temporary.chmod(0o777)
        before = trace(public / "work")
        done = subprocess.run(
            [sys.executable, "-c", AS_SOMEBODY_ELSE],
            cwd=public / "work",
            env={**files.env, "TMPDIR": str(temporary)},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert b"False\n" in done.stdout
        assert done.stdout.count(b"Nothing would change") == 2
        assert trace(public / "work") == before
        assert list(temporary.iterdir()) == []
    finally:
        for path in (public, *public.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(public)
        shutil.rmtree(temporary)


def test_no_plan_while_a_run_is_going_on(files: Workspace) -> None:
    files("run")
    connection = sqlite3.connect(files.folder / "interlock.db")
    lease = (1, "somebody", 1, socket.gethostname(), os.getpid(), _process_start(os.getpid()), "2026-01-01T00:00:00Z")
    connection.execute("INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?)", lease)
    connection.commit()
    connection.close()
    assert "run 1 is going on" in plan_leaves_no_trace(files, status=4)


def test_wrong_words_are_usage_and_leave_nothing(files: Workspace) -> None:
    assert "no profile 'weekly'" in plan_leaves_no_trace(files, "weekly", status=2)
    assert "no step of this profile" in plan_leaves_no_trace(files, "--from", "dance", status=2)
    assert "no such file" in plan_leaves_no_trace(files, "--config", "other.toml", status=2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_plan_that_is_told_to_end_takes_its_copies_away(files: Workspace, how: signal.Signals) -> None:
    rows = [{**row, "employee_id": f"E{number}"} for number, row in enumerate(people(4000))]
    files.csv("hr.csv", rows)
    before = trace(files.folder)
    temporary = Path(files.env["TMPDIR"])
    process = files.start("plan", "--json")
    while process.poll() is None and not list(temporary.glob("*/interlock.db-wal")):
        time.sleep(0.01)
    process.send_signal(how)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 5, said.decode()
    assert b"nothing was written" in said
    assert list(temporary.iterdir()) == []
    assert trace(files.folder) == before


def test_what_a_killed_plan_left_behind_is_swept_away_by_the_next(files: Workspace) -> None:
    left = Path(files.env["TMPDIR"]) / "interlock-plan-killed"
    left.mkdir(mode=0o700)
    (left / "in-use").touch()
    (left / "interlock.db").touch()
    plan_leaves_no_trace(files)
