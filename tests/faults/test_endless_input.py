"""Whatever a file or a directory holds is read in bounded memory, or refused."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.connectors.ldap.messages import MAX_MESSAGE
from tests.accounts_file import CONFIG, TOP, write_people
from tests.faults.endless import CHUNK, SHAPES
from tests.faults.endless_directory import OF_DIRECTORIES, Large
from tests.inside import Inside

SIZE = 100_000_000
MOST = 260_000_000
"""What a process may take at its peak for a file of `SIZE` bytes; 50 million of them without any."""
MOST_OF_AN_EXPORT = 350_000_000
"""Likewise for an export of as much; 930 million where its pages are cut by number alone."""
MOST_OF_AN_ANSWER = 400_000_000
"""Likewise for the largest answer that is taken, which is held as it came and as text."""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_is_bounded(tmp_path: Path, shape: str) -> None:
    command = [sys.executable, "-m", "tests.faults.endless", shape, str(SIZE), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    peak, said = done.stdout.split(" ", 1)
    assert re.search(r"^\d+ read, complete|(:|line )\d+: ", said), said
    assert int(peak) < MOST, said


@pytest.mark.parametrize("client", ["auto", "ldap3"])
@pytest.mark.parametrize("shape", OF_DIRECTORIES)
def test_memory_is_bounded_for_a_directory(tmp_path: Path, shape: str, client: str) -> None:
    with Large() as directory:
        directory.turn(OF_DIRECTORIES[shape](MAX_MESSAGE - 1000 if shape == "one value" else SIZE))
        command = [sys.executable, "-m", "tests.faults.endless_directory", directory.url, client, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    peak, said = done.stdout.split(" ", 1)
    if client == "auto" or shape == "pages":
        assert said.strip() == f"{1 if shape == 'one value' else SIZE // CHUNK} read, complete"
    else:
        assert "sent more than 67,108,864 bytes for one answer; a smaller page_size asks for less" in said
    assert int(peak) < (MOST_OF_AN_ANSWER if shape == "one value" else MOST), said


EXPORT = """
import re, sys
from tui.__main__ import main
try:
    main()
except SystemExit as end:
    status = end.code or 0
print(status, int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024, file=sys.stderr)
"""


def test_exports_are_taken_by_their_size(tmp_path: Path) -> None:
    site = Inside(tmp_path, CONFIG + 'description = "team"\n')
    (tmp_path / "out.ldif").write_text(TOP)
    write_people(site, [{"id": str(one), "name": f"N{one}", "team": "x" * 900_000} for one in range(150)])
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    command = [sys.executable, "-c", EXPORT, "step", "export", "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    status, peak = map(int, done.stderr.splitlines()[-1].split())
    assert status == 0
    assert peak < MOST_OF_AN_EXPORT, peak
    assert len((tmp_path / "out.ldif").read_bytes()) > 135_000_000
