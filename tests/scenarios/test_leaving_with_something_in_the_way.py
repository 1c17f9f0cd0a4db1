"""Leaving in stages where something comes between: a change that is taken back, a taken name, a clock that goes on."""

from datetime import timedelta
from typing import Any

import pytest

from engine.phases.evaluating import phase
from engine.phases.evaluating.outbound_joins import look_up
from storage import clock
from tests.scenarios.conftest import Office
from tests.scenarios.stages import (
    in_stages,
    is_disabled,
    is_missing_as_agreed,
    is_not_active_any_more,
)
from tests.slapd import SUFFIX

TAKEN = f"uid=bob,ou=leavers,{SUFFIX}"


def _another_bob_stands_among_the_leavers(office: Office) -> None:
    office.slapd.add(f"dn: {TAKEN}\nobjectClass: inetOrgPerson\nuid: bob\ncn: Another Bob\nsn: Bob\n")


def _is_refused_in(office: Office, shift: str) -> None:
    """Run when the clock has gone on, and see that the name is refused."""
    office.shift = shift
    office.run(1)
    assert office.codes() == ["existing-object"]


def test_a_delete_is_staged_where_a_change_was_taken_back_before_it(office: Office) -> None:
    in_stages(office, leaving_from="end")
    office.hr["2"]["end"] = office.day("0d")
    office.run()
    office.runs_in("1d")
    office.runs_in("8d")
    before = office.hr["2"]["title"]
    office.hr["2"]["title"] = "Director"
    office.shift = "30d"
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    assert [one["change_type"] for one in office.json("exports")] == ["Update"]
    office.hr["2"]["title"] = before
    office.runs_in("32d")
    assert [one["change_type"] for one in office.json("exports")] == ["Delete"]
    office.approve_all("its contract has ended")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_a_stage_that_comes_while_a_page_is_decided_is_the_next_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = in_stages(office, scope="status == 'active'")
    rule["leaving"] = [{"after": "10h", "do": "disable"}, {"after": "30d", "do": "delete"}]
    is_not_active_any_more(office)
    assert office.person("bob")["employeeType"] == ["active"]

    async def for_two_hours(*arguments: Any) -> Any:
        found = await look_up(*arguments)
        earlier = clock.moment
        clock.moment = lambda: earlier() + timedelta(hours=2)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(phase, "look_up", for_two_hours)
        office.hr["2"]["title"] = "Director"
        office.runs_in("9h")
    assert office.person("bob")["employeeType"] == ["active"]
    office.runs_in("12h")
    is_disabled(office, "bob")


def test_an_account_whose_last_stage_is_refused_is_not_let_go_of(office: Office) -> None:
    rule = in_stages(office)
    del rule["leaving"][2]
    is_missing_as_agreed(office)
    is_disabled(office, "bob")
    _another_bob_stands_among_the_leavers(office)
    _is_refused_in(office, "8d")
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND mvo_id IS NOT NULL") == [(4,)]
    office.slapd.modify(f"dn: {TAKEN}\nchangetype: delete\n")
    _is_refused_in(office, "9d")  # it is known to be free once the directory was read
    (error,) = office.errors()
    assert "joined to nobody" in error["message"]
    _is_refused_in(office, "10d")
    (error,) = office.errors()
    assert "is missing" in error["message"]
    assert "review" in error["advice"]
    office.approve_all("the other one is gone")
    office.runs_in("11d")
    is_disabled(office, "bob", "leavers")
    office.runs_in("12d")
    office.settled()
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND mvo_id IS NOT NULL") == [(3,)]


def test_a_delete_is_asked_about_though_the_name_for_leavers_is_taken(office: Office) -> None:
    in_stages(office)
    is_missing_as_agreed(office)
    _another_bob_stands_among_the_leavers(office)
    _is_refused_in(office, "8d")
    _is_refused_in(office, "31d")
    office.approve_all("left")
    office.run()
    assert {dn for dn in office.slapd.people() if "uid=bob," in dn} == {TAKEN}


def test_an_approval_is_asked_for_again_when_its_account_is_another_one(office: Office) -> None:
    in_stages(office, "at_start", scope="status == 'active'")
    is_not_active_any_more(office)
    office.approve_all("left")
    key = office.query("SELECT external_id FROM objects WHERE system = 'directory' AND secondary_id LIKE 'uid=bob,%'")
    office.slapd.modify(f"dn: uid=bob,ou=people,{SUFFIX}\nchangetype: delete\n")
    office.slapd.add(
        f"dn: uid=bob,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob Brandt\nsn: Brandt\n"
        "employeeNumber: 2\nemployeeType: gone\n"
    )
    office.runs_in("1d")
    office.runs_in("2d")
    states = [item["state"] for item in office.json("review")]
    office.runs_in("31d")
    assert "bob" in office.people(), f"an approval of {key} deleted another account ({states})"


def test_a_delete_that_is_not_due_any_more_is_called_off_by_its_reason(office: Office) -> None:
    rule = in_stages(office, "at_start")
    is_missing_as_agreed(office)
    office.runs_in("8d")
    office.shift = "31d"
    office("step", "evaluate")
    assert [one["change_type"] for one in office.json("exports")] == ["Delete"]
    rule["leaving"][2]["after"] = "60d"
    office("step", "export", "directory")
    assert "bob" in office.people()
    reasons = {reason for (reason,) in office.query("SELECT reason FROM transitions WHERE entity = 'export'")}
    assert "it is not to be deleted yet" in reasons
    assert "its person is there: the account is wanted again" not in reasons
