"""What an approval of leaving in stages covers, and what it does not: another day, another object, another state."""

from tests.scenarios.conftest import Office
from tests.scenarios.stages import (
    by_scope,
    goes_once_approved,
    in_stages,
    is_disabled,
    is_missing_as_agreed,
    is_not_active_any_more,
)
from tests.slapd import SUFFIX


def test_an_absence_is_asked_about_again_where_the_rule_deletes_earlier_than_shown(office: Office) -> None:
    rule = in_stages(office, "at_start")
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    rule["leaving"] = [{"after": "0d", "do": "disable"}, {"after": "1d", "do": "delete", "approve": "at_start"}]
    office.run()
    (item,) = office.json("review")
    assert [item["kind"], item["state"]] == ["absence", "open"]
    assert office.person("bob")["employeeType"] == ["active"]
    office.approve_all("left, and soon")
    office.run()
    is_disabled(office, "bob")
    office.runs_in("1d")
    assert "bob" not in office.people()


def test_an_absence_shown_as_asked_later_covers_no_delete_at_once(office: Office) -> None:
    rule = in_stages(office)
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    rule["leaving"] = [{"after": "0d", "do": "delete"}]
    del rule["disable"]
    office.run()
    assert "bob" in office.people()
    (item,) = office.json("review")
    assert [item["kind"], item["state"]] == ["absence", "open"]
    assert [entry[1] for entry in item["consequences"]["deletes"]] == ["directory"]
    goes_once_approved(office)


def test_a_delete_that_was_approved_for_a_day_is_none_at_once(office: Office) -> None:
    rule = in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    office.approve_all("left")
    del rule["leaving"], rule["disable"]
    rule["deprovision"] = "delete"
    office.run()
    assert "bob" in office.people()
    (item,) = office.json("review")
    assert [item["kind"], item["state"]] == ["delete", "open"]
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]


def test_an_absence_that_was_approved_for_a_day_covers_no_delete_at_once(office: Office) -> None:
    rule = in_stages(office, "at_start")
    is_missing_as_agreed(office)
    del rule["leaving"], rule["disable"]
    rule["deprovision"] = "delete"
    office.run()
    assert "bob" in office.people()
    assert [[one["kind"], one["state"]] for one in office.json("review")] == [["delete", "open"]]
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]


def test_the_export_looks_once_more_whether_the_day_has_come(office: Office) -> None:
    in_stages(office, "at_start", leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    office.approve_all("its contract ends")
    office.runs_in("8d")
    office.shift = "31d"
    office("step", "evaluate")
    assert [one["change_type"] for one in office.json("exports")] == ["Delete"]
    office.hr["2"]["end"] = office.day("90d")
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "export", "directory")
    assert "bob" in office.people()
    assert office.json("exports") == []
    office.run()
    assert office.person("bob")["employeeType"] == ["active"]
    assert office.json("review") == []
    office.settled()


def test_in_a_later_stage_too_the_export_looks_once_more(office: Office) -> None:
    in_stages(office, "at_start", leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    office.approve_all("its contract ends")
    office.runs_in("8d")
    office.shift = "31d"
    office("step", "evaluate")
    office.hr["2"]["end"] = office.day("20d")  # over still, but not for thirty days
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "export", "directory")
    assert "bob" in office.people()
    office.run()
    is_disabled(office, "bob", "leavers")
    assert [one["state"] for one in office.json("review")] == ["open"]


def test_who_is_kept_is_disabled_all_the_same(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    office.run()
    office.hr["2"]["status"] = "left"
    for step in ("import hr", "sync", "evaluate"):
        office("step", *step.split())
    (item,) = office.json("review")
    assert [one["change_type"] for one in office.json("exports")] == ["Update"]
    office("review", "keep", item["id"], "--reason", "its mail is needed")
    office.run()
    is_disabled(office, "bob")
    office.runs_in("31d")
    is_disabled(office, "bob", "leavers")
    assert office.json("review") == []
    office.settled()


def test_many_go_at_once_each_with_a_question_of_its_own(office: Office) -> None:
    by_scope(office)
    office.systems["hr"]["changes"] = office.systems["directory"]["changes"] = {"max_percent": 100}
    many = [str(number) for number in range(5, 12)]
    for number in many:
        office.hires(number, f"P{number} Many", department="IT")
    office.run()
    for number in ("2", *many):
        office.hr[number]["status"] = "left"
    office.run()
    office.runs_in("8d")
    office.runs_in("31d")
    assert len(office.json("review")) == 8
    assert {one["status"] for one in office.json("exports")} == {"AwaitingApproval"}
    assert len({one["id"] for one in office.json("exports")}) == 8
    for number in ("1", "3"):
        office.hr[number]["title"] = "Lead"
    office.run()
    assert [office.person(uid)["title"] for uid in ("ada", "cleo")] == [["Lead"], ["Lead"]]
    office.approve_all("the site is closed")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]
    office.settled()


def test_a_name_that_is_taken_there_keeps_the_account_disabled_where_it_is(office: Office) -> None:
    by_scope(office)
    office.slapd.add(f"dn: uid=bob,ou=leavers,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: bob\ncn: B\nsn: B\n")
    is_not_active_any_more(office)
    office.shift = "7d"
    office.run(1)
    assert office.codes() == ["existing-object"]
    disabled = office.entry("(employeeNumber=2)")
    assert [disabled["dn"], disabled["employeeType"]] == [[f"uid=bob,ou=people,{SUFFIX}"], ["gone"]]
    office.shift = "30d"
    office.run(1)
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    office.approve_all("left")
    office.run()
    assert office.slapd.search("(employeeNumber=2)") == {}


