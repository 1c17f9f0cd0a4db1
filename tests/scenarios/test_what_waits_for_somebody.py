"""`interlock todo`: all that waits for a person in groups, since when, where to look; and acknowledging it."""

from typing import Any

from tests.scenarios.conftest import Office
from tests.scenarios.stages import RULE, in_stages
from tests.slapd import SUFFIX


def _todo(office: Office) -> dict[str, dict[str, Any]]:
    """Give what waits, by what it says."""
    return {one["what"]: one for one in office.json("todo")}


def _told(office: Office, *words: str) -> dict[str, Any]:
    """Give the one group that says some words."""
    found = [one for what, one in _todo(office).items() if all(word in what for word in words)]
    assert len(found) == 1, f"{words} in {list(_todo(office))}"
    return found[0]


def _need_a_department(office: Office) -> None:
    """Let the DN of an account need something that HR does not write for everybody."""
    office.rule(RULE)["dn"] = f"uid={{{{ account_name | rdn }}}},ou={{{{ title | rdn }}}},{SUFFIX}"
    office.slapd.add(f"dn: ou=Clerk,{SUFFIX}\nobjectClass: organizationalUnit\nou: Clerk\n")
    for one in office.hr.values():
        one["title"] = "Clerk"


def test_nothing_waits_where_all_is_well(office: Office) -> None:
    office.run()
    assert office.json("todo") == []
    assert office("todo") == "Nothing waits for anybody.\n"


def test_errors_that_say_the_same_are_one_thing_to_do_since_the_first_run(office: Office) -> None:
    _need_a_department(office)
    for number in ("2", "3"):
        office.hr[number]["title"] = ""
    office.run(1)
    first = _told(office, "dn-not-determined", "title")
    assert [first["kind"], first["count"], first["system"]] == ["error", 2, "directory"]
    office.shift = "3d"
    office.run(1)
    again = _told(office, "dn-not-determined", "title")
    assert [again["id"], again["since"]] == [first["id"], first["since"]]
    office.hr["2"]["title"] = "Clerk"
    office.run(1)
    assert _told(office, "dn-not-determined", "title")["count"] == 1
    office.hr["3"]["title"] = "Clerk"
    office.run()
    assert office.json("todo") == []
    office.hr["3"]["title"] = ""
    office.shift = "9d"
    office.run(1)
    assert _told(office, "dn-not-determined")["since"] > again["since"]


def test_what_is_acknowledged_is_told_at_the_end_until_there_is_more_of_it_or_its_time_is_over(office: Office) -> None:
    _need_a_department(office)
    office.hr["2"]["title"] = ""
    office.run(1)
    del office.hr["4"]
    office.run(1)
    error = _told(office, "dn-not-determined")
    assert [one["kind"] for one in office.json("todo")] == ["review", "error"]
    office("todo", "acknowledge", error["id"], "--reason", "no", status=2)
    office("todo", "acknowledge", "todo-00000000", "--reason", "HR knows", status=2)
    review = _told(office, "missing")
    office("todo", "acknowledge", review["id"], "--reason", "HR looks for him", "--until", "2d")
    assert [[one["kind"], one["acknowledged"]] for one in office.json("todo")] == [["error", False], ["review", True]]
    assert "HR looks for him" in office("todo")
    assert "HR looks for him" in office("audit", "show")
    del office.hr["3"]
    office.run(1)
    grown = _told(office, "missing")
    assert [grown["count"], grown["acknowledged"], grown["acknowledgement"]["covers"]] == [2, False, 1]
    office("todo", "acknowledge", grown["id"], "--reason", "both of them", "--until", "2d")
    assert _told(office, "missing")["acknowledged"]
    office.shift = "3d"
    assert _told(office, "missing")["acknowledgement"] is None
    office("todo", "acknowledge", grown["id"], "--reason", "still", "--until", "2d")
    office("todo", "take-back", grown["id"])
    office("todo", "take-back", grown["id"], status=2)
    assert not _told(office, "missing")["acknowledged"]


def test_a_viewer_acknowledges_nothing(office: Office) -> None:
    office.run()
    del office.hr["4"]
    office.run()
    office.roles = {"administrator": ["somebody"], "viewer": ["anybody"]}
    office.env["INTERLOCK_OPERATOR"] = "anybody"
    code, _, err = office.main("todo", "acknowledge", _told(office, "missing")["id"], "--reason", "HR knows")
    assert code != 0
    assert "operator" in err


