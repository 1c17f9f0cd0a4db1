"""Leavers: nothing goes without an approval, and what went is proved gone."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.conftest import Office, by_number
from tests.slapd import Slapd


def test_a_removed_row_waits_and_its_entry_stays_until_it_is_approved(office: Office, slapd: Slapd) -> None:
    office("run")
    leaver = office.rows.pop(7)
    office.write()
    office("run")
    assert office.statuses("hr")["Obsolete"] == 1
    assert leaver["employee_id"] in by_number(slapd.people())
    items = office.json("review")
    name = f"{leaver['first_name']} {leaver['last_name']}"
    assert [item["label"] for item in items] == [f"{name} ({leaver['employee_id']})"]
    assert items[0]["evidence"]["missing_together"] == 1
    assert len(items[0]["consequences"]["deletes"]) == 1

    office("review", "approve", items[0]["id"], "--reason", "left in November")
    office("run")
    assert leaver["employee_id"] not in by_number(slapd.people())
    assert len(slapd.people()) == 59
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]
    assert office.statuses("hr") == {"Normal": 70}
    assert office.statuses("directory") == {"Normal": 70}
    kept = office.query("SELECT system, attributes FROM tombstones ORDER BY id")
    assert [system for system, _ in kept] == ["hr", "directory"]
    assert leaver["last_name"] in kept[0][1]


def test_a_row_that_returns_before_approval_is_normal_again(office: Office, slapd: Slapd) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office.write()
    office("run")
    assert office.statuses("hr") == {"Normal": 71}
    assert office.json("review") == []
    assert [item["state"] for item in office.json("review", "--status", "all")] == ["reappeared"]
    assert len(slapd.people()) == 60


def test_a_row_that_returns_after_approval_but_before_it_is_carried_out_is_normal_again(
    office: Office, slapd: Slapd
) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office("review", "approve", "rev-1", "--reason", "gone")
    office.write()
    office("run")
    assert len(slapd.people()) == 60
    assert office.statuses("hr") == {"Normal": 71}


def test_a_kept_object_is_not_proposed_again_until_it_was_seen(office: Office, slapd: Slapd) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office("review", "keep", "rev-1", "--reason", "on sabbatical")
    office("run")
    assert office.json("review") == []
    assert office.statuses("hr") == {"Normal": 71}
    office.write()
    office("run")
    office.write(office.rows[:-1])
    office("run")
    assert [item["id"] for item in office.json("review")] == ["rev-2"]
    assert len(slapd.people()) == 60


def test_a_withdrawn_approval_carries_nothing_out(office: Office, slapd: Slapd) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office("review", "approve", "rev-1", "--reason", "gone")
    office("review", "withdraw", "rev-1", "--reason", "wrong person")
    office("run")
    assert len(slapd.people()) == 60
    assert [item["state"] for item in office.json("review")] == ["open"]


def test_a_deferred_item_waits_again_later(office: Office) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office("review", "defer", "rev-1", "--reason", "ask HR", "--for", "7d")
    assert office.json("review") == []
    assert [item["state"] for item in office.json("review", "--status", "deferred")] == ["deferred"]
    assert "is over already" in office("review", "defer", "rev-1", "--reason", "ask HR", "--for", "0s", status=2)
    command = [sys.executable, "-m", "tests.later", "8d", "review", "--json"]
    surroundings = office.env | {"PYTHONPATH": str(Path(__file__).parents[2])}
    later = subprocess.run(command, cwd=office.folder, env=surroundings, capture_output=True, check=True)
    assert [item["id"] for item in json.loads(later.stdout)] == ["rev-1"]


def test_a_decision_taken_meanwhile_is_said(office: Office) -> None:
    office("run")
    office.write(office.rows[:-1])
    office("run")
    office("review", "approve", "rev-1", "--reason", "gone")
    said = office("review", "keep", "rev-1", "--reason", "no", status=1)
    assert "decided meanwhile: approved by tester" in said


def test_leaving_scope_asks_before_it_deletes(office: Office, slapd: Slapd) -> None:
    office("run")
    office.rows[3]["status"] = "inactive"
    office.write()
    office("run")
    assert len(slapd.people()) == 60
    assert [item["kind"] for item in office.json("review")] == ["delete"]
    assert office.query("SELECT status FROM pending_exports") == [("AwaitingApproval",)]
    office("run")
    assert len(slapd.people()) == 60

    office("review", "approve", "rev-1", "--reason", "dismissed")
    office("run")
    assert len(slapd.people()) == 59
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]


def test_back_in_scope_withdraws_the_staged_delete(office: Office, slapd: Slapd) -> None:
    office("run")
    office.rows[3]["status"] = "inactive"
    office.write()
    office("run")
    office.rows[3]["status"] = "active"
    office.write()
    office("run")
    assert len(slapd.people()) == 60
    assert office.query("SELECT count(*) FROM pending_exports") == [(0,)]
    assert office.json("review") == []


@pytest.mark.usefixtures("either_store")
def test_the_store_itself_refuses_a_delete_that_nobody_approved(office: Office) -> None:
    office("run")
    office.rows[3]["status"] = "inactive"
    office.write()
    office("run")
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="no live approval covers this delete"):
        office.edit("UPDATE pending_exports SET status = 'Pending'")


@pytest.mark.usefixtures("either_store")
def test_a_delete_under_a_forged_approval_is_sent_back(office: Office, slapd: Slapd) -> None:
    office("run")
    office.rows[3]["status"] = "inactive"
    office.write()
    office("run")
    forged = "UPDATE pending_exports SET approval_id = 1, status = 'Pending'"
    office.without_trigger("delete_is_approved_when_sent", "pending_exports", forged)
    office("step", "export", "directory")
    assert len(slapd.people()) == 60
    assert office.query("SELECT status FROM pending_exports") == [("AwaitingApproval",)]
