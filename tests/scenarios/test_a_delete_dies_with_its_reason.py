"""A staged delete dies with its reason: as soon as its person is back it is withdrawn, and its approval void."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


def _left_scope(office: Office) -> Any:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.rule("people to the directory")["dn"] = (
        "uid={{ account_name | rdn }},ou={{ department | replace('IT', 'people') | replace('Sales', 'people') | rdn }}"
        ",dc=example,dc=org"
    )
    office.run()
    office.hr["2"]["status"] = "left"
    office.run()
    (item,) = office.json("review")
    return item


@pytest.mark.parametrize("approved", [False, True], ids=["open", "approved"])
def test_it_is_withdrawn_also_where_the_wanted_state_cannot_be_computed(office: Office, approved: bool) -> None:
    item = _left_scope(office)
    if approved:
        office("review", "approve", item["id"], "--reason", "left")
    office.hr["2"] |= {"status": "active", "department": ""}
    office.run(status=1)
    assert office.codes() == ["dn-not-determined"]
    assert "bob" in office.people()
    assert office.json("exports") == []
    refused = office("review", "approve", item["id"], "--reason", "left", status=None)
    assert "withdrawn" in refused
    office.run(status=1)
    assert "bob" in office.people()


def test_the_same_where_an_expression_fails(office: Office) -> None:
    _left_scope(office)
    office.hr["2"]["status"] = "active"
    office.rule("people to the directory")["flow"]["title"] = "{{ title + 1 }}"
    office.run(status=1)
    assert "expression-error" in office.codes()
    assert not [one for one in office.json("exports") if one["change_type"] == "Delete"]


def test_the_gate_asks_once_more_whether_anybody_wants_the_account(office: Office) -> None:
    item = _left_scope(office)
    office("review", "approve", item["id"], "--reason", "left")
    office.hr["2"]["status"] = "active"
    for step in (("import", "hr"), ("sync",), ("export", "directory")):  # no evaluation in between
        office("step", *step)
    assert "bob" in office.people()
    assert office.json("exports") == []
    assert office.json("show", item["id"])["state"] == "withdrawn"
    office.run()
    office.settled()


def test_an_approval_from_before_the_return_covers_nothing_after_it(office: Office) -> None:
    item = _left_scope(office)
    office("review", "approve", item["id"], "--reason", "left")
    office.hr["2"]["status"] = "active"
    office.run()
    office.hr["2"]["status"] = "left"
    office.run()
    assert "bob" in office.people()
    (again,) = office.json("review")
    assert again["id"] != item["id"]


@pytest.mark.parametrize("how", ["backup", "hand"])
def test_who_was_deleted_and_is_there_again_is_told_and_can_be_deleted_again(office: Office, how: str) -> None:
    """A backup brings the same id back; somebody's hand the same name and join keys, under another id."""
    id_name = "employeeNumber" if how == "backup" else "entryUUID"
    office.systems["directory"]["objects"]["person"]["external_id"] = id_name
    office.run()
    old = office.person("bob")
    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    office.run()
    assert "bob" not in office.people()

    lines = ["employeeNumber: 2", "objectClass: inetOrgPerson", "uid: bob", "cn: Bob", "sn: Noyce"]
    office.slapd.add("\n".join([f"dn: {old['dn'][0]}", *lines]) + "\n")
    office.run()
    assert office.codes() == ["deleted-is-there-again"]
    assert "is there again" in office("status")
    (item,) = office.json("review")
    assert "and is there again" in item["evidence"]["cause"]
    office.run()
    assert office.codes() == []
    assert "bob" in office.people()

    office.approve_all("left, still")
    office.run()
    assert "bob" not in office.people()
    office.hr["2"] = row
    office.run()
    assert "bob" in office.people()
    office.settled()


def test_somebody_else_under_the_name_of_who_was_deleted_is_not_asked_about(office: Office) -> None:
    office.run()
    old = office.person("bob")
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    lines = ["employeeNumber: 99", "objectClass: inetOrgPerson", "uid: bob", "cn: Bob", "sn: Newman"]
    office.slapd.add("\n".join([f"dn: {old['dn'][0]}", *lines]) + "\n")
    elsewhere = ["employeeNumber: 2", "objectClass: inetOrgPerson", "uid: admin2", "cn: Operator", "sn: Two"]
    office.slapd.add("\n".join([f"dn: uid=admin2,ou=people,{SUFFIX}", *elsewhere]) + "\n")
    office.run()
    assert office.codes() == []
    assert office.json("review") == []
    office.settled()


def test_whose_person_is_back_is_joined_and_not_asked_about(office: Office) -> None:
    office.systems["directory"]["objects"]["person"]["external_id"] = "employeeNumber"
    office.run()
    old = office.person("bob")
    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    office.run()
    office.hr["2"] = row
    lines = ["employeeNumber: 2", "objectClass: inetOrgPerson", "uid: bob", "cn: Bob", "sn: Noyce"]
    office.slapd.add("\n".join([f"dn: {old['dn'][0]}", *lines]) + "\n")
    office.run()
    assert office.json("review") == []
    assert office.person("bob")["cn"] == ["Bob Noyce"]
    office.settled()


def test_whoever_has_come_back_under_another_number_keeps_the_account_before_any_evaluation(office: Office) -> None:
    office.rule("people to the directory")["flow"]["carLicense"] = "mail"
    office.rule("people to the directory")["join"] = [["carLicense"]]
    office.run()
    bob, row = office.person("bob"), office.hr.pop("2")
    office.run()
    office.approve_all("left")
    for phase in ("sync", "evaluate"):
        office("step", phase)
    office.hr["7"] = row
    for step in (("import", "hr"), ("sync",), ("export", "directory")):
        office("step", *step)
    assert office.person("bob")["entryUUID"] == bob["entryUUID"]
    office.run()
    assert office.person("bob")["employeeNumber"] == ["7"]
    assert office.person("bob")["entryUUID"] == bob["entryUUID"]
    office.settled()
