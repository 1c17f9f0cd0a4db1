"""What a plan tells: on a narrow terminal, as JSON, as CSV and LDIF, for a configuration nobody has adopted yet."""

import csv
import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from engine.connectors.base import Connector
from engine.planning.targets import PlannedConnector
from tests.workspace import Workspace
from tui.demo.people import people
from tui.demo.workspace import make_workspace

COLUMNS = ["phase", "system", "type", "name", "dn", "operation", "attribute", "old", "new"]


@pytest.fixture
def files(tmp_path: Path) -> Workspace:
    config = make_workspace(tmp_path / "work", people(12), None, demo=False).read_text()
    return Workspace(tmp_path / "work", config, {"COLUMNS": "80"})


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def change_rows(files: Workspace, **changes: str) -> None:
    rows = list(people(12))
    rows[0].update(changes)
    files.csv("hr.csv", rows)


def test_a_narrow_terminal(files: Workspace) -> None:
    said = files("plan")
    told = said[said.index("\nimport hr: ") :]
    assert max(map(cell_len, told.splitlines())) <= 80
    assert "  … and 13 more: --limit 0 shows, --out FILE writes all of them" in told
    assert "  Create people\n      ou=people,dc=example,dc=org\n      description  + D00\n" in told
    assert said.splitlines()[-1] == "This is a plan: nothing was written, neither to the store nor to any system."
    assert "more: --limit" not in files("plan", "--limit", "0")


def test_hostile_values_are_shown_as_what_they_are(files: Workspace) -> None:
    files("run")
    change_rows(files, title="\x1b[2J[bold]x\u202e", first_name="x\nchangetype: delete")
    said = files("plan")
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "␛[2J[bold]x⟨U+202E⟩" in said


def test_json_has_one_shape(files: Workspace) -> None:
    document = files.json("plan", "nightly")
    assert set(document) == {"profile", "store", "result", "exit_status", "waiting", "steps", "changes"}
    assert (document["profile"], document["result"], document["exit_status"]) == ("nightly", "success", 0)
    for step in document["steps"]:
        assert set(step) == {
            "phase",
            "system",
            "result",
            "message",
            "statistics",
            "simulated",
            "errors",
            "changes",
            "first_errors",
        }
    for change in document["changes"]:
        assert [name for name in (*COLUMNS[:6], "id", "outcome", "error", "attributes") if name not in change] == []
        for one in change["attributes"]:
            assert set(one) == {"name", "old", "new"}
            assert isinstance(one["old"], list)
            assert isinstance(one["new"], list)
    by_step = {f"{one['phase']} {one['system']}".strip(): one["changes"] for one in document["steps"]}
    assert sum(by_step.values()) == len(document["changes"])
    assert by_step["export directory"] == 23
    assert by_step["evaluate"] == 0, "what is sent is told where it is sent"


def test_csv_reads_back_and_computes_nothing(files: Workspace) -> None:
    files("run")
    change_rows(files, title="=HYPERLINK(1)", last_name="-1+1", location="@x", phones="+43 1|+43 2", contract="'quoted")
    files("plan", "--out", "plan.csv")
    rows = read_csv(files.folder / "plan.csv")
    assert list(rows[0]) == COLUMNS
    assert (files.folder / "plan.csv").stat().st_mode & 0o777 == 0o600
    new = {row["attribute"]: row["new"] for row in rows if row["phase"] == "import"}
    assert new["title"] == "'=HYPERLINK(1)"
    assert new["last_name"] == "'-1+1"
    assert new["location"] == "'@x"
    assert new["phones"] == "'+43 1 | +43 2"
    assert new["contract"] == "''quoted", "taking one apostrophe away gives every value back"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row.values())
    document = files.json("plan")
    expected = [
        [change["phase"], change["system"], change["type"], one["name"], len(one["old"]), len(one["new"])]
        for change in document["changes"]
        for one in change["attributes"]
    ]
    counts = [
        [row["phase"], row["system"], row["type"], row["attribute"]]
        + [cell.count(" | ") + 1 if cell else 0 for cell in (row["old"], row["new"])]
        for row in rows
        if row["attribute"]
    ]
    assert counts == expected


def test_ldif_cannot_be_made_to_say_more(files: Workspace) -> None:
    files("run")
    change_rows(files, first_name="x\n\ndn: dc=example,dc=org\nchangetype: delete\n\n", department="a\ndn: x")
    files("plan", "--out", "plan.ldif", status=None)
    lines = (files.folder / "plan.ldif").read_text().splitlines()
    assert "changetype: delete" not in lines
    assert not any(line.startswith("dn: dc=example") for line in lines)


@pytest.mark.usefixtures("store_file")
def test_what_is_not_ours_to_write_is_refused_before_anything_is_planned(files: Workspace) -> None:
    files("run")
    config = (files.folder / "interlock.toml").read_text().replace("hr.csv", "./hr.csv")
    files.configure(config)
    os.link(files.folder / "hr.csv", files.folder / "link.csv")
    (files.folder / "symbolic.csv").symlink_to("hr.csv")
    (files.folder / "folder.csv").mkdir()
    before = {path.name: path.read_bytes() for path in files.folder.iterdir() if path.is_file()}
    for name in ("hr.csv", "departments.csv", "directory.ldif", "link.csv", "symbolic.csv"):
        assert "belongs to what is planned" in files("plan", "--out", name, status=2)
    for name in ("interlock.db", "interlock.toml", "plan.txt", "plan"):
        assert "a plan is written as .csv or .ldif" in files("plan", "--out", name, status=2)
    assert "is a folder" in files("plan", "--out", "folder.csv", status=2)
    assert "does not exist" in files("plan", "--out", "nowhere/plan.csv", status=2)
    assert {path.name: path.read_bytes() for path in files.folder.iterdir() if path.is_file()} == before
    renamed = config.replace('"interlock.db"', '"store.csv"')
    (files.folder / "interlock.db").rename(files.folder / "store.csv")
    files.configure(renamed)
    for name in ("store.csv",):
        assert "belongs to what is planned" in files("plan", "--out", name, status=2)


