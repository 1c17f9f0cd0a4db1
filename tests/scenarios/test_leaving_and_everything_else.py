"""Leaving in stages beside everything else that happens: groups, drift, adoption, kills, two rules, two targets."""

import pytest

from tests.dying import killed
from tests.scenarios.conftest import Office
from tests.scenarios.stages import (
    RULE,
    by_scope,
    goes_once_approved,
    in_stages,
    is_disabled,
    is_enabled,
    is_missing_as_agreed,
    is_not_active_any_more,
)
from tests.slapd import SUFFIX


def test_who_is_back_after_the_person_was_deleted_has_the_account_again(office: Office) -> None:
    in_stages(office, "at_start")
    office.run()
    before = office.person("bob")
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")
    office.hires("2", "Bob Noyce", department="Sales")
    office.run()
    assert office.person("bob")["entryUUID"] == before["entryUUID"]
    is_enabled(office, "bob", "2")
    office.runs_in("40d")
    is_enabled(office, "bob", "2")
    office.settled()

    del office.hr["2"]
    office.run()
    office.approve_all("left again")
    office.run()
    is_disabled(office, "bob")
    office.runs_in("69d")
    assert "bob" in office.people()
    office.runs_in("70d")
    assert "bob" not in office.people()
    office.settled()


def test_groups_follow_who_is_moved_and_drop_who_is_deleted(office: Office) -> None:
    by_scope(office)
    groups = office.has_groups()
    groups.add("staff", name="Staff", members="1|2")
    is_not_active_any_more(office)
    assert office.members("staff") == {"ada", "bob"}
    office.runs_in("7d")
    found = office.entry("(&(objectClass=groupOfNames)(cn=staff))")
    assert f"uid=bob,ou=leavers,{SUFFIX}" in found["member"]
    office.runs_in("30d")
    office.approve_all("left")
    office.run()
    office.run()
    assert office.members("staff") == {"ada"}
    office.settled()


def test_what_somebody_edits_does_not_undo_a_stage(office: Office) -> None:
    by_scope(office)
    is_not_active_any_more(office)
    _enable_by_hand(office, "people")
    office.runs_in("1d")
    is_disabled(office, "bob")
    office.runs_in("7d")
    back = f"newrdn: uid=bob\ndeleteoldrdn: 0\nnewsuperior: ou=people,{SUFFIX}"
    office.slapd.modify(f"dn: uid=bob,ou=leavers,{SUFFIX}\nchangetype: modrdn\n{back}\n")
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("30d")
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    _enable_by_hand(office, "leavers")
    office.runs_in("31d")
    is_disabled(office, "bob", "leavers")
    assert [one["state"] for one in office.json("review")] == ["open"]
    office.run()
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]
    goes_once_approved(office)


def _enable_by_hand(office: Office, unit: str) -> None:
    change = "changetype: modify\nreplace: employeeType\nemployeeType: active"
    office.slapd.modify(f"dn: uid=bob,ou={unit},{SUFFIX}\n{change}\n")


def test_an_adopted_account_leaves_as_any_other(office: Office) -> None:
    office.slapd.add(
        f"dn: uid=bob,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob\nsn: Noyce\nemployeeNumber: 2\n"
    )
    in_stages(office)
    office.run()
    before = office.person("bob")
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    is_disabled(office, "bob")
    office.runs_in("30d")
    assert office.person("bob")["entryUUID"] == before["entryUUID"]
    is_disabled(office, "bob", "leavers")
    goes_once_approved(office)


def test_nobody_is_given_an_account_who_has_left_by_date(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.runs_in("1d")
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]
    office.settled()


