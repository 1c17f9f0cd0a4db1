"""What it takes to look at five thousand missing people and to approve them: `scripts/bench review`."""

import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from tests.workspace import INTERLOCK, Workspace
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import make_workspace, write_csv

PEOPLE, LEAVERS = 10_000, 5_000


def measure() -> None:
    """Print the seconds and the peak memory of each command, beside a raw copy of the store."""
    with tempfile.TemporaryDirectory() as name:
        rows = list(people(PEOPLE))
        toml = make_workspace(Path(name) / "office", rows, demo=False)
        site = Workspace(toml.parent, toml.read_text())
        site("run", status=None)
        write_csv(site.folder / "hr.csv", PERSON_COLUMNS, rows[: PEOPLE - LEAVERS])
        copied = _copy_raw(site)
        print(f"{LEAVERS:,} of {PEOPLE:,} people missing; a raw copy of the store takes {copied:.2f} s")
        _timed(site, copied, "run: a gate holds them", "run")
        run = site.json("runs", "--limit", "1")[0]["id"]
        count = str(LEAVERS)
        _timed(site, copied, "release: obsolete, with evidence", "review", "release", run, "--count", count, *_REASON)
        _timed(site, copied, "list all as JSON", "review", "--json")
        _timed(site, copied, "consequences of one, on a copy", "review", "consequences", "rev-1")
        _timed(site, copied, "consequences of all, on a copy", "review", "consequences", "--filter", "kind:absence")
        _timed(site, copied, "approve all", "review", "approve", "--filter", "kind:absence", "--count", count, *_REASON)
        _timed(site, copied, "sync: disconnect", "step", "sync")
        _timed(site, copied, "evaluate: stage the deletes", "step", "evaluate")
        _timed(site, copied, "export: the look before deleting", "step", "export", "directory")


_REASON = ("--reason", "the subsidiary was sold")


def _copy_raw(site: Workspace) -> float:
    """Copy the store with plain SQLite, and give the seconds."""
    started = time.perf_counter()
    source, target = sqlite3.connect(site.folder / "interlock.db"), sqlite3.connect(site.folder / "raw.db")
    source.backup(target)
    target.close()
    source.close()
    return time.perf_counter() - started


def _timed(site: Workspace, copied: float, what: str, *arguments: str) -> None:
    started = time.perf_counter()
    process = subprocess.Popen(
        [*INTERLOCK, *arguments], cwd=site.folder, env=site.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    assert os.waitstatus_to_exitcode(status) in (0, 3), output.decode()
    print(
        f"  {what:<36} {seconds:6.2f} s  {seconds / copied:6.1f} × the copy  {usage.ru_maxrss / 1024:5.0f} MB",
        flush=True,
    )
