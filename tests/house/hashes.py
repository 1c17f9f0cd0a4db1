"""Write `.ci/requirements.txt`: every pin of constraints.txt with the hashes of its files, for `--require-hashes`.

pip says what it would install, and its SHA-256, for each Python and platform named here; nothing is installed. On
another platform, pip refuses what is pure of no hash here, which is what hashes are for: add the platform and run this.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict

from packaging.utils import canonicalize_name

from tests.house.pins import PINS, ROOT

OUT = ROOT / ".ci" / "requirements.txt"
LINUX = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64")
PYTHONS = ("3.11", "3.12", "3.13")
HEAD = f"""# What CI installs, by hash: written by scripts/hashes from constraints.txt, for Linux on x86-64 and Python
# {", ".join(PYTHONS)}. Other platforms need other files of the packages that are compiled; their hashes are not here.
"""


def hashes_for(python: str) -> dict[str, set[str]]:
    """Give what pip would install for a Python on Linux: name → hashes."""
    with tempfile.TemporaryDirectory() as nowhere:
        chosen = ["--python-version", python, *(word for one in LINUX for word in ("--platform", one))]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
        command += ["--ignore-installed", "--no-deps", "--only-binary", ":all:", "--target", nowhere, *chosen]
        done = subprocess.run(
            [*command, "--report", "-", "--requirement", str(PINS)], stdout=subprocess.PIPE, text=True, check=True
        )
    found: dict[str, set[str]] = defaultdict(set)
    for one in json.loads(done.stdout)["install"]:
        found[canonicalize_name(one["metadata"]["name"])].add(one["download_info"]["archive_info"]["hashes"]["sha256"])
    return found


def main() -> None:
    """Write the file."""
    every: dict[str, set[str]] = defaultdict(set)
    for python in PYTHONS:
        for name, hashes in hashes_for(python).items():
            every[name] |= hashes
    lines = [HEAD]
    for pin in PINS.read_text().split():
        found = sorted(every[canonicalize_name(pin.partition("==")[0])])
        lines.append(" \\\n    ".join([pin, *(f"--hash=sha256:{one}" for one in found)]) + "\n")
    OUT.write_text("".join(lines))


if __name__ == "__main__":
    main()
