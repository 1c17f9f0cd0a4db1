"""Find which tests run which lines, so that a mutant meets only those that can notice it."""

import os
import sys
from collections import defaultdict
from pathlib import Path
from subprocess import run
from typing import NamedTuple
from xml.etree import ElementTree

from coverage import CoverageData

FOLDERS = ("tests/scenarios",)
"""Tests that call the program in their own process, where its lines can be watched."""


class Reached(NamedTuple):
    """Which tests run a line, by path and number, and how many seconds each test takes."""

    tests: dict[tuple[str, int], set[str]]
    seconds: dict[str, float]

    def at(self, module: str, line: int) -> list[str]:
        """Give the tests that run a line, the quickest first."""
        return sorted(self.tests.get((module, line), ()), key=lambda test: (self.seconds.get(test, 0.0), test))


def watch(tree: Path, keep: Path) -> None:
    """Run the tests of a tree, which have to pass, and keep in a folder what they ran."""
    keep.mkdir(parents=True, exist_ok=True)
    rules = keep / "coveragerc"
    rules.write_text("[run]\nconcurrency = greenlet, thread\nrelative_files = true\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *FOLDERS]
    command += ["--cov=engine", f"--cov-config={rules}", "--cov-context=test", "--cov-report="]
    command += [f"--junitxml={keep / 'times.xml'}"]
    surroundings = os.environ | {"PYTHONPATH": str(tree), "COVERAGE_FILE": str(keep / "lines")}
    if run(command, cwd=tree, env=surroundings, check=False).returncode:
        raise SystemExit("the tests do not pass as they are; mend them first")


def read(keep: Path) -> Reached:
    """Read what `watch` kept."""
    data = CoverageData(str(keep / "lines"))
    data.read()
    tests: dict[tuple[str, int], set[str]] = defaultdict(set)
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            tests[path, line].update(name.rpartition("|")[0] for name in contexts if name.endswith("|run"))
    return Reached(tests, _seconds(keep / "times.xml"))


def _seconds(report: Path) -> dict[str, float]:
    cases = ElementTree.parse(report).iter("testcase")
    return {
        f"{one.attrib['classname'].replace('.', '/')}.py::{one.attrib['name']}": float(one.attrib["time"])
        for one in cases
    }
