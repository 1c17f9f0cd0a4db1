"""Measure the console on a terminal of 120×40, over a store of a million objects: `scripts/bench console`."""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.big_store import make_big_store
from tests.terminal import Terminal
from tests.workspace import INTERLOCK
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv

SIZE = (120, 40)
SCREENS = ("Exports", "Objects", "Metaverse", "Transitions", "Review", "Runs", "Systems", "Line")
TICK = os.sysconf("SC_CLK_TCK")


def tell(what: str, value: float, unit: str, target: float | None = None) -> None:
    """Write one line of the result."""
    goal = f"   target < {target:g}{'' if value < target else '   MISSED'}" if target is not None else ""
    print(f"{what:<58} {value:>10.3f} {unit:<5}{goal}", flush=True)


class Bench:
    """A console on a terminal, being measured."""

    def __init__(self, config: Path) -> None:
        env = {**os.environ, "INTERLOCK_OPERATOR": "ada"}
        for name in ("SSH_CONNECTION", "NO_COLOR", "TEXTUAL_FPS"):
            env.pop(name, None)
        self.config = config
        self.terminal = Terminal(INTERLOCK, size=SIZE, env=env, cwd=config.parent)

    def cpu(self) -> float:
        """Give the seconds of processor time that the console has used."""
        fields = Path(f"/proc/{self.terminal.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss(self) -> float:
        """Give the megabytes that the console holds now."""
        status = Path(f"/proc/{self.terminal.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def start(self) -> None:
        """Measure from the start of the process."""
        painted = self.terminal.wait_for("what waits", "missing in 'hr'")
        if self.terminal.first is not None:
            tell("process start to the first frame", self.terminal.first - self.terminal.started, "s", 0.5)
        tell("process start to what waits", painted - self.terminal.started, "s")
        self.terminal.send("1")
        counted = self.terminal.wait_for("n export directory: write", "wait in the review")
        tell("process start to the Line with its counts", counted - self.terminal.started, "s")
        time.sleep(2)

    def screens(self) -> None:
        """Measure what opening each screen costs."""
        for digit, name in zip("23456781", SCREENS, strict=True):
            self.open(digit, name)
        for digit, name in zip("2361", ("Exports", "Objects", "Review", "Line"), strict=True):
            self.open(digit, f"{name} again")
        self.terminal.send("3")
        time.sleep(1)
        self.open("enter", "one object whole")
        self.terminal.send("esc")
        time.sleep(1)

    def more(self) -> None:
        """Measure the screens that no digit leads to, and what is completed and matched among a million objects."""
        self.terminal.send("7")
        time.sleep(1)
        for key, name in (("t", "Trends"), ("o", "Schedule")):
            self.open(key, name)
            self.leave()
        self.terminal.send("8")
        time.sleep(1)
        self.open("o", "Configuration")
        self.leave()
        self.terminal.send(":", *"owed")
        time.sleep(2)
        self.open("enter", "Owed references")
        self.leave()
        self.terminal.send("3")
        time.sleep(1)
        sent = self.terminal.send("/", *"departm")
        tell("filter departm: completed", self.terminal.wait_for("tab department:") - sent, "s")
        self.leave()
        sent = self.terminal.send("/", *"object:~^ada.*E0000128", "enter")
        tell("filter object:~^ada.*E0000128, shown", self.terminal.wait_for("(E0000128)") - sent, "s")
        self.leave()
        for typed, shown in (("nolan", "and more with nolan in Metaverse"), ("nolna", "like nolna")):
            sent = self.terminal.send(":", *typed)
            tell(f"find {typed}: {shown}", self.terminal.wait_for(shown) - sent, "s")
            self.leave()
        self.terminal.wait_for("of 1,000,000")

    def leave(self) -> None:
        """Go back, and give the terminal the time to know that no more follows."""
        self.terminal.send("esc")
        time.sleep(0.5)

    def open(self, key: str, name: str) -> None:
        """Measure one screen: until its first frame, and the processor time of all that follows."""
        before = self.cpu()
        sent = self.terminal.send(key)
        frame = self.terminal.answered(sent) - sent
        time.sleep(1.5)
        tell(f"open {name}: CPU", self.cpu() - before, "s", 0.1)
        tell(f"open {name}: key to frame", 1000 * frame, "ms", 150)

    def keys(self) -> None:
        """Measure from key to frame among a million objects."""
        self.terminal.send("3")
        time.sleep(1.5)
        taken = []
        for key in ["j", "j", "pgdn", "k", "j", "pgdn", "G", "k", "k", "g", "j"] * 20:
            sent = self.terminal.send(key)
            taken.append(1000 * (self.terminal.answered(sent) - sent))
            time.sleep(0.12)
        tell("key to frame, median of 220", median(taken), "ms", 50)
        tell("key to frame, worst of 220", max(taken), "ms", 150)

    def lists(self) -> None:
        """Measure what has to be read: the end of the list, a filter, a sort."""
        self.terminal.send("g")
        time.sleep(0.5)
        sent = self.terminal.send("G")
        tell("to the last of a million objects, shown", self.terminal.wait_for("cso-1000000") - sent, "s")
        sent = self.terminal.send("/", *"mvo:1234", "enter")
        tell("filter mvo:1234, shown", self.terminal.wait_for("cso-1234", "cso-501234") - sent, "s")
        sent = self.terminal.send("esc")
        self.terminal.wait_for("of 1,000,000")
        tell("filter cleared, shown and counted", time.monotonic() - sent, "s")

    def idle(self) -> None:
        """Measure what is sent while nothing happens."""
        self.terminal.send("1")
        time.sleep(3)
        before, cpu = self.terminal.bytes, self.cpu()
        time.sleep(10)
        tell("idle: on the wire", (self.terminal.bytes - before) / 10, "B/s", 1)
        tell("idle: CPU", 10 * (self.cpu() - cpu), "%")

    def run(self, rows: int) -> None:
        """Measure a run that goes on, on the Line and among the transitions."""
        write_csv(self.config.parent / "hr.csv", PERSON_COLUMNS, people(rows))
        self.terminal.send("W", *"[[[[[[", "n")
        self.terminal.wait_for(" stops run-")
        self.watch("Line", 5)
        self.terminal.send("5")
        time.sleep(1)
        self.watch("Transitions", 8)
        tell("RSS while a run goes on", self.rss(), "MB", 150)
        self.terminal.send("1")
        self.terminal.wait_for("the run has ended", seconds=300)

    def watch(self, name: str, seconds: float) -> None:
        """Measure what a screen sends and costs while a run goes on."""
        before, cpu = self.terminal.bytes, self.cpu()
        time.sleep(seconds)
        tell(f"{name} while a run goes on: on the wire", (self.terminal.bytes - before) / seconds, "B/s", 2000)
        tell(f"{name} while a run goes on: CPU", 100 * (self.cpu() - cpu) / seconds, "%")

    def hour(self, seconds: float) -> None:
        """Change the store four times a second, for a while, and see what the console comes to hold."""
        connection = sqlite3.connect(self.config.parent / "interlock.db", isolation_level=None, timeout=30)
        step = connection.execute("SELECT max(id) FROM steps").fetchone()[0]
        sizes: list[float] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.execute("UPDATE steps SET done = done + 1 WHERE id = ?", (step,))
            connection.execute("UPDATE pending_exports SET attempts = attempts + 1 WHERE id <= 20")
            self.terminal.send("12356781"[len(sizes) // 8 % 8]) if len(sizes) % 8 == 0 else None
            sizes.append(self.rss())
            time.sleep(0.1)
        connection.close()
        quarter = len(sizes) // 4
        tell(f"RSS after {quarter} changes of the store", max(sizes[: quarter + 1]), "MB", 150)
        tell(f"RSS after {len(sizes)} changes, every screen shown over and over", sizes[-1], "MB", 150)


def baselines(store: Path) -> None:
    """Measure the same questions without the console."""
    connection = sqlite3.connect(store)
    for what, sql in (
        ("raw sqlite3: count(*) of the objects", "SELECT count(*) FROM objects"),
        (
            "raw sqlite3: count by system, type and status",
            "SELECT system, type, status, count(*) FROM objects GROUP BY 1, 2, 3",
        ),
        ("raw sqlite3: a page of 200 objects", "SELECT * FROM objects WHERE id > 900000 ORDER BY id LIMIT 200"),
    ):
        connection.execute(sql).fetchall()
        start = time.perf_counter()
        connection.execute(sql).fetchall()
        tell(what, time.perf_counter() - start, "s")
    connection.close()
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
    tell("python that imports textual and ends", time.perf_counter() - start, "s")


def main(arguments: Sequence[str]) -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(prog="scripts/bench console", description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--exports", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=180, help="how long the store changes under the console")
    parser.add_argument("--workspace", type=Path, help="a workspace made by tests.benchmarks.big_store, used as it is")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        config = (
            chosen.workspace / "interlock.toml"
            if chosen.workspace
            else make_big_store(Path(folder) / "big", chosen.objects, chosen.exports)
        )
        baselines(config.parent / "interlock.db")
        bench = Bench(config)
        bench.start()
        bench.screens()
        bench.keys()
        bench.lists()
        bench.more()
        bench.idle()
        bench.run(400_000)
        bench.hour(chosen.seconds)
        bench.terminal.send("1", "q")
        bench.terminal.ended()
