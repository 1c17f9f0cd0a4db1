"""Run the tests of a module against its mutants, and name those that no test notices: `scripts/mutants --help`."""

import argparse
import os
import queue
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("survivors.md")
GUARDS = {
    "engine/rules/lifecycle.py": "what_calls grace_freezes leaver_with_grace authoritative must_not_slip return_in"
    " change_hands second_source two_people lifecycle_configuration",
    "engine/phases/same_object.py": "wrong_hands settle_first return_after restore typed_ids",
    "engine/phases/matching.py": "wrong_hands settle_first duplicates joiner adopted test_matching typed_ids",
    "engine/phases/arrivals.py": "duplicates joiner typed_ids wrong_hands",
    "engine/phases/applying.py": "duplicates joiner wrong_hands return_in mover change_hands",
    "engine/phases/joining.py": "comes_back ambiguous what_calls joiner return_ by_hand two_sources late_and",
    "engine/phases/disconnecting.py": "what_calls leaver must_not_slip change_hands two_people authoritative"
    " scope_exit by_hand leads_to",
    "engine/phases/deprovisioning.py": "dies_with second_thoughts scope_exit must_not_slip disable leaver",
    "engine/phases/approving.py": "must_not_slip dies_with look_before by_hand two_people leaver leads_to",
    "engine/phases/review_items.py": "dies_with leaver must_not_slip second_thoughts",
    "engine/phases/still_wanted.py": "dies_with comes_back change_hands",
    "engine/phases/identity.py": "change_hands",
    "engine/phases/reused.py": "change_hands",
    "engine/phases/there_again.py": "dies_with return_after restore_what",
    "engine/phases/mass_changes.py": "mass_changes",
    "engine/phases/name_turns.py": "change_places name_turns mover_rename",
    "engine/phases/interim_names.py": "change_places name_turns",
    "engine/phases/detecting.py": "looked_for leaver member_deleted must_not_slip test_leaving",
}
"""What guards deletes, identity and joins → parts of the names of the tests that should notice, the nearest first."""
SLOWER = 4
"""A mutant that takes so many times as long as the module does unbroken is killed: it hangs."""


def main() -> int:
    """Run, and give 1 if a mutant survives that the list does not explain."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules to break; by default all that guard something")
    parser.add_argument("--sample", type=int, help="how many mutants, drawn by chance; by default all")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="how many at once; by default one a core")
    asked = parser.parse_args()
    chosen = [mutant for name in asked.modules or GUARDS for mutant in mutants_of(Path(name))]
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))
    with tempfile.TemporaryDirectory() as folder:
        trees = [_copy_of_tree(Path(folder) / str(number)) for number in range(asked.at_once)]
        return _report(*_try(chosen, trees, time.monotonic() + asked.seconds))


def _copy_of_tree(where: Path) -> Path:
    shutil.copytree(ROOT, where, ignore=shutil.ignore_patterns(".venv", ".git", ".hypothesis", "*.egg-info"))
    return where


def _try(chosen: list[Mutant], trees: list[Path], until: float) -> tuple[int, list[Mutant]]:
    """Try mutants, one in each tree at a time, and give how many were tried and who survived."""
    free: queue.Queue[Path] = queue.Queue()
    for tree in trees:
        free.put(tree)

    def measure(module: str) -> float:
        tree = free.get()
        try:
            return _seconds_unbroken(tree, module)
        finally:
            free.put(tree)

    def is_noticed(mutant: Mutant) -> bool | None:
        tree = free.get()
        try:
            return None if time.monotonic() > until else _is_noticed(tree, mutant, limits[str(mutant.path)])
        finally:
            free.put(tree)

    modules = sorted({str(mutant.path) for mutant in chosen})
    with ThreadPoolExecutor(len(trees)) as pool:
        limits = {name: SLOWER * took + 60 for name, took in zip(modules, pool.map(measure, modules), strict=True)}
        tried, survivors = 0, []
        for mutant, killed in zip(chosen, pool.map(is_noticed, chosen), strict=True):
            if killed is None:
                continue
            tried += 1
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
            if not killed:
                survivors.append(mutant)
    return tried, survivors


def _seconds_unbroken(tree: Path, module: str) -> float:
    """Give how long a module's tests take as it is; they have to pass, or every mutant would seem to be killed."""
    began = time.monotonic()
    if not _passes(tree, module, timeout=None):
        raise SystemExit(f"{module}: its tests do not pass as it is; run them and mend them first")
    took = time.monotonic() - began
    print(f"unbroken {module}: {took:.0f} s", flush=True)
    return took


def _is_noticed(tree: Path, mutant: Mutant, limit: float) -> bool:
    path = tree / mutant.path
    original = path.read_text()
    path.write_text(mutant.text)
    try:
        return not _passes(tree, str(mutant.path), timeout=limit)
    except TimeoutExpired:
        return True
    finally:
        path.write_text(original)


def _passes(tree: Path, module: str, *, timeout: float | None) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *_tests_of(tree, module)]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    with Popen(command, cwd=tree, env=environment, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True) as tests:
        try:
            return tests.wait(timeout) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(tests.pid, signal.SIGKILL)  # with the servers that a test which hangs has started


def _tests_of(tree: Path, module: str) -> Iterator[str]:
    """Give the files whose names have one of a module's parts in them, in the order of the parts."""
    files = sorted((tree / "tests").rglob("test_*.py"))
    given: set[Path] = set()
    for name in GUARDS.get(module, "").split():
        found = [path for path in files if name in path.name]
        if not found:
            raise SystemExit(f"{module}: no test file has {name!r} in its name; see GUARDS")
        yield from (str(path) for path in found if path not in given)
        given.update(found)
    if not given:
        raise SystemExit(f"{module}: no tests are named for it in GUARDS")


def _report(tried: int, survivors: list[Mutant]) -> int:
    known = KNOWN.read_text() if KNOWN.exists() else ""
    unexplained = [one for one in survivors if one.name not in known]
    share = 100 * (tried - len(survivors)) / tried if tried else 100.0
    print(f"{tried} mutants, {tried - len(survivors)} killed ({share:.1f} %), {len(unexplained)} not explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
