"""A file of any size and shape is read in bounded memory, or refused with its line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.endless import SHAPES

SIZE = 100_000_000
MOST = 260_000_000
"""What a process may take at its peak for a file of `SIZE` bytes; 50 million of them without any."""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_is_bounded(tmp_path: Path, shape: str) -> None:
    command = [sys.executable, "-m", "tests.faults.endless", shape, str(SIZE), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    peak, said = done.stdout.split(" ", 1)
    assert re.search(r"^\d+ read, complete|(:|line )\d+: ", said), said
    assert int(peak) < MOST, said