def test_who_has_left_before_the_account_was_created_gets_none(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    for phase in ("import hr", "import directory", "sync", "evaluate"):
        office("step", *phase.split())
    office.runs_in("1d")
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [7, 11, 15, 18, 21, 24])
def test_a_kill_between_steps_costs_no_stage(office: Office, at: int, *, after: bool) -> None:
    in_stages(office, "at_start")
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    killed(office, "run", at=at, after=after)
    office.runs_in("1d")
    is_disabled(office, "bob")
    office.shift = "8d"
    killed(office, "run", at=at, after=after)
    office.run()
    is_disabled(office, "bob", "leavers")
    office.shift = "31d"
    killed(office, "run", at=at, after=after)
    office.run(None)
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    assert office.query("SELECT state FROM review_items WHERE state = 'open'") == []
    office.settled()


def test_two_rules_to_one_target_keep_the_account_until_the_last_wants_it_no_more(office: Office) -> None:
    by_scope(office)
    guests = {"name": "guests", "from": "metaverse.person", "to": "directory.person", "flow": {"title": "title"}}
    office.rules.append(guests | {"scope": "department == 'Sales'"})
    is_not_active_any_more(office)
    assert office.person("bob")["title"] == ["Clerk"]
    assert office.person("bob")["dn"] == [f"uid=bob,ou=people,{SUFFIX}"]
    office.hr["2"]["department"] = "IT"
    office.runs_in("7d")
    is_disabled(office, "bob")
    office.runs_in("13d")
    is_disabled(office, "bob")
    office.runs_in("14d")
    is_disabled(office, "bob", "leavers")


def test_a_rule_that_is_changed_counts_for_who_is_leaving(office: Office) -> None:
    rule = in_stages(office, scope="status == 'active'")
    is_not_active_any_more(office)
    rule["leaving"][1]["after"] = "3d"
    rule["disable"]["title"] = {"constant": "former"}
    office.runs_in("4d")
    is_disabled(office, "bob", "leavers")
    assert office.person("bob")["title"] == ["former"]
    del rule["leaving"], rule["disable"]
    rule["deprovision"] = "disconnect"
    office.run()
    is_disabled(office, "bob", "leavers")
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]
    assert office.query("SELECT mvo_id FROM objects WHERE secondary_id LIKE 'uid=bob,%'") == [(None,)]
    office.settled()


def test_a_delete_stage_is_held_by_the_look_before_deleting_as_any_delete(office: Office) -> None:
    rule = in_stages(office, "at_start", scope="status == 'active'")
    rule["leaving"] = [rule["leaving"][0], rule["leaving"][2]]
    office.systems["directory"]["deletions"] = {"max_count": 1, "max_percent": 100}
    office.run()
    for number in ("2", "3"):
        office.hr[number]["status"] = "left"
    office.run()
    office.approve_all("left")
    office.shift = "30d"
    office.run(3)
    assert {"bob", "cleo"} <= office.people()
    run = max(one["id"] for one in office.json("runs"))
    office("review", "release", run, "--count", "2", "--reason", "both left")
    office.run()
    assert office.people() == {"ada", "dan"}


def test_a_withdrawn_approval_at_the_start_deletes_nobody(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    (item,) = office.json("review")
    office.approve_all("left")
    office("review", "withdraw", item["id"], "--reason", "wrong person")
    office.runs_in("30d")
    office.run()
    assert "bob" in office.people()
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "still needed")
    office.runs_in("40d")
    is_disabled(office, "bob", "leavers")
    assert office.json("review") == []
    assert office.json("exports") == []
    office.settled()


def test_the_withdrawn_approval_of_an_absence_deletes_nobody_later(office: Office) -> None:
    in_stages(office, "at_start")
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    office.approve_all("left")
    office.run()
    office("review", "withdraw", item["id"], "--reason", "wrong person")
    office.runs_in("30d")
    office.run()
    assert "bob" in office.people()
    assert [one["kind"] for one in office.json("review")] == ["delete"]


def test_a_plan_tells_the_days_of_every_stage(office: Office) -> None:
    by_scope(office)
    office.run()
    office.hr["2"]["status"] = "left"
    changes = office.json("plan")["changes"]
    (told,) = [one for one in changes if one["operation"] == "leave"]
    days = {one["name"]: one["new"] for one in told["attributes"]}
    assert days == {"disabled": [office.day("0d")], "moved": [office.day("7d")], "deleted": [office.day("30d")]}
    office.run()
    office.hr["2"]["status"] = "active"
    assert [one["operation"] for one in office.json("plan")["changes"] if one["operation"] in ("leave", "stay")] == [
        "stay"
    ]
    assert office.rule(RULE)["leaving"]


