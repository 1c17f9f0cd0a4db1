"""Somebody leaves in stages: disabled at once, moved after a week, deleted after thirty days; a return calls it off."""

import pytest

from tests.scenarios.conftest import Office
from tests.scenarios.stages import (
    by_scope,
    goes_once_approved,
    in_stages,
    is_disabled,
    is_enabled,
    is_missing_as_agreed,
    is_not_active_any_more,
)


def _goes_after_thirty_days(office: Office, reason: str) -> None:
    """See the week, the month and the delete of Bob, who began to leave today."""
    is_disabled(office, "bob")
    assert office.json("review") == []
    assert office.json("exports") == []
    office.runs_in("6d")
    is_disabled(office, "bob")
    office.runs_in("7d")
    is_disabled(office, "bob", "leavers")
    assert office.json("exports") == []
    office.runs_in("29d")
    assert office.json("review") == []
    office.runs_in("30d")
    is_disabled(office, "bob", "leavers")
    (item,) = office.json("review")
    assert item["evidence"]["cause"] == reason
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    office.runs_in("31d")
    assert "bob" in office.people()
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


def test_who_leaves_the_scope_goes_stage_by_stage(office: Office) -> None:
    by_scope(office)
    is_not_active_any_more(office)
    _goes_after_thirty_days(office, "its metaverse object left the rule's scope")


def test_who_is_missing_goes_stage_by_stage_once_that_is_approved(office: Office) -> None:
    in_stages(office)
    office.run()
    del office.hr["2"]
    office.run()
    is_enabled(office, "bob", "2")
    (item,) = office.json("review")
    office.env["COLUMNS"] = "300"
    said = f"disabled now, moved on {office.day('7d')}, deleted on {office.day('30d')}, asked about then"
    assert said in office("show", item["id"])
    assert said in " ".join(office("review").split())
    assert said in office("review", "consequences", item["id"])
    assert item["consequences"]["deletes"] == []
    office.approve_all("left")
    office.run()
    _goes_after_thirty_days(office, "its metaverse object was deleted")
    assert office.query("SELECT count(*) FROM metaverse") == [(3,)]


def test_stages_go_on_while_grace_keeps_the_person(office: Office) -> None:
    in_stages(office)
    office.metaverse["person"]["deletion"]["grace"] = "60d"
    is_missing_as_agreed(office)
    _goes_after_thirty_days(office, "its metaverse object is to be deleted")
    assert office.query("SELECT count(*) FROM metaverse") == [(4,)]
    office.runs_in("61d")
    assert office.query("SELECT count(*) FROM metaverse") == [(3,)]
    office.settled()


