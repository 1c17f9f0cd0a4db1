"""Sources, scopes, rules, periods and hands that would delete an account: without an approval it stays."""

from collections.abc import Callable

import pytest

from tests.attacks.conftest import EVERYBODY, Office


def _declared(office: Office) -> None:
    """Declare what the rules fill, so that the configuration holds without them."""
    flow = office.rule("people from hr")["flow"]
    kinds = office.metaverse["person"]["attributes"]
    office.metaverse["person"]["attributes"] = {**dict.fromkeys(flow, "text"), **kinds}


def absence(office: Office) -> None:
    del office.hr["2"]


def scope_of_the_source(office: Office) -> None:
    office.rule("people from hr")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"


def scope_of_the_target(office: Office) -> None:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"


def source_rule_removed(office: Office) -> None:
    _declared(office)
    office.rules.remove(office.rule("people from hr"))


def target_rule_removed(office: Office) -> None:
    office.rules.remove(office.rule("people to the directory"))


def rule_changed(office: Office) -> None:
    office.rule("people to the directory")["scope"] = "department == 'Nowhere'"


def grace_over(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "7d"
    office.rule("people from hr")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"
    office.run(None)
    office.shift = "8d"


def grace_taken_away(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.rule("people from hr")["scope"] = "status == 'active'"
    office.hr["2"]["status"] = "left"
    office.run(None)
    office.metaverse["person"]["deletion"]["grace"] = "0d"


def disconnected_by_hand(office: Office) -> None:
    office("disconnect", office.cso("hr", "2"), "--reason", "a slip")


def excluded_by_hand(office: Office) -> None:
    office("exclude", office.cso("hr", "2"), "--reason", "a slip")


def priority_changed(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L2", employee="2", number="left")
    office.rule("numbers from telephony")["flow"] = {"status": "number"}
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.metaverse["person"]["priority"] = {"status": ["people from hr", "numbers from telephony"]}
    office.run(None)
    office.metaverse["person"]["priority"] = {"status": ["numbers from telephony", "people from hr"]}


def authoritative_source_changed(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L2", employee="2", number="12")
    office.run(None)
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "telephony"}
    del lines["L2"]


def source_removed(office: Office) -> None:
    _declared(office)
    office.rules.remove(office.rule("people from hr"))
    del office.systems["hr"]


def target_removed_and_back(office: Office) -> None:
    rule, system = office.rule("people to the directory"), office.systems["directory"]
    office.rules.remove(rule)
    del office.systems["directory"]
    office.run(None)
    del office.hr["2"]
    office.run(None)
    office.systems["directory"] = system
    office.rules.append(rule)


def id_renamed(office: Office) -> None:
    office.hr["22"] = office.hr.pop("2")


def join_key_gone(office: Office) -> None:
    office.rule("people from hr")["flow"]["employee_id"] = "{{ '' }}"


ATTACKS: list[Callable[[Office], None]] = [
    absence,
    scope_of_the_source,
    scope_of_the_target,
    source_rule_removed,
    target_rule_removed,
    rule_changed,
    grace_over,
    grace_taken_away,
    disconnected_by_hand,
    excluded_by_hand,
    priority_changed,
    authoritative_source_changed,
    source_removed,
    target_removed_and_back,
    id_renamed,
    join_key_gone,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_entry_goes_without_an_approval(office: Office, attack: Callable[[Office], None]) -> None:
    before = office.person("bob")
    attack(office)
    office.run(None)
    office.run(None)
    assert office.people() >= EVERYBODY
    assert office.person("bob")["entryUUID"] == before["entryUUID"]
    deletes = office.query("SELECT status FROM pending_exports WHERE change_type = 'Delete'")
    assert {status for (status,) in deletes} <= {"AwaitingApproval"}


def test_a_computed_group_stays_when_nobody_is_in_it_and_when_it_is_no_longer_configured(office: Office) -> None:
    office.groups_in_the_directory()
    office.metaverse["group"]["attributes"] |= {"display_name": "text", "account_name": "text"}
    told = {"display_name": "IT", "account_name": "it"}
    office.groups.append({"name": "it", "members": "department == 'IT'", "attributes": told})
    office.run()
    before = office.entry("(cn=it)")
    office.groups[0]["members"] = "department == 'Nowhere'"
    office.run(None)
    assert office.entry("(cn=it)")["entryUUID"] == before["entryUUID"]
    office.groups.clear()
    office.run(None)
    office.run(None)
    assert office.entry("(cn=it)")["entryUUID"] == before["entryUUID"]


def test_the_very_same_attacks_delete_once_they_are_approved(office: Office) -> None:
    """That nothing went is no proof if nothing could: an approval lets the delete through."""
    absence(office)
    office.run()
    assert office.approve_all() == ["Bob Noyce (2)"]
    office.run()
    assert office.people() == EVERYBODY - {"bob"}
