"""The pins are looked at: a vulnerable one fails, one that nobody looked at is told, and nothing is waited for."""

import datetime
import json
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.house.pins import DAYS, KNOWN, PINS, ask_pip_audit, judge, pinned

TODAY = datetime.date(2026, 11, 27)
REQUIREMENTS = PINS.parent / ".ci" / "requirements.txt"


def _known(version: str, days: int = 0, affected: str = "<2") -> dict[str, object]:
    advisory = {"id": "CVE-1", "package": "A_b", "affected": affected, "what": "it explodes"}
    looked = {"a-b": {"version": version, "at": TODAY - datetime.timedelta(days)}}
    return {"advisories": [advisory], "looked": looked}


def test_a_vulnerable_pin_is_a_fault() -> None:
    found = judge(pinned("A.B==1.9\n"), _known("1.9"), TODAY)
    assert found == (["a-b 1.9 is vulnerable: CVE-1, affects <2: it explodes"], [])
    assert judge(pinned("A.B==2.0\n"), _known("2.0"), TODAY) == ([], [])


def test_a_pin_that_nobody_looked_at_is_told() -> None:
    told = judge(pinned("a-b==2.1\n"), _known("2.0"), TODAY).warnings
    assert told == ["nobody has looked for advisories of a-b 2.1"]
    assert "more than" in judge(pinned("a-b==2.0"), _known("2.0", DAYS + 1), TODAY).warnings[0]
    assert "not pinned" in judge({}, _known("2.0"), TODAY).warnings[0]


def test_no_pin_is_known_to_be_vulnerable() -> None:
    known = tomllib.loads(KNOWN.read_text())
    assert judge(pinned(PINS.read_text()), known, TODAY).faults == []
    assert judge({"pyasn1": "0.6.1", "jinja2": "3.1.5"}, known, TODAY).faults != []
    assert all(one["by"] for one in known["looked"].values())


def _says(**more: object) -> str:
    return f"echo '{json.dumps({'dependencies': [{'name': 'jinja2', 'version': '3.0', **more}]})}'"


def _program(folder: Path, script: str) -> str:
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("script", "fault", "warning"),
    [
        ("sleep 60", "", "no answer (TimeoutExpired)"),
        ("echo 'Connection refused' >&2; exit 1", "", "no answer (JSONDecodeError)"),
        (_says(vulns=[{"id": "CVE-1"}]) + "; exit 1", "jinja2 3.0, says pip-audit: CVE-1", ""),
        (_says(skip_reason="it was not found"), "", "pip-audit knew nothing of 1 of 1 pins"),
        (_says(vulns=[]), "", ""),
    ],
)
def test_pip_audit_is_heard_and_not_waited_for(tmp_path: Path, script: str, fault: str, warning: str) -> None:
    began = time.monotonic()
    found = ask_pip_audit(2, _program(tmp_path, script))
    assert time.monotonic() - began < 20
    assert "".join(found.faults) == fault
    assert warning in "".join(found.warnings)
    assert bool(found.warnings) == bool(warning)


def test_every_pin_has_its_hashes_for_ci() -> None:
    text = REQUIREMENTS.read_text()
    blocks = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert {block.split()[0].lower() for block in blocks} == {line.lower() for line in PINS.read_text().split()}
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_ci_installs_by_hashes() -> None:
    root = PINS.parent
    assert "--require-hashes" in (root / "scripts" / "setup").read_text()
    assert "scripts/setup ci" in (root / ".ci" / "run").read_text()
    subprocess.run(["sh", "-n", str(root / "scripts" / "setup")], check=True)