def test_who_leaves_by_a_date_works_until_its_midnight(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("10d")
    office.run()
    said = office("explain", office.mvo("2"))
    assert f"deleted on {office.day('41d')}" in said
    office.runs_in("10d")
    is_enabled(office, "bob", "2")
    office.runs_in("11d")
    is_disabled(office, "bob")
    office.runs_in("17d")
    is_disabled(office, "bob")
    office.runs_in("18d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("40d")
    assert office.json("review") == []
    office.runs_in("41d")
    office.approve_all("its contract has ended")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


@pytest.mark.parametrize("day", ["3d", "8d", "31d"])
def test_who_is_back_is_as_before_whatever_the_stage(office: Office, day: str) -> None:
    by_scope(office)
    office.run()
    before = office.person("bob")
    office.hr["2"]["status"] = "left"
    office.run()
    for shift in ("1d", "7d", "30d", day):
        if int(shift[:-1]) <= int(day[:-1]):
            office.runs_in(shift)
    office.hr["2"].update(status="active", title="Director")
    office.run()
    after = office.person("bob")
    assert [after["dn"], after["entryUUID"]] == [before["dn"], before["entryUUID"]]
    assert after["title"] == ["Director"]
    is_enabled(office, "bob", "2")
    assert office.json("review") == []
    office.settled()


def test_an_approval_at_the_start_is_carried_out_on_its_day(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    is_disabled(office, "bob")
    (item,) = office.json("review")
    office.env["COLUMNS"] = "300"
    assert f"deleted on {office.day('30d')} if you approve" in office("show", item["id"])
    office.approve_all("left")
    assert office.json("exports") == []
    office.runs_in("7d")
    is_disabled(office, "bob", "leavers")
    assert "it is approved" in office("explain", office.mvo("2"))
    office.runs_in("29d")
    assert "bob" in office.people()
    office.runs_in("30d")
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.json("review") == []
    assert office.query("SELECT state FROM review_items") == [("carried-out",)]
    office.settled()


def test_an_absence_approved_at_the_start_covers_the_delete_on_its_day(office: Office) -> None:
    in_stages(office, "at_start")
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    assert [entry[1] for entry in item["consequences"]["deletes"]] == ["directory"]
    office.approve_all("left")
    office.run()
    is_disabled(office, "bob")
    office.runs_in("29d")
    assert "bob" in office.people()
    office.runs_in("30d")
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.json("review") == []
    office.settled()


def test_in_grace_too_an_absence_approved_at_the_start_covers_the_delete(office: Office) -> None:
    in_stages(office, "at_start")
    office.metaverse["person"]["deletion"]["grace"] = "60d"
    is_missing_as_agreed(office)
    is_disabled(office, "bob")
    office.runs_in("31d")
    assert office.people() == {"ada", "cleo", "dan"}
    office.hires("2", "Bob Noyce", department="Sales")
    office.run()
    is_enabled(office, "bob", "2")
    assert office.mvo("2") == "mvo-2"
    office.settled()


def test_an_approval_at_the_start_is_void_once_somebody_was_back(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    office.approve_all("left")
    office.hr["2"]["status"] = "active"
    office.runs_in("2d")
    is_enabled(office, "bob", "2")
    office.hr["2"]["status"] = "left"
    office.runs_in("3d")
    assert [one["state"] for one in office.json("review")] == ["open"]
    office.runs_in("40d")
    assert "bob" in office.people()
    office.approve_all("left for good")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_an_approval_at_the_start_is_void_once_the_rule_says_another_day(office: Office) -> None:
    rule = in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    office.approve_all("left")
    rule["leaving"][2]["after"] = "8d"
    office.runs_in("10d")
    assert "bob" in office.people()
    (item,) = office.json("review")
    assert item["state"] == "open"
    assert [one["status"] for one in office.json("exports")] in ([], ["AwaitingApproval"])
    office.approve_all("so it is eight days")
    office.run()
    office.run()
    assert "bob" not in office.people()
    office.settled()


@pytest.mark.parametrize("approve", [None, "at_start"])
def test_a_date_that_hr_moves_moves_every_stage(office: Office, approve: str | None) -> None:
    in_stages(office, approve, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    is_disabled(office, "bob")
    if approve:
        office.approve_all("its contract ends")
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")

    office.hr["2"]["end"] = office.day("5d")  # later, and over all the same
    office.run()
    is_disabled(office, "bob")
    assert [one["state"] for one in office.json("review")] == (["open"] if approve else [])
    office.hr["2"]["end"] = office.day("60d")  # prolonged
    office.run()
    is_enabled(office, "bob", "2")
    assert office.json("review") == []
    office.hr["2"]["end"] = office.day("0d")
    office.runs_in("45d")  # nobody has run for so long
    is_disabled(office, "bob", "leavers")
    assert [one["state"] for one in office.json("review")] == ["open"]
    office.run()
    assert "bob" in office.people()
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    office.approve_all("its contract ended")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_check_tells_the_stages_and_what_would_surprise(office: Office) -> None:
    rule = in_stages(office)
    office.run()
    told = office("check")
    assert "disabled at once, moved after 7 days, deleted after 30 days, asked about then" in told
    assert 'grace = "30d"' in told
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    rule["leaving"][2]["approve"] = "at_start"
    told = office("check")
    assert "deleted after 30 days, asked about at the start" in told
    assert "grace" not in told
    rule["leaving"][1]["dn"] = "uid={{ account_name | rdn }},ou=leavers,dc=elsewhere"
    assert "it moves accounts to 'ou=leavers,dc=elsewhere'" in office("check", status=None)


def test_who_goes_unasked_after_grace_is_asked_about_when_the_delete_is_due(office: Office) -> None:
    in_stages(office, "at_start")
    office.metaverse["person"]["deletion"]["grace"] = "10d"
    office.rule("people from hr")["scope"] = "status == 'active'"
    is_not_active_any_more(office)
    is_disabled(office, "bob")
    assert [one["kind"] for one in office.json("review")] == ["delete"]
    office.runs_in("11d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("31d")
    assert "bob" in office.people()
    assert [one["kind"] for one in office.json("review")] == ["delete"]
    office.run()
    goes_once_approved(office)


def test_a_delete_is_asked_about_by_the_name_that_the_account_has_by_then(office: Office) -> None:
    in_stages(office)
    is_missing_as_agreed(office)
    office.runs_in("31d")  # the week and the month have passed at once
    office.run()
    is_disabled(office, "bob", "leavers")
    (item,) = office.json("review")
    assert "ou=leavers" in item["label"]
    assert ["ou=leavers" in label for _, _, label, _ in item["consequences"]["deletes"]] == [True]
    office.approve_all("left")
    office.run()
    assert "bob" not in office.people()
    office.settled()
