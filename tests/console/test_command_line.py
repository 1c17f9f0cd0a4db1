"""The pictures in screenshots/ are what the running program shows, byte for byte."""

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from tests.workspace import INTERLOCK

SCREENS = Path(__file__).parents[2] / "screenshots"
WIDTH = 118


def _run(folder: Path, *arguments: str) -> str:
    """Give what a command writes to a terminal, colours included, without what differs from run to run."""
    env = {
        **os.environ,
        "FORCE_COLOR": "1",
        "TERM": "xterm-256color",
        "COLUMNS": str(WIDTH),
        "INTERLOCK_OPERATOR": "ada",
    }
    done = subprocess.run([*INTERLOCK, *arguments], cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return re.sub(r"\(\d+\.\d s\)", "(0.1 s)", done.stdout.decode())


def _picture(text: str, title: str) -> str:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi(text.rstrip("\n")))
    return console.export_svg(title=title, unique_id="interlock")


def _compare(request: pytest.FixtureRequest, name: str, picture: str) -> None:
    path = SCREENS / f"{name}.svg"
    if request.config.getoption("--update-screens"):
        path.write_text(picture)
    assert path.read_text() == picture, f"{path.name} differs from what the program shows: scripts/screenshots"


def test_the_demo_and_what_waits_after_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    shown = _run(tmp_path, "demo", "demo", "--headless")
    broken, begun = shown.index("Day two begins badly"), shown.index("Day three has begun")
    start = shown.rindex("\n", 0, broken) + 1
    end = shown.rindex("\n", 0, begun) + 1
    _compare(request, "second-day", _picture(shown[start:end], "interlock demo"))
    demo = tmp_path / "demo"
    waiting = "$ interlock review\n" + _run(demo, "review") + "\n$ interlock status\n" + _run(demo, "status")
    _compare(request, "review", _picture(waiting, "interlock review"))
