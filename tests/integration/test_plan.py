"""A plan against a real slapd: it writes nothing, it says what the run then does, and its LDIF does the same."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from engine.values.dn import key
from tests import preloaded
from tests.integration.conftest import Office, by_number
from tests.slapd import BASE, SUFFIX, Entries, Slapd

Plan = dict[str, Any]


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Slapd]:
    """A second directory, to which nothing but the plans' LDIF is ever written."""
    server = Slapd(tmp_path / "twin").start()
    server.add(BASE)
    yield server
    server.stop()


class Planner:
    """Plans, looks that nothing was touched, runs, and compares what came of it."""

    def __init__(self, office: Office, slapd: Slapd, twin: Slapd) -> None:
        self.office, self.slapd, self.twin = office, slapd, twin

    def plan(self, *arguments: str, status: int = 0) -> Plan:
        before = self._everything()
        document = self._json("plan", *arguments, status=status)
        assert self._everything() == before, "a plan touches nothing"
        assert document["exit_status"] == status
        return document

    def _json(self, *arguments: str, status: int) -> Plan:
        done = preloaded.run([*arguments, "--json"], cwd=self.office.folder, env=self.office.env)
        assert done.status == status, done.err.decode()
        document: Plan = json.loads(done.out)
        return document

    def _everything(self) -> tuple[Any, Entries]:
        files = {path.name: sha256(path.read_bytes()).hexdigest() for path in self.office.folder.iterdir()}
        files.pop("plan.ldif", None)
        return files, self.slapd.search("(objectClass=*)", "*", "+")

    def plan_and_run(self, status: int = 0) -> Plan:
        before = self.slapd.search("(objectClass=*)", "*")
        plan = self.plan("--out", "plan.ldif", status=status)
        done = self._json("run", status=status)
        after = self.slapd.search("(objectClass=*)", "*")
        assert [_step(one) for one in plan["steps"]] == [_step(one) for one in done["steps"]]
        planned = [(one["code"], one["label"]) for step in plan["steps"] for one in step["first_errors"]]
        assert planned == [(one["code"], one["label"]) for one in done["errors"]]
        assert [(plan["waiting"],)] == self.office.query("SELECT count(*) FROM review_items WHERE state = 'open'")
        assert _carried_out(before, plan) == _comparable(after)
        self.twin.tool("ldapmodify", "-a", "-f", str(self.office.folder / "plan.ldif"))
        assert self.twin.search("(objectClass=*)", "*") == after, "the plan's LDIF does what the run does"
        return plan


@pytest.fixture
def planner(office: Office, slapd: Slapd, twin: Slapd) -> Planner:
    return Planner(office, slapd, twin)


def _step(one: dict[str, Any]) -> tuple[Any, ...]:
    figures = {name: count for name, count in one["statistics"].items() if count}
    return one["phase"], one["system"], one["result"], figures, one["message"]


def sent(plan: Plan) -> list[dict[str, Any]]:
    return [one for one in plan["changes"] if one["outcome"] == "sent"]


def _comparable(entries: Entries) -> dict[str, dict[str, list[str]]]:
    return {
        key(dn): {name: sorted(values) for name, values in entry.items() if name != "objectClass"}
        for dn, entry in entries.items()
    }


def _carried_out(before: Entries, plan: Plan) -> dict[str, dict[str, list[str]]]:
    """Give what the directory should hold if exactly the plan's changes are made, object by object."""
    entries = _comparable(before)
    for change in sent(plan):
        entry = {} if change["operation"] == "Create" else entries.pop(key(change["dn"]))
        dn = change["dn"]
        if change["operation"] == "Delete":
            continue
        for one in change["attributes"]:
            if one["name"] == "dn":
                dn = one["new"][0]
                entries = {_moved(name, key(change["dn"]), key(dn)): found for name, found in entries.items()}
                continue
            assert entry.get(one["name"], []) == sorted(one["old"]), "the old value is what is there"
            entry[one["name"]] = sorted(one["new"])
        entries[key(dn)] = {name: values for name, values in entry.items() if values}
    return entries


def _moved(name: str, old: str, new: str) -> str:
    return name.removesuffix(old) + new if name.endswith("," + old) else name


def test_the_first_run(planner: Planner) -> None:
    plan = planner.plan_and_run()
    assert len(sent(plan)) == 71
    assert {one["operation"] for one in sent(plan)} == {"Create"}
    assert [step["simulated"] for step in plan["steps"] if step["phase"] in ("export", "confirm")] == [True, True]
    assert not any(step["simulated"] for step in plan["steps"] if step["phase"] == "import")
    assert sent(planner.plan_and_run()) == [], "and nothing is left for a second run"


