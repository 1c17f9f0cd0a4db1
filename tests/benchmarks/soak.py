"""Two hours of a console on a real terminal, while its store changes and runs begin: what it comes to hold.

`python -m tests.benchmarks.soak FOLDER LOG [HOURS]` makes a workspace with 100,000 objects where there is none, and
writes a line to LOG twice a minute: seconds, MB held, threads, open files, processor time, bytes sent.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from time import monotonic, sleep

from tests.benchmarks.big_store import make_big_store
from tests.benchmarks.console import Bench

VISITS: tuple[Sequence[str], ...] = (
    *(tuple(digit) for digit in "0123456789"),
    ("3", "j", "j", "enter"),
    ("x",),
    ("esc",),
    ("esc",),
    ("3", "/", *"object:ada", "enter"),
    ("G",),
    ("esc",),
    ("s",),
    ("esc",),
    (":", *"nolan"),
    ("esc",),
    ("2", "pgdn", "j", "y"),
    ("esc",),
    ("6", "j", "t"),
    ("esc",),
    ("7", "t"),
    ("esc",),
    ("o",),
    ("esc",),
    ("8", "o"),
    ("esc",),
    ("?",),
    ("esc",),
)
"""What somebody presses, one thing after the other, back where it began."""
LOOK_SECONDS = 2
TELL_SECONDS = 30
RUN_SECONDS = 600
MB = 1024


def soak(folder: Path, log: Path, seconds: float) -> None:
    """Press keys, change the store and begin a step now and then; tell what the console holds."""
    config = folder / "interlock.toml"
    if not config.exists():
        make_big_store(folder, 100_000, 10_000)
    store = sqlite3.connect(folder / "interlock.db", isolation_level=None, timeout=30)
    step = store.execute("SELECT max(id) FROM steps").fetchone()[0]
    bench = Bench(config)
    bench.terminal.wait_for("missing in 'hr'")
    began = monotonic()
    with log.open("a") as told:
        tell_at, run_at = 0.0, RUN_SECONDS / 2
        for number, keys in enumerate(cycle(VISITS)):
            passed = monotonic() - began
            if passed >= tell_at:
                told.write(" ".join(_held(bench, passed)) + "\n")
                told.flush()
                tell_at += TELL_SECONDS
            if passed >= seconds:
                break
            if passed >= run_at and keys == ("1",):
                run_at += RUN_SECONDS
                bench.terminal.send("1", "W", *"[[[[[[", "n")
                bench.terminal.wait(_run_is_over, "the end of a run", seconds=300)
                bench.terminal.send("W")  # read-only again
            for _ in range(4):
                store.execute("UPDATE steps SET done = done + 1 WHERE id = ?", (step,))
                store.execute("UPDATE pending_exports SET attempts = attempts + 1 WHERE id % 97 = ?", (number % 97,))
                sleep(LOOK_SECONDS / 4)
            for key in keys:
                bench.terminal.send(key)
                sleep(0.05)
    store.close()
    bench.terminal.send("1", "q")
    bench.terminal.ended()


def _run_is_over(shown: str) -> bool:
    """Tell whether a run has ended, of itself or by a gate: many people of such a store are missing."""
    return "the run has ended" in shown or "the run was stopped" in shown


def _held(bench: Bench, passed: float) -> Iterator[str]:
    process = Path("/proc") / str(bench.terminal.pid)
    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines() if ":\t" in line)
    yield f"{passed:.0f}s"
    yield f"{int(status['VmRSS'].split()[0]) / MB:.1f}MB"
    yield f"{status['Threads']}threads"
    yield f"{len(os.listdir(process / 'fd'))}files"
    yield f"{bench.cpu():.1f}cpu"
    yield f"{bench.terminal.bytes}bytes"


if __name__ == "__main__":
    soak(Path(sys.argv[1]), Path(sys.argv[2]), 3600 * float(sys.argv[3] if len(sys.argv) > 3 else "2"))
