"""The main job against a real slapd, asserted with ldapsearch: provision, change, move, leave."""

from pathlib import Path

import pytest

from tests.integration.conftest import Office, by_number
from tests.slapd import Slapd


@pytest.fixture
def company(tmp_path: Path, slapd: Slapd) -> Office:
    """A thousand people, provisioned."""
    company = Office(tmp_path / "workspace", slapd, 1000)
    company("run")
    return company


def test_provisions_a_thousand_people_and_marks_nobody_when_it_learns_their_ids(company: Office, slapd: Slapd) -> None:
    found = by_number(slapd.people())
    assert len(found) == 1000
    for row in company.rows:
        _, entry = found[row["employee_id"]]
        assert entry["displayName"] == [f"{row['first_name']} {row['last_name']}"]
        assert entry["departmentNumber"] == [row["department"]]
        assert sorted(entry.get("telephoneNumber", [])) == sorted(row["phones"].split("|") if row["phones"] else [])
    assert company.statuses("directory") == {"Normal": 1011}
    assert company.query("SELECT count(*) FROM transitions WHERE to_status = 'Obsolete'") == [(0,)]
    learned = dict(company.query("SELECT external_id, secondary_id FROM objects WHERE system = 'directory'"))
    uuids = {entry["entryUUID"][0] for entry in slapd.search().values() if "dcObject" not in entry["objectClass"]}
    assert set(learned) == uuids
    assert company.query("SELECT count(*) FROM pending_exports") == [(0,)]


def test_a_second_run_stages_and_sends_nothing(company: Office, slapd: Slapd) -> None:
    before = slapd.search("(objectClass=*)", "*", "+")
    company("run")
    assert company.steps()["evaluate"]["statistics"] == {}
    assert company.steps()["export directory"]["statistics"] == {}
    assert slapd.search("(objectClass=*)", "*", "+") == before


def test_a_changed_title_is_one_modify(company: Office, slapd: Slapd) -> None:
    before = slapd.search("(objectClass=*)", "*", "+")
    company.rows[500]["title"] = "Astronaut"
    company.write()
    company("run")
    assert company.steps()["export directory"]["statistics"] == {"updates": 1}
    after = slapd.search("(objectClass=*)", "*", "+")
    changed = [dn for dn in after if after[dn] != before.get(dn)]
    assert len(changed) == 1
    assert len(after) == len(before)
    assert after[changed[0]]["title"] == ["Astronaut"]
    assert after[changed[0]]["employeeNumber"] == [company.rows[500]["employee_id"]]


def test_a_changed_department_is_one_modrdn_with_the_same_entry(company: Office, slapd: Slapd) -> None:
    number = company.rows[42]["employee_id"]
    old_dn, old = by_number(slapd.people())[number]
    company.rows[42]["department"] = next(
        row["department"] for row in company.rows if row["department"] != company.rows[42]["department"]
    )
    company.write()
    company("run")
    assert company.steps()["export directory"]["statistics"] == {"renames": 1}
    new_dn, new = by_number(slapd.people())[number]
    assert new_dn != old_dn
    assert new["entryUUID"] == old["entryUUID"]
    assert new["departmentNumber"] == [company.rows[42]["department"]]
    assert len(slapd.people()) == 1000


def test_a_truncated_file_is_refused_and_marks_nobody(company: Office, slapd: Slapd) -> None:
    company.write(company.rows[:10])
    said = company("run", status=3)
    assert "990 of 1,000 person objects of 'hr' are missing (99.0 %)" in said
    assert company.steps()["detect hr"]["result"] == "stopped-deletion-threshold"
    assert "sync" not in company.steps()
    assert company.statuses("hr") == {"Normal": 1011}
    assert company("review", "--json").strip() == "[]"
    assert len(slapd.people()) == 1000


def test_an_empty_file_is_an_outage_and_marks_nobody(company: Office, slapd: Slapd) -> None:
    for content in (b"", (company.folder / "hr.csv").read_bytes().splitlines(keepends=True)[0]):
        (company.folder / "hr.csv").write_bytes(content)
        said = company("run", status=3)
        assert "gate 4 (empty answer)" in said
        assert company.statuses("hr") == {"Normal": 1011}
    assert len(slapd.people()) == 1000


def test_a_held_batch_is_released_only_by_its_number_and_only_into_the_review(company: Office, slapd: Slapd) -> None:
    company.write(company.rows[:900])
    company("run", status=3)
    run = company.json("runs", "--limit", "1")[0]["id"]
    assert "holds 100 objects, not 99" in company(
        "review", "release", run, "--count", "99", "--reason", "as agreed", status=2
    )
    assert company.statuses("hr") == {"Normal": 1011}
    company("review", "release", run, "--count", "100", "--reason", "a site was sold")
    assert company.statuses("hr") == {"Normal": 911, "Obsolete": 100}
    company("run", "--from", "sync")
    assert len(slapd.people()) == 1000
