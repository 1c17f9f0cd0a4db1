"""Profiles that run at their times: `interlock schedule`, the units it writes, and who is told when one fails."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.accounts_file import CONFIG, write_people
from tests.inside import Inside

NIGHTLY = """
[profiles.nightly]
steps = ["import hr", "sync"]
at = "02:30"
[profiles."every twenty minutes"]
steps = ["import hr"]
at = ["07..19:00/20", "Sun 12:00"]
[profiles.byhand]
steps = ["sync"]
"""
TWINS = "".join(f'[profiles."{name}"]\nsteps = ["sync"]\nat = "1:00"\n' for name in ("a b", "a-b"))
KEEP = "import sys, pathlib\npathlib.Path('told.json').write_text(sys.stdin.read())\n"


@pytest.fixture
def site(tmp_path: Path) -> Inside:
    site = Inside(tmp_path / "people % $ and accounts", CONFIG + NIGHTLY)
    write_people(site, [{"id": "1", "name": "Ada"}])
    return site


def test_it_lists_when_each_ran_and_runs_next(site: Inside) -> None:
    site("run", "nightly")
    found = {one["profile"]: one for one in site.json("schedule")}
    assert list(found) == ["nightly", "every twenty minutes", "byhand"]
    nightly = found["nightly"]
    assert (nightly["last"]["run"], nightly["last"]["result"], nightly["late"]) == ("run-1", "success", False)
    assert nightly["next"].endswith("T02:30:00.000Z")
    assert found["byhand"] | {"at": []} == found["byhand"]
    assert (found["byhand"]["last"], found["byhand"]["next"], found["byhand"]["late"]) == (None, None, False)
    text = site("schedule")
    assert "nightly" in text
    assert "by hand" in text


def test_the_times_are_those_of_the_stores_time_zone(site: Inside) -> None:
    site.configure(CONFIG + NIGHTLY + '[store]\ntimezone = "Asia/Kolkata"\n')
    assert {one["profile"]: one for one in site.json("schedule")}["nightly"]["next"].endswith("T21:00:00.000Z")


def test_one_that_has_not_begun_at_its_time_is_late(site: Inside) -> None:
    site("run", "nightly")
    assert not [one for one in site.json("todo") if "'nightly' is late" in one["what"]]
    site.shift = "26h"
    (late,) = [one for one in site.json("todo") if "'nightly' is late" in one["what"]]
    assert "it is to run at 02:30, and the last run that was carried through began" in late["what"]
    assert late["since"].endswith("T02:30:00.000Z")
    found = {one["profile"]: one for one in site.json("schedule")}["nightly"]
    assert (found["late"], found["late_since"]) == (True, late["since"])
    site("run", "nightly")
    assert not [one for one in site.json("todo") if "'nightly' is late" in one["what"]]


def test_systemd_takes_the_units(site: Inside, tmp_path: Path) -> None:
    units = tmp_path / "units"
    said = site("schedule", "install", "--to", str(units))
    names = sorted(path.name for path in units.iterdir())
    assert names == [
        "interlock-people-and-accounts-every-twenty-minutes.service",
        "interlock-people-and-accounts-every-twenty-minutes.timer",
        "interlock-people-and-accounts-failed@.service",
        "interlock-people-and-accounts-nightly.service",
        "interlock-people-and-accounts-nightly.timer",
    ]
    assert all(str(units / name) in said for name in names)
    checked = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units.iterdir())], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    service = (units / "interlock-people-and-accounts-nightly.service").read_text()
    assert f"User={pwd.getpwuid(os.getuid()).pw_name}\n" in service
    assert "OnFailure=interlock-people-and-accounts-failed@nightly.service\n" in service


def test_the_command_of_a_unit_runs_the_profile(site: Inside, tmp_path: Path) -> None:
    """As systemd would: its words unquoted, its specifiers resolved."""
    units = tmp_path / "units"
    site("schedule", "install", "--to", str(units))
    service = (units / "interlock-people-and-accounts-every-twenty-minutes.service").read_text()
    (line,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    words = _as_systemd_reads(line.removeprefix("ExecStart="))
    assert words[-4:] == ["run", "every twenty minutes", "--config", str(site.folder / "interlock.toml")]
    done = subprocess.run(words, cwd="/", env=site.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert site.json("schedule")[1]["last"]["result"] == "success"


def _as_systemd_reads(line: str) -> list[str]:
    found = json.loads("[" + ",".join(_words(line)) + "]")
    return [word.replace("$$", "$").replace("%%", "%") for word in found]


def _words(line: str) -> list[str]:
    words, rest = [], line
    while rest := rest.lstrip():
        if rest.startswith('"'):
            end = rest.index('"', 1)
            words.append(rest[: end + 1])
            rest = rest[end + 1 :]
        else:
            word, _, rest = rest.partition(" ")
            words.append(json.dumps(word))
    return words


def test_units_are_written_anew_and_only_ones_own(site: Inside, tmp_path: Path) -> None:
    units = tmp_path / "units"
    site("schedule", "install", "--to", str(units))
    site.configure(CONFIG + NIGHTLY.replace("every twenty minutes", "often"))
    site("schedule", "install", "--to", str(units))
    names = {path.name for path in units.iterdir()}
    assert "interlock-people-and-accounts-often.timer" in names
    assert len(names) == 5
    foreign = units / "interlock-people-and-accounts-new.timer"
    foreign.write_text("[Timer]\n")
    site.configure(CONFIG + NIGHTLY.replace("every twenty minutes", "new"))
    assert "was not written by" in site("schedule", "install", "--to", str(units), status=2)
    assert foreign.read_text() == "[Timer]\n"
    site("schedule", "remove", "--to", str(units))
    assert [path.name for path in units.iterdir()] == [foreign.name]
    assert "holds no units" in site("schedule", "remove", "--to", str(units))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("", "no profile says when it is to run"),
        (TWINS, "one unit"),
    ],
)
def test_what_cannot_be_installed_is_said(site: Inside, tmp_path: Path, more: str, why: str) -> None:
    site.configure(CONFIG + more)
    assert why in site("schedule", "install", "--to", str(tmp_path / "units"), status=2)
    assert not (tmp_path / "units").exists()


def test_a_time_that_is_none_is_refused_with_its_line(site: Inside) -> None:
    site.configure(CONFIG + NIGHTLY.replace("02:30", "half past two"))
    said = site("check", status=2)
    assert "profiles.nightly.at" in said
    assert "'half past two' is no time" in said


# ---------------------------------------------------------------------------------- who is told


@pytest.mark.parametrize(("status", "why"), [("4", "it could not begin"), ("2", "configuration"), ("", "signal")])
def test_people_are_told_of_a_run_that_failed(site: Inside, status: str, why: str) -> None:
    (site.folder / "keep.py").write_text(KEEP)
    hook = f"[notify]\ncommand = {json.dumps([sys.executable, 'keep.py'])}\n"
    site.configure(CONFIG + NIGHTLY + hook)
    (site.folder / "interlock.db").write_bytes(b"no store at all")  # which may be why
    site.env |= {
        "MONITOR_EXIT_STATUS": status,
        "MONITOR_SERVICE_RESULT": "signal",
        "MONITOR_UNIT": "interlock-nightly.service",
    }
    site("schedule", "tell", "every-twenty-minutes")
    told = json.loads((site.folder / "told.json").read_text())
    assert (told["events"], told["profile"]) == (["failed"], "every twenty minutes")
    assert why in told["why"]
    assert "journalctl -u interlock-nightly.service" in told["why"]


@pytest.mark.parametrize("case", ["a gate", "not asked for"])
def test_nobody_is_told_twice_or_unasked(site: Inside, case: str) -> None:
    (site.folder / "keep.py").write_text(KEEP)
    only = 'on = ["gate"]\n' if case == "not asked for" else ""
    site.configure(CONFIG + NIGHTLY + f"[notify]\ncommand = {json.dumps([sys.executable, 'keep.py'])}\n{only}")
    site.env |= {"MONITOR_EXIT_STATUS": "3" if case == "a gate" else "4"}
    site("schedule", "tell", "nightly")
    assert not (site.folder / "told.json").exists()