def test_a_plan_takes_the_place_of_an_earlier_one(files: Workspace) -> None:
    path = files.folder / "plan.csv"
    path.write_text("earlier")
    path.chmod(0o644)
    files("plan", "--out", "plan.csv", "--json")
    assert read_csv(path)[0]["phase"] == "import"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in files.folder.glob(".plan*")] == []


def test_references_are_told_by_the_objects_they_name(files: Workspace) -> None:
    config = (files.folder / "interlock.toml").read_text()
    config = config.replace('phones = "text[]" }', 'phones = "text[]", manager = "reference" }')
    config = config.replace('telephoneNumber = "text[]" }', 'telephoneNumber = "text[]", manager = "reference" }')
    config = config.replace('contract = "contract"', 'contract = "contract"\nmanager = "manager"')
    files.configure(config.replace('employeeType = "contract"', 'employeeType = "contract"\nmanager = "manager"'))
    rows = [{**row, "manager": ""} for row in people(12)]
    rows[1]["manager"] = rows[2]["employee_id"]
    files.csv("hr.csv", rows)
    plan = files.json("plan", "--out", "plan.ldif")
    managers: dict[str, list[list[str]]] = {}
    for change in plan["changes"]:
        for one in change["attributes"]:
            if one["name"] == "manager":
                managers.setdefault(change["phase"], []).append(one["new"])
    mvo = next(one["id"] for one in plan["changes"] if one["system"] == "metaverse" and _number(one) == "E000003")
    dn = next(one["dn"] for one in plan["changes"] if one["phase"] == "export" and _number(one) == "E000003")
    assert managers == {"import": [["E000003"]], "sync": [[mvo]], "export": [[dn]]}
    files("run")
    assert f"manager: {dn}" in (files.folder / "directory.ldif").read_text().replace("\n ", "")
    assert f"manager: {dn}" in (files.folder / "plan.ldif").read_text().replace("\n ", "")
    assert files.json("plan")["changes"] == []


def _number(change: dict[str, Any]) -> str | None:
    """Give the employee number that a change gives to its object."""
    numbers = (one["new"] for one in change["attributes"] if one["name"] in ("employee_id", "employeeNumber"))
    return next(numbers, [None])[0]


NEW_RULE = """
[[rules]]
name = "titles"
from = "metaverse.person"
to = "directory.person"
[rules.flow]
description = "Works in {{ department }}"
"""


UNLIMITED = """
[systems.hr.changes]
max_percent = 100
[systems.directory.changes]
max_percent = 100
"""


@pytest.mark.parametrize(
    ("old", "new", "operations", "names"),
    [
        ("[profiles.nightly]", NEW_RULE + "\n[profiles.nightly]", {"Update"}, {"description"}),
        ('title = "title"\ndepartmentNumber', "departmentNumber", set(), set()),
        ('displayName = "display_name"', 'displayName = "{{ last_name }}"', {"Update"}, {"displayName"}),
        ("scope = \"status == 'active'\"", "scope = \"status == 'active' and location != 'Lisboa'\"", set(), set()),
    ],
)
def test_a_configuration_is_planned_before_it_is_adopted(
    files: Workspace, old: str, new: str, operations: set[str], names: set[str]
) -> None:
    files.configure((files.folder / "interlock.toml").read_text() + UNLIMITED)
    files("run")
    config = (files.folder / "interlock.toml").read_text()
    assert old in config
    (files.folder / "new.toml").write_text(config.replace(old, new))
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    plan = files.json("plan", "--config", "new.toml")
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before
    assert files.json("plan")["changes"] == [], "the configuration in force changes nothing"
    sent = [change for change in plan["changes"] if change["outcome"] == "sent"]
    assert {change["operation"] for change in sent} == operations
    assert {one["name"] for change in sent for one in change["attributes"]} == names
    waiting = sum(change["outcome"] == "awaiting approval" for change in plan["changes"])
    assert (waiting > 0) == ("Lisboa" in new)
    files.configure((files.folder / "new.toml").read_text())
    done = json.loads(files("run", "--json"))
    assert [(one["phase"], one["result"], one["statistics"]) for one in plan["steps"]] == [
        (one["phase"], one["result"], {name: count for name, count in one["statistics"].items() if count})
        for one in done["steps"]
    ]


def test_every_step_says_in_a_plan_what_it_says_in_the_run(files: Workspace) -> None:
    with (files.folder / "interlock.toml").open("a") as config:
        config.write('\n[profiles.look]\nsteps = ["delta hr", "import hr", "import directory"]\n')
    files("run")
    planned, run = files.json("plan", "look"), files.json("run", "look")
    assert [step["message"] for step in planned["steps"]] == [step["message"] for step in run["steps"]]


def test_a_plan_asks_a_system_all_that_a_run_asks() -> None:
    asked = {name for name, what in vars(Connector).items() if inspect.isfunction(what)}
    assert asked - {"copy_to"} <= vars(PlannedConnector).keys()
