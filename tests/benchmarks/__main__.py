"""Run the benchmarks: `scripts/bench`."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import compare, console, domain, groups, ldap, postgresql, review, workers
from tests.benchmarks.baselines import parse_and_compare, raw_upsert
from tests.slapd import ADMIN, BASE, PASSWORD, SUFFIX, Slapd
from tests.workspace import INTERLOCK, Workspace
from tui.demo.people import PERSON_COLUMNS, Row, people
from tui.demo.workspace import LiveDirectory, make_workspace, write_csv


class Measure(NamedTuple):
    """One line of the result; `ratio` compares the rate with the baseline's."""

    what: str
    objects: int
    seconds: float
    rate: float
    peak_mb: float | None
    baseline: str = ""
    ratio: float | None = None


class Bench:
    """Measures one size in one temporary folder."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self.measures: list[Measure] = []

    def note(self, what: str, objects: int, seconds: float, peak: float | None, baseline: str, base: float) -> None:
        rate = objects / max(seconds, 1e-9)
        ratio = base / seconds if base else None
        self.measures.append(Measure(what, objects, seconds, rate, peak, baseline, ratio))
        told = f"{ratio:5.2f} × {baseline}" if ratio else ""
        memory = f"{peak:6.0f} MB" if peak else " " * 9
        print(f"{self.size:>9,}  {what:<34} {rate:>10,.0f}/s {seconds:8.2f} s {memory}  {told}", flush=True)

    def step(self, site: Workspace, step: str, what: str, objects: int, baseline: str = "", base: float = 0) -> float:
        """Run one step as its own process; its time is what the store recorded, its memory that of the process."""
        process = subprocess.Popen(
            [*INTERLOCK, "step", *step.split()], cwd=site.folder, env=site.env, stdout=subprocess.PIPE
        )
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{step} failed:\n{output.decode()}")
        took = site.query(
            "SELECT (julianday(ended_at) - julianday(started_at)) * 86400 FROM steps ORDER BY id DESC LIMIT 1"
        )
        self.note(what, objects, took[0][0], usage.ru_maxrss / 1024, baseline, base)
        return float(took[0][0])

    def main_job(self) -> Path:
        """Measure the whole flow from CSV to an LDIF file, and give that file."""
        # Nothing is kept in this process: a child's peak memory begins with that of its parent.
        folder = self.folder / "ldif"
        site = Workspace(folder, _config(make_workspace(folder, people(self.size), demo=False)))
        source, raw = site.folder / "hr.csv", self.folder / "raw.db"
        upsert = _apart(raw_upsert, source, raw)
        self.note("raw sqlite3 upsert", self.size, upsert, None, "", 0)
        compare = _apart(parse_and_compare, source, raw)
        self.note("raw csv + hash compare", self.size, compare, None, "", 0)
        self.step(site, "import hr", "import, new", self.size, "raw upsert", upsert)
        self.step(site, "import hr", "import, unchanged", self.size, "raw compare", compare)
        write_csv(source, PERSON_COLUMNS, _with_one_percent_changed(self.size))
        self.step(site, "import hr", "import, 1 % changed", self.size, "raw compare", compare)
        self.step(site, "detect hr", "detection, nothing missing", self.size)
        self.step(site, "import directory", "import of an empty directory", 1)
        self.step(site, "sync", "sync, all new", self.size)
        self.step(site, "evaluate", "evaluate, all creates", self.size)
        self.step(site, "export directory", "export to LDIF, all creates", self.size)
        self.step(site, "confirm directory", "confirm from LDIF, all new", self.size)
        self.step(site, "confirm directory", "confirm from LDIF, unchanged", self.size)
        self.step(site, "detect directory", "detection in the directory", self.size)
        self.step(site, "sync", "sync, nothing due", self.size)
        size = sum(part.stat().st_size for part in site.folder.glob("interlock.db*"))
        print(f"{self.size:>9,}  store: {size / 1e6:,.0f} MB", flush=True)
        return site.folder / "directory.ldif"

    def directory_job(self, ldif: Path) -> None:
        """Measure export and confirmation with a real slapd, beside ldapadd and ldapsearch."""
        base = Slapd(self.folder / "slapd-base").start()
        try:
            base.add(BASE)
            content = _without_ids(ldif, self.folder / "add.ldif")
            start = time.perf_counter()
            base.tool("ldapadd", "-f", str(content))
            add = time.perf_counter() - start
            self.note("ldapadd", self.size, add, None, "", 0)
            start = time.perf_counter()
            base.measure(
                "ldapsearch", "-LLL", "-E", "pr=1000/noprompt", "-b", SUFFIX, "(objectClass=*)", "*", "entryUUID"
            )
            search = time.perf_counter() - start
            self.note("ldapsearch, paged", self.size, search, None, "", 0)
        finally:
            base.stop()
        server = Slapd(self.folder / "slapd").start()
        try:
            server.add(BASE)
            folder = self.folder / "ldap"
            live = LiveDirectory(server.url, SUFFIX, ADMIN, "DIRECTORY_PASSWORD")
            config = _config(make_workspace(folder, people(self.size), live, demo=False))
            site = Workspace(folder, config, {"DIRECTORY_PASSWORD": PASSWORD})
            for step in ("import hr", "import directory", "sync", "evaluate"):
                site("step", *step.split())
            self.step(site, "export directory", "export to slapd, all creates", self.size, "ldapadd", add)
            self.step(site, "confirm directory", "confirm from slapd, all new", self.size, "ldapsearch", search)
            self.step(site, "confirm directory", "confirm from slapd, unchanged", self.size, "ldapsearch", search)
        finally:
            server.stop()


def _apart(baseline: Callable[[Path, Path], float], source: Path, target: Path) -> float:
    """Measure a baseline in a process of its own, so that this one stays small."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(baseline, source, target).result()


def _with_one_percent_changed(size: int) -> Iterator[Row]:
    for number, row in enumerate(people(size)):
        yield row | {"title": "Changed"} if number % 100 == 0 else row


def _without_ids(ldif: Path, target: Path) -> Path:
    """Write a directory as ldapadd takes it: without its base entry, and without what the server assigns."""
    with ldif.open() as source, target.open("w") as file:
        blocks = 0
        for line in source:
            blocks += not line.strip()
            if blocks > 1 and not line.startswith("entryUUID:"):
                file.write(line)
    return target


def _config(path: Path) -> str:
    """Give the sample configuration with account names that stay unique beyond ten thousand people."""
    return path.read_text().replace("employee_id[-4:]", "employee_id[1:]")


def main() -> None:
    if sys.argv[1:2] == ["console"]:
        console.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["compare"]:
        compare.measure(sys.argv[2:])
        return
    if sys.argv[1:2] == ["postgresql"]:
        postgresql.measure(sys.argv[2:])
        return
    if sys.argv[1:2] == ["workers"]:
        workers.measure(sys.argv[2:])
        return
    if sys.argv[1:2] == ["ldap"]:
        ldap.measure(sys.argv[2:])
        return
    if sys.argv[1:2] == ["domain"]:
        domain.measure(*(int(text) for text in sys.argv[2:] or ("20000", "5000")))
        return
    if sys.argv[1:2] in (["groups"], ["review"]):
        (groups if sys.argv[1] == "groups" else review).measure()
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--no-ldap", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    results: dict[str, list[dict[str, object]]] = {}
    for size in (int(text) for text in arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), size)
            ldif = bench.main_job()
            if not arguments.no_ldap:
                bench.directory_job(ldif)
            results[str(size)] = [measure._asdict() for measure in bench.measures]
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
