"""Run the tests of a module against its mutants, and name those that no test notices: `scripts/mutants --help`."""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("survivors.md")
GUARDS = {
    "engine/rules/lifecycle.py": "what_calls grace_freezes leaver_with_grace authoritative must_not_slip return_in",
    "engine/phases/same_object.py": "wrong_hands",
    "engine/phases/matching.py": "wrong_hands duplicates joiner adopted",
    "engine/phases/arrivals.py": "duplicates",
    "engine/phases/joining.py": "comes_back ambiguous what_calls joiner return_",
    "engine/phases/disconnecting.py": "what_calls leaver must_not_slip change_hands two_people authoritative",
    "engine/phases/deprovisioning.py": "dies_with second_thoughts scope_exit must_not_slip disable leaver",
    "engine/phases/approving.py": "must_not_slip dies_with look_before by_hand two_people leaver by_deciding",
    "engine/phases/still_wanted.py": "dies_with comes_back",
    "engine/phases/identity.py": "change_hands",
    "engine/phases/there_again.py": "dies_with",
    "engine/phases/mass_changes.py": "mass_changes",
    "engine/phases/name_turns.py": "change_places",
    "engine/phases/interim_names.py": "change_places",
    "engine/phases/detecting.py": "looked_for drills leaver",
}
"""What guards deletes, identity and joins → parts of the names of the tests that should notice a change."""


def main() -> int:
    """Run, and give 1 if a mutant survives that the list does not explain."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules to break; by default all that guard something")
    parser.add_argument("--sample", type=int, help="how many mutants, drawn by chance; by default all")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    asked = parser.parse_args()
    chosen = [mutant for name in asked.modules or GUARDS for mutant in mutants_of(Path(name))]
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))
    return _report(*_try(chosen, time.monotonic() + asked.seconds))


def _try(chosen: list[Mutant], until: float) -> tuple[int, list[Mutant]]:
    survivors: list[Mutant] = []
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", ".hypothesis", "*.egg-info"))
        for mutant in chosen:
            if time.monotonic() > until:
                break
            tried += 1
            killed = _is_noticed(copy, mutant)
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
            if not killed:
                survivors.append(mutant)
    return tried, survivors


def _is_noticed(copy: Path, mutant: Mutant) -> bool:
    original = (copy / mutant.path).read_text()
    (copy / mutant.path).write_text(mutant.text)
    names = GUARDS.get(str(mutant.path), "").split()
    where = [path for path in sorted((copy / "tests").rglob("test_*.py")) if any(name in path.name for name in names)]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *map(str, where)]
    try:
        done = subprocess.run(
            command, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, check=False, timeout=900
        )
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        (copy / mutant.path).write_text(original)


def _report(tried: int, survivors: list[Mutant]) -> int:
    known = KNOWN.read_text() if KNOWN.exists() else ""
    unexplained = [one for one in survivors if one.name not in known]
    share = 100 * (tried - len(survivors)) / tried if tried else 100.0
    print(f"{tried} mutants, {tried - len(survivors)} killed ({share:.1f} %), {len(unexplained)} not explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
