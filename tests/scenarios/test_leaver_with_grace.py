"""Somebody leaves: a person approves, thirty days pass, and only then the account goes."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_a_leavers_account_stays_for_the_grace_period_and_goes_after_it(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()

    del office.hr["2"]
    office.run()
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    (item,) = office.json("review")
    assert item["label"] == "Bob Noyce (2)"
    assert item["consequences"]["grace_seconds"] == 30 * 86400

    office.approve_all("left in November")
    office.run()
    assert "bob" in office.people()
    assert office.json("exports") == []

    office.runs_in("29d")
    assert "bob" in office.people()
    assert office.json("exports") == []

    office.runs_in("31d")
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.json("review") == []
    office.settled()


def test_a_grace_period_that_ends_is_no_approval_by_itself(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.rule("people from hr")["scope"] = "status == 'active'"
    office.run()

    office.hr["2"]["status"] = "left"
    office.run()
    assert office.json("review") == []

    office.runs_in("31d")
    assert "bob" in office.people()
    assert [(one["kind"], one["system"]) for one in office.json("review")] == [("delete", "directory")]
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]

    office.approve_all("left in November")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()
