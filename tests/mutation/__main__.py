"""Run against each mutant the tests that reach it, and name those that no test notices: `scripts/mutants --help`."""

import argparse
import os
import queue
import random
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

from tests.mutation import reached
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.reached import Reached

ROOT = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("survivors.md")
GUARDS = {
    "engine/rules/lifecycle.py": "what_calls grace_freezes leaver_with_grace authoritative must_not_slip return_in"
    " change_hands second_source two_people lifecycle_configuration",
    "engine/phases/importing/same_object.py": "wrong_hands settle_first return_after restore typed_ids",
    "engine/phases/importing/matching.py": "wrong_hands settle_first duplicates joiner adopted test_matching typed_ids",
    "engine/phases/importing/arrivals.py": "duplicates joiner typed_ids wrong_hands",
    "engine/phases/importing/applying.py": "duplicates joiner wrong_hands return_in mover change_hands",
    "engine/phases/synchronising/joining.py": "comes_back ambiguous what_calls joiner return_ by_hand"
    " two_sources late_and",
    "engine/phases/synchronising/lifecycle.py": "what_calls leaver must_not_slip change_hands two_people authoritative"
    " scope_exit by_hand leads_to",
    "engine/phases/evaluating/deprovisioning.py": "dies_with second_thoughts scope_exit must_not_slip disable leaver",
    "engine/phases/evaluating/leaving.py": "test_leaving second_thoughts dies_with scope_exit disable",
    "engine/rules/leaving.py": "test_leaving disable",
    "engine/approvals/stages.py": "test_leaving",
    "engine/phases/exporting/approval_gate.py": "must_not_slip dies_with look_before by_hand two_people"
    " leaver leads_to",
    "engine/approvals/review_items.py": "dies_with leaver must_not_slip second_thoughts",
    "engine/phases/exporting/still_wanted.py": "dies_with comes_back change_hands",
    "engine/phases/importing/changed_identities.py": "change_hands",
    "engine/phases/synchronising/reused_ids.py": "change_hands",
    "engine/phases/importing/reappeared.py": "dies_with return_after restore_what",
    "engine/gates/mass_changes.py": "mass_changes",
    "engine/phases/evaluating/name_turns.py": "change_places name_turns mover_rename",
    "engine/phases/exporting/interim_names.py": "change_places name_turns",
    "engine/phases/detecting/phase.py": "looked_for leaver member_deleted must_not_slip test_leaving",
    "engine/phases/detecting/gates.py": "looked_for leaver member_deleted must_not_slip test_leaving",
    "engine/phases/exporting/outcomes.py": "test_joiner second_thoughts settle_first must_not_slip",
    "engine/phases/synchronising/approved_disconnections.py": "what_calls leaver must_not_slip change_hands two_people",
    "engine/approvals/identity_questions.py": "change_hands",
    "engine/pending_exports/interim_names.py": "change_places name_turns",
}
"""What guards deletes, identity and joins → parts of the names of the tests that should notice, the nearest first."""
SLOWER = 4
"""A mutant whose tests take so many times as long as they do unbroken, and a minute, is killed: it hangs."""


def main() -> int:
    """Run, and give 1 if a mutant survives that the list does not explain."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules to break; by default all that guard something")
    parser.add_argument("--sample", type=int, help="how many mutants, drawn by chance; by default all")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="how many at once; by default one a core")
    parser.add_argument(
        "--reached", type=Path, help="a folder that keeps which tests run which lines, for the next time"
    )
    asked = parser.parse_args()
    chosen = [mutant for name in asked.modules or GUARDS for mutant in mutants_of(Path(name))]
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))
    with tempfile.TemporaryDirectory() as folder:
        trees = [_copy_of_tree(Path(folder) / str(number)) for number in range(asked.at_once)]
        kept = asked.reached or Path(folder) / "reached"
        if not (kept / "times.xml").exists():
            reached.watch(trees[0], kept)
        return _report(*_try(chosen, trees, reached.read(kept), time.monotonic() + asked.seconds))


def _copy_of_tree(where: Path) -> Path:
    shutil.copytree(ROOT, where, ignore=shutil.ignore_patterns(".venv", ".git", ".hypothesis", "*.egg-info"))
    return where


def _try(chosen: list[Mutant], trees: list[Path], tests: Reached, until: float) -> tuple[int, list[Mutant]]:
    """Try mutants, one in each tree at a time, and give how many were tried and who survived."""
    free: queue.Queue[Path] = queue.Queue()
    for tree in trees:
        free.put(tree)

    def is_noticed(mutant: Mutant) -> bool | None:
        tree = free.get()
        try:
            return None if time.monotonic() > until else _is_noticed(tree, mutant, tests)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        tried, survivors = 0, []
        for mutant, killed in zip(chosen, pool.map(is_noticed, chosen), strict=True):
            if killed is None:
                continue
            tried += 1
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
            if not killed:
                survivors.append(mutant)
    return tried, survivors


def _is_noticed(tree: Path, mutant: Mutant, tests: Reached) -> bool:
    chosen = _tests_for(tree, mutant, tests)
    path = tree / mutant.path
    original = path.read_text()
    path.write_text(mutant.text)
    try:
        limit = 60 + SLOWER * sum(tests.seconds.get(test, _SECONDS_OF_A_FILE) for test in chosen)
        return not _passes(tree, chosen, limit)
    except TimeoutExpired:
        return True
    finally:
        path.write_text(original)


_SECONDS_OF_A_FILE = 30.0
"""What a file of tests that run the program as a process of its own takes, about."""


def _tests_for(tree: Path, mutant: Mutant, tests: Reached) -> list[str]:
    """Give the tests that run the line, those named for the module first, then its files that start processes."""
    nearest = _named_for(tree, str(mutant.path))
    running = tests.at(str(mutant.path), mutant.line)
    rank = {path: place for place, path in enumerate(nearest)}
    ordered = sorted(running, key=lambda test: rank.get(test.partition("::")[0], len(rank)))
    return [*ordered, *(path for path in nearest if not path.startswith(reached.FOLDERS))]


def _named_for(tree: Path, module: str) -> list[str]:
    """Give the files whose names have one of a module's parts in them, in the order of the parts."""
    files = sorted(str(path.relative_to(tree)) for path in (tree / "tests").rglob("test_*.py"))
    given: dict[str, None] = {}
    for name in GUARDS.get(module, "").split():
        found = [path for path in files if name in Path(path).name]
        if not found:
            raise SystemExit(f"{module}: no test file has {name!r} in its name; see GUARDS")
        given.update(dict.fromkeys(found))
    return list(given)


_NO_ANSWER = (3, 4, 5)
"""How pytest ends where it is itself at fault, is asked wrongly, or finds no test: that kills no mutant."""


def _passes(tree: Path, tests: list[str], limit: float) -> bool:
    if not tests:
        return True
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:cov", *tests]
    surroundings = os.environ | {"PYTHONPATH": str(tree)}
    with Popen(command, cwd=tree, env=surroundings, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True) as running:
        try:
            status = running.wait(limit)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)  # with the servers that a test which hangs has started
    if status in _NO_ANSWER:
        raise SystemExit(f"pytest ended with {status}: it could not run {' '.join(tests)}")
    return status == 0


def _report(tried: int, survivors: list[Mutant]) -> int:
    known = KNOWN.read_text() if KNOWN.exists() else ""
    unexplained = [one for one in survivors if one.name not in known]
    share = 100 * (tried - len(survivors)) / tried if tried else 100.0
    print(f"{tried} mutants, {tried - len(survivors)} killed ({share:.1f} %), {len(unexplained)} not explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
