"""Whether a version that is pinned in constraints.txt is known to be vulnerable: `python -m tests.house.pins`.

`.ci/advisories.toml` is the list that is looked at: it needs no network. Where pip-audit is installed it is asked as
well, and not waited for long.
"""

import datetime
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINS = ROOT / "constraints.txt"
KNOWN = ROOT / ".ci" / "advisories.toml"
DAYS = 90
"""After so long a pin should be looked at again."""
SECONDS = 30
"""How long pip-audit is waited for."""


class Verdict(NamedTuple):
    """What is wrong with the pins, and what should be looked at."""

    faults: list[str]
    warnings: list[str]


def pinned(text: str) -> dict[str, str]:
    """Read constraints: name → version."""
    found = (Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in found}


def judge(pins: dict[str, str], known: dict[str, Any], today: datetime.date) -> Verdict:
    """Compare pins with the list."""
    faults = [
        f"{name} {pins[name]} is vulnerable: {one['id']}, affects {one['affected']}: {one['what']}"
        for one in known.get("advisories", [])
        if (name := canonicalize_name(one["package"])) in pins and pins[name] in SpecifierSet(one["affected"])
    ]
    looked = {canonicalize_name(name): one for name, one in known.get("looked", {}).items()}
    now = {name: one for name, one in looked.items() if pins.get(name) == one["version"]}
    never = [f"{name} {version}" for name, version in pins.items() if name not in now]
    long_ago = [f"{name} {one['version']}" for name, one in now.items() if (today - one["at"]).days > DAYS]
    told: dict[str, Sequence[str]] = {
        "nobody has looked for advisories of": never,
        f"advisories were looked for more than {DAYS} days ago of": long_ago,
        "not pinned, but in the list": sorted(looked.keys() - pins.keys()),
    }
    return Verdict(faults, [f"{what} {', '.join(names)}" for what, names in told.items() if names])


def ask_pip_audit(seconds: float = SECONDS, program: str | None = None) -> Verdict:
    """Ask pip-audit, where it is installed and reaches its database; it is never waited for longer."""
    beside = Path(sys.executable).parent / "pip-audit"
    found = program or (str(beside) if beside.exists() else shutil.which("pip-audit"))
    if not found:
        return Verdict([], ["pip-audit is not installed: the list alone was looked at"])
    options = ["--requirement", str(PINS), "--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "5"]
    command = [found, *options, "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        listed = json.loads(done.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        return Verdict([], [f"pip-audit gave no answer ({type(error).__name__}): the list alone was looked at"])
    faults = [
        f"{one['name']} {one['version']}, says pip-audit: {', '.join(vuln['id'] for vuln in one['vulns'])}"
        for one in listed
        if one.get("vulns")
    ]
    # without its database it says of each that it is not known, and ends as if all were well
    if skipped := sum("skip_reason" in one for one in listed):
        return Verdict(faults, [f"pip-audit knew nothing of {skipped} of {len(listed)} pins"])
    return Verdict(faults, [])


def main() -> int:
    """Tell what is wrong; give the exit status."""
    found = judge(pinned(PINS.read_text()), tomllib.loads(KNOWN.read_text()), datetime.date.today())
    asked = ask_pip_audit()
    for warning in found.warnings + asked.warnings:
        print(f"pins: {warning}", file=sys.stderr)
    for fault in found.faults + asked.faults:
        print(f"pins: {fault}", file=sys.stderr)
    return 1 if found.faults + asked.faults else 0


if __name__ == "__main__":
    sys.exit(main())