def test_drift_that_is_only_reported_waits_as_long_as_it_is_there(office: Office) -> None:
    office.rule(RULE)["drift"] = "report"
    office.run()
    dn = f"uid=bob,ou=people,{SUFFIX}"
    before = office.person("bob")["title"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Emperor\n")
    office.run()
    office.run()
    assert _told(office, "drift")["count"] == 1
    office.run()
    assert _told(office, "drift")["kind"] == "drift"
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: {before}\n")
    office.run()
    office.run()
    assert office.json("todo") == []


def test_a_step_that_cannot_begin_waits_since_the_first_time(office: Office) -> None:
    office.run()
    office.slapd.stop()
    office.shift = "1d"
    office.run(4)
    first = _told(office, "directory", "stopped-connectivity") if _stopped(office) else _told(office, "no-start")
    office.shift = "2d"
    office.run(4)
    again = next(one for one in office.json("todo") if one["kind"] == "run")
    assert [again["id"], again["since"]] == [first["id"], first["since"]]
    office.slapd.start()
    office.run()
    assert office.json("todo") == []


def _stopped(office: Office) -> bool:
    return any("stopped-connectivity" in one["what"] for one in office.json("todo"))


def test_a_profile_that_has_not_run_in_time_is_late(office: Office) -> None:
    office.profiles["nightly"] = {"steps": ["import hr", "sync"], "every": "25h"}
    office.run()
    assert "it never ran" in _told(office, "nightly", "late")["what"]
    office("run", "nightly")
    assert office.json("todo") == []
    office.shift = "24h"
    assert office.json("todo") == []
    office.shift = "26h"
    assert "25 hours" in _told(office, "nightly", "late")["what"]
    office("run", "nightly")
    assert office.json("todo") == []


def test_exports_that_failed_wait_once_and_by_their_code(office: Office) -> None:
    office.run()
    office.rule(RULE)["flow"]["mail"] = "{{ 'not an address\u00e9' }}"
    office.run(1)
    groups = office.json("todo")
    assert [one["kind"] for one in groups] == ["export"], groups
    assert groups[0]["count"] == len(office.hr)
    listed = office.json("exports")
    assert {one["error_code"] for one in listed} <= {groups[0]["what"].split(": ")[0]}


def test_a_held_batch_waits(office: Office) -> None:
    office.systems["hr"]["deletions"] = {"max_count": 1}
    office.run()
    del office.hr["3"], office.hr["4"]
    office.run(3)
    held = _told(office, "held by")
    assert [held["kind"], held["count"], held["list"]] == ["held", 2, "runs"]
    assert held["filter"].startswith("id:run-")


def test_what_is_said_of_several_is_a_group_and_the_rest_is_one_with_an_example(office: Office) -> None:
    office.systems["hr"]["objects"]["person"].setdefault("attributes", {})["title"] = "integer"
    for number, title in (("1", "Clerk"), ("2", "Clerk"), ("3", "Boss"), ("4", "Chief")):
        office.hr[number]["title"] = title
    office.run(None)
    groups = [one for one in office.json("todo") if "syntax-violation" in one["what"]]
    assert [one["count"] for one in groups] == [2, 2]
    (alike,) = (one for one in groups if "such as" not in one["what"])
    (rest,) = (one for one in groups if "such as" in one["what"])
    assert "Clerk" in alike["what"]
    assert "Boss" in rest["what"]
    assert "Clerk" not in rest["what"]
    office.hr["3"]["title"] = "7"
    office.run(None)
    assert {one["count"]: "such as" in one["what"] for one in office.json("todo")} == {2: False, 1: False}


# What an acknowledgement covers, and what not ---------------------------------------------------------------------


def _acknowledge(office: Office, group: dict[str, Any]) -> None:
    office("todo", "acknowledge", group["id"], "--reason", "we know of it", "--until", "30d")


def test_another_batch_that_is_held_is_not_the_one_that_was_acknowledged(office: Office) -> None:
    office.systems["hr"]["deletions"] = {"max_count": 1}
    office.run()
    whole = {number: dict(row) for number, row in office.hr.items()}
    del office.hr["3"], office.hr["4"]
    office.run(3)
    _acknowledge(office, _told(office, "held by"))
    assert _told(office, "held by")["acknowledged"]
    for number, row in whole.items():
        office.hr.setdefault(number, row)
    office.run()
    assert office.json("todo") == []
    del office.hr["1"], office.hr["2"]
    office.run(3)
    assert not _told(office, "held by")["acknowledged"]


def test_who_is_missing_later_was_not_acknowledged_with_those_who_were_decided(office: Office) -> None:
    office.run()
    del office.hr["3"], office.hr["4"]
    office.run()
    _acknowledge(office, _told(office, "missing"))
    office.approve_all("they left")
    del office.hr["1"]
    office.run()
    assert not _told(office, "missing")["acknowledged"]


def test_a_step_that_fails_again_after_a_success_is_told_as_new(office: Office) -> None:
    office.run()
    for _ in range(2):
        office.slapd.stop()
        office.run(4)
        (group,) = (one for one in office.json("todo") if one["kind"] == "run")
        assert not group["acknowledged"]
        _acknowledge(office, group)
        office.slapd.start()
        office.run()
        assert office.json("todo") == []


def test_a_part_of_a_profile_does_not_make_it_less_late(office: Office) -> None:
    office.profiles["nightly"] = {"steps": ["import hr", "sync", "evaluate"], "every": "90s"}
    office("run", "nightly")
    office.shift = "10m"
    assert "every 90 seconds" in _told(office, "nightly", "late")["what"]
    office("run", "nightly", "--from", "sync")
    _told(office, "nightly", "late")
    office("run", "nightly")
    assert office.json("todo") == []


def test_a_run_whose_process_died_is_told_and_is_no_run_that_goes_on(office: Office) -> None:
    office.profiles["nightly"] = {"steps": ["import hr", "sync"], "every": "1h"}
    office("run", "nightly")
    office.edit(
        "UPDATE runs SET ended_at = NULL, result = NULL, pid = 999999",
        "UPDATE steps SET ended_at = NULL, result = NULL WHERE position = 1",
    )
    assert "its process has ended" in _told(office, "was interrupted")["what"]
    office.shift = "2h"
    _told(office, "nightly", "late")
    office("run", "nightly")
    assert office.json("todo") == []


def test_what_a_later_import_does_not_tell_any_more_is_over(office: Office) -> None:
    office.systems["directory"]["objects"]["person"].setdefault("attributes", {})["title"] = "text"
    office.run()
    office.systems["directory"]["objects"]["person"]["attributes"]["title"] = "integer"
    office("step", "import", "directory", status=1)
    assert _told(office, "syntax-violation")["system"] == "directory"
    office.systems["directory"]["objects"]["person"]["attributes"]["title"] = "text"
    office("step", "confirm", "directory")
    assert [one for one in office.json("todo") if "syntax-violation" in one["what"]] == []


def test_what_is_discarded_is_no_error_of_the_export_that_failed(office: Office) -> None:
    office.run()
    office.rule(RULE)["flow"]["mail"] = "{{ 'not an address\u00e9' }}"
    office.run(1)
    (group,) = office.json("todo")
    del office.rule(RULE)["flow"]["mail"]
    office("exports", "discard", *[one["id"] for one in office.json("exports")], status=None)
    assert group["id"] not in {one["id"] for one in office.json("todo")}
    assert [one for one in office.json("todo") if one["kind"] == "error"] == []


def test_each_cause_of_a_delete_has_rows_of_its_own(office: Office) -> None:
    in_stages(office, scope="status == 'active'", leaving_from="end")
    office.rule(RULE)["leaving"] = [{"after": "0d", "do": "delete"}]
    del office.rule(RULE)["disable"]
    office.run()
    office.hr["2"]["status"] = "left"
    office.hr["3"]["end"] = office.day("0d")
    office.shift = "2d"
    office.run()
    groups = [one for one in office.json("todo") if "to be deleted" in one["what"]]
    assert len(groups) == 2
    for group in groups:
        assert 'cause:"' in group["filter"]
        office("review", "keep", "--filter", group["filter"], "--count", "1", "--reason", "one of them alone")
    assert office.json("review") == []