def test_a_name_is_free_once_its_account_has_moved_on(office: Office) -> None:
    by_scope(office)
    is_not_active_any_more(office)
    office.hires("5", "Bob Barker", department="IT")
    office.shift = "6d"
    office.run(1)
    assert office.codes() == ["existing-object"]
    office.runs_in("7d")
    found = office.slapd.search("(uid=bob)", "employeeNumber")
    numbers = {dn: entry["employeeNumber"] for dn, entry in found.items()}
    assert numbers == {f"uid=bob,ou=leavers,{SUFFIX}": ["2"], f"uid=bob,ou=people,{SUFFIX}": ["5"]}


def test_who_is_gone_is_let_go_of_after_the_last_stage(office: Office) -> None:
    rule = in_stages(office)
    del rule["leaving"][2]
    is_missing_as_agreed(office)
    office.run()
    assert office.query("SELECT count(*) FROM metaverse") == [(4,)]
    office.runs_in("7d")
    office.run()
    is_disabled(office, "bob", "leavers")
    assert office.query("SELECT count(*) FROM metaverse") == [(3,)]
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]
    office.settled()


def test_the_last_stage_may_let_go(office: Office) -> None:
    rule = in_stages(office, scope="status == 'active'")
    rule["leaving"][2] = {"after": "30d", "do": "disconnect"}
    is_not_active_any_more(office)
    office.runs_in("30d")
    office.run()
    assert office.query("SELECT mvo_id FROM objects WHERE secondary_id LIKE 'uid=bob,%'") == [(None,)]
    assert office.json("review") == []
    assert office.query("SELECT count(*) FROM leaving") == [(0,)]


def test_each_target_has_stages_of_its_own(office: Office) -> None:
    in_stages(office)
    office.metaverse["person"]["deletion"]["grace"] = "10d"
    office.systems["badges"] = {
        "connector": "csv",
        "objects": {"badge": {"path": "badges.csv", "external_id": "id"}},
        "deletions": {"max_percent": 100},
    }
    (office.folder / "badges.csv").write_text("id,name\n")
    badges = {"name": "badges", "from": "metaverse.person", "to": "badges.badge", "provision": True}
    office.rules.append(badges | {"deprovision": "delete", "flow": {"id": "employee_id", "name": "display_name"}})
    is_missing_as_agreed(office)
    is_disabled(office, "bob")
    assert "Bob Noyce" in (office.folder / "badges.csv").read_text()
    office.runs_in("11d")
    is_disabled(office, "bob", "leavers")
    assert "Bob Noyce" not in (office.folder / "badges.csv").read_text()
    office.runs_in("30d")
    assert [one["system"] for one in office.json("review")] == ["directory"]
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


def test_who_has_a_date_goes_on_from_it_when_the_row_is_gone(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    is_disabled(office, "bob")
    office.hr["2"]["title"] = "Former clerk"
    office.runs_in("2d")
    assert office.person("bob")["title"] == ["Former clerk"]
    del office.hr["2"]
    office.runs_in("5d")
    (item,) = office.json("review")
    assert f"deleted on {office.day('31d')}" in office("show", item["id"])
    office.approve_all("left")
    office.run()
    office.runs_in("8d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("31d")
    goes_once_approved(office)


def test_what_is_no_date_is_told_and_nobody_leaves(office: Office) -> None:
    in_stages(office, leaving_from="{{ title }}")
    office.hr["2"]["title"] = ""
    for number in ("1", "3", "4"):
        office.hr[number]["title"] = office.day("100d")
    office.run()
    office.hr["3"]["title"] = "soon"
    office.run(1)
    assert office.codes() == ["expression-error"]
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    office.hr["3"]["title"] = office.day("99d")
    office.run()
    office.settled()
