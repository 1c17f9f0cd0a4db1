"""Every phase with its store in a file, and on a server of this machine: `scripts/bench postgresql [SIZE]`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests import stores
from tests.workspace import INTERLOCK, Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace

STEPS = (
    *("import hr", "import hr", "detect hr", "import directory", "sync", "evaluate", "export directory"),
    *("confirm directory", "confirm directory", "detect directory"),
)
_TICKS = os.sysconf("SC_CLK_TCK")


class Took(NamedTuple):
    """Seconds that a step took, the processor time of its process, and that of its connections' processes."""

    wall: float
    program: float
    server: float


def measure(arguments: list[str]) -> None:
    """Carry the steps out in turns, on either store, and print what each took."""
    size = int(arguments[0]) if arguments else 20_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop(stores.VARIABLE, None)
        in_file = _site(Path(folder) / "sqlite", size)
        os.environ[stores.VARIABLE] = "postgresql"
        on_server = _site(Path(folder) / "postgresql", size)
        totals = [Took(0, 0, 0), Took(0, 0, 0)]
        print(f"{size:,} people; seconds: wall, processor of the program, and of the server")
        for step in STEPS:
            both = [_step(in_file, step), _step(on_server, step)]
            totals = [Took(*map(sum, zip(total, took, strict=True))) for total, took in zip(totals, both, strict=True)]
            _tell(step, *both)
        _tell("all", *totals)


def _site(folder: Path, size: int) -> Workspace:
    config = make_workspace(folder, people(size), demo=False).read_text()
    return Workspace(folder, config.replace("employee_id[-4:]", "employee_id[1:]"))


def _step(site: Workspace, step: str) -> Took:
    served = _of_server()
    began = time.perf_counter()
    process = subprocess.Popen(
        [*INTERLOCK, "step", *step.split()], cwd=site.folder, env=site.env, stdout=subprocess.PIPE
    )
    told = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{step} failed:\n{told.decode()}")
    time.sleep(0.3)  # until the server has seen that its connections are gone
    return Took(wall, usage.ru_utime + usage.ru_stime, _of_server() - served)


def _of_server() -> float:
    """Give the processor time of the server's processes that have ended."""
    fields = Path(f"/proc/{stores.server().pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS


def _tell(step: str, in_file: Took, on_server: Took) -> None:
    times = " ".join(f"{seconds:7.2f}" for seconds in (*in_file[:2], *on_server))
    print(f"{step:<20} {times}   {on_server.wall / in_file.wall:5.2f} × the wall time", flush=True)