def test_a_day_with_everything(planner: Planner, office: Office) -> None:
    planner.plan_and_run()
    joiner, mover, leaver, editor = (office.rows[number] for number in (10, 20, 30, 40))
    office.rows.append({**joiner, "employee_id": "E9001", "first_name": "Zoë", "phones": "+43 1 1|+43 1 2"})
    mover["department"] = next(row["department"] for row in office.rows if row["department"] != mover["department"])
    mover["last_name"] = "Married"
    editor["phones"], editor["title"] = "+49 30 77|+49 30 78|+49 30 79", ""
    office.rows.remove(leaver)
    office.write()
    plan = planner.plan_and_run()
    assert sorted(one["operation"] for one in sent(plan)) == ["Create", "Rename", "Update"]
    renamed = next(one for one in sent(plan) if one["operation"] == "Rename")
    assert {"dn", "cn", "sn", "departmentNumber"} <= {one["name"] for one in renamed["attributes"]}
    assert [one["operation"] for one in plan["changes"] if one["phase"] == "detect"] == ["obsolete"]
    assert plan["waiting"] == 1

    office("review", "approve", "rev-1", "--reason", "left")
    plan = planner.plan_and_run()
    assert [one["operation"] for one in sent(plan)] == ["Delete"]
    metaverse = [one["operation"] for one in plan["changes"] if one["system"] == "metaverse"]
    assert metaverse == ["delete"]


def test_a_department_that_is_renamed_takes_its_people_with_it(planner: Planner, office: Office) -> None:
    planner.plan_and_run()
    departments = (office.folder / "departments.csv").read_text()
    (office.folder / "departments.csv").write_text(departments.replace("Sales", "Vertrieb"))
    for row in office.rows:
        row["department"] = row["department"].replace("Sales", "Vertrieb")
    office.write()
    plan = planner.plan_and_run()
    assert "Rename" in {one["operation"] for one in sent(plan)}


def test_leaving_the_scope_waits_for_an_approval(planner: Planner, office: Office) -> None:
    planner.plan_and_run()
    office.rows[3]["status"] = "inactive"
    office.write()
    plan = planner.plan_and_run()
    assert sent(plan) == []
    assert [(one["operation"], one["outcome"]) for one in plan["changes"] if one["outcome"]] == [
        ("Delete", "awaiting approval")
    ]
    text = (office.folder / "plan.ldif").read_text()
    assert "# changetype: delete" in text
    assert "\nchangetype: delete" not in text


def test_a_broken_file_is_stopped_in_the_plan_as_it_would_be_in_the_run(planner: Planner, office: Office) -> None:
    planner.plan_and_run()
    office.write(office.rows[:10])
    plan = planner.plan_and_run(status=3)
    assert plan["result"] == "stopped-deletion-threshold"
    assert "50 of 60 person objects" in plan["steps"][-1]["message"]


def test_errors_of_single_objects_are_foreseen(planner: Planner, office: Office, slapd: Slapd, twin: Slapd) -> None:
    planner.plan_and_run()
    taken = f"uid=zsquatter9001,ou=Sales,ou=people,{SUFFIX}"
    squatter = f"dn: {taken}\nobjectClass: account\nuid: zsquatter9001\n"
    slapd.add(squatter)
    twin.add(squatter)
    template = {**office.rows[0], "department": "Sales"}
    office.rows.append({**template, "employee_id": "E9001", "first_name": "Zoe", "last_name": "Squatter"})
    office.rows.append({**template, "employee_id": "E9002", "first_name": "Ann", "department": ""})
    office.rows.append({**template, "employee_id": "E9003", "first_name": "Ben", "department": "Atlantis"})
    office.write()
    plan = planner.plan_and_run(status=1)
    refused = {one["dn"]: one["error"] for one in plan["changes"] if one["outcome"] == "refused"}
    assert refused.pop(taken) == "existing-object"
    assert list(refused.values()) == ["non-existent-parent"]
    assert sent(plan) == []


def test_an_account_that_exists_is_joined_in_the_plan_too(planner: Planner, slapd: Slapd, twin: Slapd) -> None:
    number = planner.office.rows[0]["employee_id"]
    account = f"dn: cn=Old,{SUFFIX}\nobjectClass: inetOrgPerson\ncn: Old\nsn: Old\nemployeeNumber: {number}\n"
    slapd.add(account)
    twin.add(account)
    plan = planner.plan_and_run()
    assert [one["operation"] for one in plan["changes"] if one["phase"] == "evaluate"] == ["join"]
    assert len(by_number(slapd.people())) == 60


def test_what_somebody_changed_in_the_directory_is_read_for_real(planner: Planner, slapd: Slapd, twin: Slapd) -> None:
    planner.plan_and_run()
    dn = by_number(slapd.people())[planner.office.rows[2]["employee_id"]][0]
    for server in (slapd, twin):
        server.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Nobody\n")
    plan = planner.plan_and_run()
    drift = next(one for one in plan["changes"] if one["phase"] == "import")
    assert drift["attributes"] == [
        {"name": "title", "old": [planner.office.rows[2]["title"]], "new": ["Nobody"]},
    ]
    assert [one["operation"] for one in sent(plan)] == ["Update"]


def test_a_plan_of_single_steps(planner: Planner, office: Office) -> None:
    office("step", "import", "hr")
    plan = planner.plan("--from", "sync")
    assert plan["steps"][0]["phase"] == "sync"
    assert len(sent(plan)) == 71
    office("step", "sync")
    office("step", "evaluate")
    plan = planner.plan("--from", "export directory")
    assert len(sent(plan)) == 71
    office("step", "export", "directory")
    plan = planner.plan("--from", "confirm directory")
    assert plan["steps"][0]["simulated"] is False
    assert plan["steps"][0]["statistics"]["exports confirmed"] == 71
    assert plan["changes"] == [], "what was exported and confirmed is no news"
    planner.plan("nightly")
