"""The disk on which an output, a file or a copy goes is full: that is told, and nothing hangs or is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.little_disk import little_disk
from tests.stores import on_postgresql
from tests.workspace import INTERLOCK, Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace

SECONDS = 60
"""A program that hangs is killed then, and the test fails."""


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    config = make_workspace(tmp_path / "office", people(40), demo=False).read_text()
    return Workspace(tmp_path / "office", config)


@pytest.fixture
def full(office: Workspace) -> Iterator[Path]:
    """Give a folder on a disk that is full, to whose other side the store does not belong."""
    office("run")
    with little_disk("64k") as folder:
        (folder / "full").write_bytes(bytes(64 * 1024))
        yield folder
        (folder / "full").unlink()


def to_full(office: Workspace, *arguments: str) -> tuple[int, str]:
    """Run a command whose standard output takes nothing, and give its status and what it said on the other stream."""
    with Path("/dev/full").open("wb") as nowhere:
        done = subprocess.run(
            [*INTERLOCK, *arguments],
            cwd=office.folder,
            env=office.env,
            stdout=nowhere,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("command", [["run"], ["step", "sync"]], ids=["run", "step"])
def test_a_run_that_cannot_be_told_goes_on_to_its_end(office: Workspace, command: list[str]) -> None:
    status, said = to_full(office, *command)
    assert status == 1
    assert "standard output: No space left on device; the work goes on" in said
    assert office.json("runs", "--limit", "1")[0]["result"] == "success"


@pytest.mark.parametrize("command", [["audit", "export"], ["objects"], ["objects", "--json"]], ids=" ".join)
def test_a_list_that_cannot_be_written_ends_with_one_sentence(office: Workspace, command: list[str]) -> None:
    office("run")
    status, said = to_full(office, *command)
    assert status == 1
    assert "No space left on device" in said
    assert "Traceback" not in said


def test_who_reads_no_more_of_the_log_is_no_reason_to_hang(office: Workspace) -> None:
    for _ in range(8):
        office("run")
    command = [*INTERLOCK, "audit", "export", "-"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command,
            cwd=office.folder,
            env=office.env,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(writing)
    assert b"Traceback" not in done.stderr


def test_a_log_on_a_full_disk_is_not_kept_by_half(office: Workspace, full: Path) -> None:
    said = office("audit", "export", str(full / "log.jsonl"), status=4)
    assert f"{full / 'log.jsonl'}: No space left on device; nothing of it was kept" in said
    assert [one.name for one in full.iterdir()] == ["full"]


def test_a_plan_on_a_full_disk_is_told_by_its_file(office: Workspace, full: Path) -> None:
    said = office("plan", "--out", str(full / "plan.csv"), status=4)
    assert "No space left on device" in said
    assert str(full / "plan.csv") in said
    assert [one.name for one in full.iterdir()] == ["full"]


@pytest.mark.skipif(on_postgresql(), reason="a server's copy is made by pg_dump")
def test_a_copy_on_a_full_disk_is_told_by_its_file(office: Workspace, full: Path) -> None:
    said = office("store", "backup", str(full / "copy.db"), status=4)
    assert f"{full / 'copy.db'}: the disk is full; nothing half-written was kept" in said
    assert [one.name for one in full.iterdir()] == ["full"]
