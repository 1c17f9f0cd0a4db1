"""What a monitoring system is told: `interlock metrics`, and the log of a run as JSON lines."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.accounts_file import CONFIG, with_accounts, write_people
from tests.inside import Inside
from tests.workspace import INTERLOCK

MORE = """
[profiles.nightly]
steps = ["import hr", "sync", "evaluate", "export out", "confirm out"]
at = "02:30"
[systems.hr.deletions]
max_count = 100
max_percent = 100
"""


@pytest.fixture
def site(tmp_path: Path) -> Inside:
    site = with_accounts(tmp_path / "ws", [{"id": str(one), "name": f"Name {one}"} for one in range(4)], MORE)
    site("run", "nightly")
    return site


def figures(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Read metrics as Prometheus would: name → label values, in the order of their names → figure."""
    return {
        family.name: {tuple(one.labels.values()): one.value for one in family.samples}
        for family in text_string_to_metric_families(text)
    }


def test_the_figures_are_those_of_the_lists(site: Inside) -> None:
    write_people(site, [{"id": str(one), "name": f"Name {one}"} for one in range(3)])
    site("run", "nightly", status=None)
    found = figures(site("metrics"))
    assert found["interlock_objects"][("Obsolete", "hr", "person")] == 1
    assert found["interlock_metaverse_objects"][("person",)] == 4
    assert found["interlock_review_items_waiting"][()] == len(site.json("review"))
    assert found["interlock_todo_groups"][("review",)] == 1
    assert found["interlock_profile_late"][("nightly",)] == 0
    last = site.json("runs", "--limit", "1")[0]
    assert found["interlock_profile_last_result"] == {("nightly", last["result"]): 1}
    assert found["interlock_step_last_objects"][("import", "hr")] == 3
    assert set(found["interlock_import_last_complete_timestamp_seconds"]) == {("hr",), ("out",)}
    assert found["interlock_run_open"][()] == 0


def test_a_store_in_which_nothing_has_happened_has_figures(tmp_path: Path) -> None:
    site = Inside(tmp_path / "ws", CONFIG + MORE)
    write_people(site, [{"id": "1", "name": "Ada"}])
    found = figures(site("metrics"))
    assert found["interlock_review_items_waiting"][()] == 0
    assert "interlock_objects" not in found
    assert found["interlock_profile_late"][("nightly",)] == 1


def test_they_are_written_after_each_run(site: Inside, tmp_path: Path) -> None:
    site.configure(CONFIG + MORE + f'[metrics]\nfile = "{tmp_path}/interlock.prom"\n')
    site("run", "nightly")
    found = figures((tmp_path / "interlock.prom").read_text())
    assert found["interlock_objects"][("Normal", "out", "person")] == 4
    assert [path.name for path in tmp_path.glob("*prom*")] == ["interlock.prom"]
    assert (tmp_path / "interlock.prom").stat().st_mode & 0o777 == 0o644, "whoever collects them is somebody else"
    site("metrics", "--file", str(tmp_path / "more.prom"))
    assert figures((tmp_path / "more.prom").read_text())["interlock_objects"] == found["interlock_objects"]


@pytest.mark.parametrize("name", ["interlock.db", "interlock.toml", "hr.csv", "out.ldif", "."])
def test_they_are_written_over_nothing_else(site: Inside, name: str) -> None:
    path = site.folder / name
    before = path.read_bytes() if path.is_file() else None
    assert "something else than metrics" in site("metrics", "--file", str(path), status=4)
    site.configure((site.folder / "interlock.toml").read_text() + f'\n[metrics]\nfile = "{name}"\n')
    before = path.read_bytes() if name == "interlock.toml" else before
    assert "something else than metrics" in site("run", "nightly")
    assert path.is_dir() or path.read_bytes()[:9] == (before or b"")[:9]
    assert site.json("objects")


def test_a_run_does_not_fail_for_them(site: Inside) -> None:
    site.configure(CONFIG + MORE + '[metrics]\nfile = "nowhere/interlock.prom"\n')
    assert "nowhere/interlock.prom: the metrics cannot be written: No such file or directory" in site("run", "nightly")
    assert "cannot be written" in site("metrics", "--file", "nowhere/x.prom", status=4)


# ---------------------------------------------------------------------------------- the log


def log_of(site: Inside, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    code, out, err = site.main(*arguments, "--log-format", "json")
    assert code == status, err
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_run_is_a_log(site: Inside) -> None:
    write_people(site, [{"id": "", "name": "Nobody"}, *[{"id": str(one), "name": "Ada"} for one in range(4)]])
    lines = log_of(site, "run", "nightly", status=1)
    assert [one["event"] for one in lines][:2] == ["run-started", "step-started"]
    assert lines[-1] | {"event": "run-finished", "level": "warning"} == lines[-1]
    assert {one.get("run") for one in lines} == {site.json("runs", "--limit", "1")[0]["id"]}
    (error,) = [one for one in lines if one["event"] == "object-error"]
    (told,) = site.errors()
    assert {name: error[name] for name in ("code", "message", "advice", "position")} == {
        name: told[name] for name in ("code", "message", "advice", "position")
    }
    assert (error["phase"], error["system"], error["level"]) == ("import", "hr", "error")
    finished = [one for one in lines if one["event"] == "step-finished"]
    assert [(one["phase"], one["result"]) for one in finished] == [
        (one["phase"], one["result"]) for one in site.json("show", lines[0]["run"])["steps"]
    ]


def test_what_ends_it_early_is_a_line_too(site: Inside) -> None:
    (line,) = log_of(site, "run", "weekly", status=2)
    assert (line["level"], line["message"]) == ("error", "no profile 'weekly' is configured; there are: nightly")
    site.configure("nonsense")
    (line,) = log_of(site, "step", "import", status=2)
    assert "interlock.toml" in line["message"]


def test_a_document_may_be_asked_for_beside_it(site: Inside) -> None:
    code, out, err = site.main("run", "nightly", "--json", "--log-format", "json")
    assert code == 0
    assert json.loads(out)["result"] == "success"
    assert json.loads(err.splitlines()[-1])["event"] == "run-finished"


def test_a_run_goes_on_where_nobody_reads_its_log(site: Inside) -> None:
    write_people(site, [{"id": str(one), "name": f"Other {one}"} for one in range(4)])
    reader, writer = os.pipe()
    os.close(reader)
    command = [*INTERLOCK, "run", "nightly", "--log-format", "json"]
    done = subprocess.run(command, cwd=site.folder, env=site.env, stderr=writer, stdout=subprocess.DEVNULL, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert site.json("runs", "--limit", "1")[0]["result"] == "success"
