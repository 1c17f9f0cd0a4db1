"""Everything that somebody does is in the audit log: who, from where, what, why; the command line proves it whole."""

import json
import stat
import subprocess

import pytest

from tests.console.office import let_leave, make_office
from tests.inside import Inside
from tests.workspace import INTERLOCK, Workspace

pytestmark = pytest.mark.usefixtures("either_store")


def _inside(office: Workspace) -> Inside:
    return Inside(office.folder, (office.folder / "interlock.toml").read_text())


def _actions(office: Workspace) -> list[tuple[str, str]]:
    return [(one["action"], one["subject"]) for one in office.json("audit", "show", "--limit", "0")]


def test_decisions_runs_joins_queue_and_configuration_are_written_down(tmp_path) -> None:
    office = _inside(make_office(tmp_path / "office"))
    office("run")
    office("audit", "verify")
    assert _actions(office) == [("configuration", "first seen"), ("run", "run-1"), ("run-ended", "run-1")]

    let_leave(office, 2)
    office("run")
    office("review", "approve", "rev-1", "--reason", "left")
    office("review", "withdraw", "rev-1", "--reason", "not yet")
    office("review", "keep", "rev-1", "--reason", "stays")
    office("review", "defer", "rev-2", "--reason", "ask HR")
    office("exclude", "cso-5", "--reason", "a robot")
    office("include", "cso-5", "--reason", "no robot")
    office("disconnect", "cso-6", "--reason", "wrong")
    named = [action for action, _ in _actions(office)][5:]
    assert named == ["approve", "withdraw", "keep", "defer", "excluded", "included", "disconnected"]

    office.configure((office.folder / "interlock.toml").read_text() + "\n[review]\nhandful = 7\n")
    let_leave(office, 40)
    office("run", status=3)
    office("review", "release", "run-3", "--count", "38", "--reason", "the site closed")
    assert [action for action, _ in _actions(office)][12:] == ["configuration", "run", "run-ended", "release"]
    changed = office.json("audit", "show", "audit-13")["details"]["changed"]
    assert changed == {"review.handful": [5, 7]}

    for entry in office.json("audit", "show", "--limit", "0"):
        assert entry["operator"] == "tester"
        assert entry["host"]
        assert "uid " in entry["session"]
    assert "the site closed" in office("audit", "show", "--limit", "1")
    assert "16 entries, whole" in office("audit", "verify")


def test_the_queue_is_written_down(tmp_path) -> None:
    office = _inside(make_office(tmp_path / "office"))
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    for action in ("hold", "retry", "discard"):
        office("exports", action, "exp-1", "exp-2")
    assert _actions(office)[-3:] == [("hold", "2 exports"), ("retry", "2 exports"), ("discard", "2 exports")]
    assert office.json("audit", "show", "audit-8")["details"] == {"exports": [1, 2]}


def test_a_seal_kept_elsewhere_finds_a_cut_end(tmp_path) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    count, seal = office("audit", "seal").split()
    assert count == "3"
    office("audit", "verify", "--seal", seal)
    _cut(office)
    assert "2 entries, whole" in office("audit", "verify")
    assert "audit-3: no entry has the hash of the seal" in office("audit", "verify", "--seal", seal, status=1)


def _cut(office: Workspace) -> None:
    office.without_trigger("audit_is_not_pruned", "audit", "DELETE FROM audit WHERE id = 3")


def test_the_log_is_exported_line_by_line_to_a_new_private_file(tmp_path) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    office("audit", "export", "log.jsonl")
    path = office.folder / "log.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["action"] for entry in entries] == ["configuration", "run", "run-ended"]
    assert "exists already" in office("audit", "export", "log.jsonl", status=2)
    command = [*INTERLOCK, "audit", "export", "-"]
    done = subprocess.run(command, cwd=office.folder, env=office.env, capture_output=True, check=True)
    assert done.stdout == path.read_bytes()


def test_damage_is_told_by_name_and_ends_with_one(tmp_path) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    details, why = "X'00ff'", "details cannot be read"  # which SQLite alone keeps in place of a text
    if office.database is not None:
        details, why = "'{}'", "it is not what its hash says"
    edited = f"UPDATE audit SET details = {details}, operator = 'mallory' WHERE id = 2"
    office.without_trigger("audit_is_not_edited", "audit", edited)
    said = office("audit", "verify", status=1)
    assert f"audit-2: it was edited: {why}" in said
    assert "NOT whole" in said
    assert "mallory" in office("audit", "show")
    office("audit", "seal", status=1)
    office("audit", "show", "audit-2")
    office("audit", "show", "audit-9", status=2)