def test_nobody_who_edits_the_store_brings_an_approved_day_forward(office: Office) -> None:
    in_stages(office, "at_start")
    is_missing_as_agreed(office)
    office.runs_in("8d")
    long_ago = "2020-01-01T00:00:00.000Z"
    office.edit(
        f"UPDATE leaving SET since = '{long_ago}', gone_at = '{long_ago}', next_at = '{long_ago}'",
        f"UPDATE review_items SET decided_at = '{long_ago}'",
    )
    office.run(None)
    assert "bob" in office.people()
    assert [one["state"] for one in office.json("review")] == ["open"]


def test_what_was_asked_is_not_asked_any_more_where_the_day_moves_away(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    office.runs_in("8d")
    office.runs_in("31d")
    assert len(office.json("review")) == len(office.json("exports")) == 1
    office.hr["2"]["end"] = office.day("20d")
    office.run()
    is_disabled(office, "bob", "leavers")
    assert office.json("review") == []
    assert office.json("exports") == []
    office.runs_in("51d")
    office.approve_all("its contract ended")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_a_stage_that_fails_keeps_nobody_from_being_deleted(office: Office) -> None:
    rule = in_stages(office, scope="status == 'active'")
    rule["leaving"][1]["dn"] = f"uid={{{{ account_name | rdn }}}},ou=nowhere,{SUFFIX}"
    office.systems["directory"]["exports"]["max_retries"] = 0
    is_not_active_any_more(office)
    office.shift = "7d"
    office.run(1)
    office.shift = "30d"
    office.run(None)
    office.run(None)
    is_disabled(office, "bob")
    assert [one["state"] for one in office.json("review")] == ["open"]
    office.approve_all("left")
    office.run(None)
    assert "bob" not in office.people()
    office.run()
    office.settled()


def test_an_open_question_is_answered_by_the_approval_of_the_absence(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    (item,) = office.json("review")
    assert item["kind"] == "delete"
    del office.hr["2"]
    office.runs_in("2d")
    absence = next(one["id"] for one in office.json("review") if one["kind"] == "absence")
    office("review", "approve", absence, "--reason", "left")
    office.run()
    assert office.json("review") == []
    office.runs_in("29d")
    assert "bob" in office.people()
    office.runs_in("30d")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_who_was_kept_is_asked_about_again_once_the_person_is_gone(office: Office) -> None:
    by_scope(office)
    office.rule("people from hr")["scope"] = "department != 'Gone'"
    is_not_active_any_more(office)
    office.runs_in("8d")
    office.runs_in("31d")
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "its mail is needed")
    office.runs_in("32d")
    assert office.json("review") == []
    office.hr["2"]["department"] = "Gone"
    office.run()
    is_disabled(office, "bob", "leavers")
    assert [one["kind"] for one in office.json("review")] == ["delete"]
    office.approve_all("now it may go")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_an_evaluation_that_comes_late_counts_from_when_the_person_went(office: Office) -> None:
    in_stages(office)
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office("step", "sync")
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("30d")
    assert [one["kind"] for one in office.json("review")] == ["delete"]


def test_a_clock_that_was_put_back_keeps_no_account_that_is_to_go(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.shift = "10d"
    office.run()
    office.approve_all("left")
    office("step", "sync")
    office.shift = "9d"
    office("step", "evaluate")
    assert [[one["change_type"], one["status"]] for one in office.json("exports")] == [["Delete", "Pending"]]


def test_a_stage_that_renames_is_not_undone_by_the_flow_to_the_name(office: Office) -> None:
    rule = in_stages(office, leaving_from="end")
    rule["leaving"][1]["dn"] = f"uid=former-{{{{ account_name | rdn }}}},ou=leavers,{SUFFIX}"
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    office.runs_in("8d")
    moved = office.entry("(employeeNumber=2)")
    assert moved["dn"] == [f"uid=former-bob,ou=leavers,{SUFFIX}"]
    office.run()
    assert office.json("exports") == []
    assert office.entry("(employeeNumber=2)") == moved
    office.hr["2"]["end"] = ""
    office.run()
    assert office.person("bob")["dn"] == [f"uid=bob,ou=people,{SUFFIX}"]
    office.settled()


def test_who_cannot_be_computed_is_disabled_all_the_same(office: Office) -> None:
    rule = in_stages(office, leaving_from="end")
    rule["flow"]["title"] = "{{ title | date if department == 'broken' else title }}"
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.hr["2"]["department"] = "broken"
    office.run(1)
    assert office.codes() == ["expression-error"]
    office.runs_in("1d")
    is_disabled(office, "bob")
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")


def test_what_a_stage_owes_in_grace_is_no_error(office: Office) -> None:
    office.has_managers()
    rule = in_stages(office)
    rule |= {"scope": "department != 'External'", "unresolved": "ignore"}
    rule["disable"]["manager"] = "manager"
    office.metaverse["person"]["deletion"]["grace"] = "60d"
    office.hr["3"]["department"] = "External"
    office.hr["2"]["manager"] = "3"
    is_missing_as_agreed(office)
    is_disabled(office, "bob")
    office.runs_in("7d")
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")
