"""Within grace nothing moves, whatever is recomputed for whatever reason: person and account keep what they had."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.conftest import Office, Source

Trigger = Callable[[Office, Source], None]


def _changes(office: Office, lines: Source) -> None:
    lines["L2"]["number"] = "999"


def _leaves(office: Office, lines: Source) -> None:
    del lines["L2"]
    office.run()
    office.approve_all("the line was given up")


def _returns(office: Office, lines: Source) -> None:
    row = lines.pop("L2")
    office.run()
    office.approve_all("the line was given up")
    office.run()
    lines["L3"] = row


def _inbound_rule(office: Office, lines: Source) -> None:
    office.rule("numbers from telephony")["flow"]["title"] = "number"


def _outbound_rule(office: Office, lines: Source) -> None:
    office.rule("people to the directory")["flow"]["title"] = "{{ 'all ' }}{{ title }}"


def _scope(office: Office, lines: Source) -> None:
    office.rule("people to the directory")["scope"] = "employee_id != '2'"


def _name(office: Office, lines: Source) -> None:
    office.rule("people to the directory")["dn"] = office.rule("people to the directory")["dn"].replace("uid", "cn")


def _drift(office: Office, lines: Source) -> None:
    office.slapd.modify(f"dn: {office.person('bob')['dn'][0]}\nchangetype: modify\nreplace: title\ntitle: Edited\n")


def _priority(office: Office, lines: Source) -> None:
    office.metaverse["person"]["priority"] = {"phone": ["people from hr", "numbers from telephony"]}


def _clock(office: Office, lines: Source) -> None:
    office.rule("people to the directory")["scope"] = "today < today - 1d or employee_id is defined"
    office.shift = "2d"


TRIGGERS = [
    _changes,
    _leaves,
    _returns,
    _inbound_rule,
    _outbound_rule,
    _scope,
    _name,
    _drift,
    _priority,
    _clock,
]


def _in_grace(office: Office) -> Source:
    """Let Bob leave HR and be in grace, while his telephone line goes on."""
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    lines.add("L2", employee="2", number="200")
    deletion: dict[str, Any] = {"when": "authoritative_source_gone", "source": "hr", "grace": "30d"}
    office.metaverse["person"]["deletion"] = deletion
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    return lines


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_nothing_of_a_person_in_grace_changes(office: Office, trigger: Trigger) -> None:
    lines = _in_grace(office)
    mvo = office.json("metaverse", "--search", "Bob")[0]["id"]
    account, person = office.person("bob"), office.json("show", mvo)["attributes"]
    assert person["phone"] == ["200"]
    trigger(office, lines)
    if trigger is _drift:
        account = office.person("bob")
    for _ in range(2):
        office.run(status=None)
        assert office.person("bob") == account
        assert office.json("show", mvo)["attributes"] == person
        assert office.json("show", mvo)["delete_after"]
    assert "bob" in office.people()


def test_what_was_held_back_is_made_good_when_the_deletion_is_called_off(office: Office) -> None:
    row = office.hr["2"]
    lines = _in_grace(office)
    lines["L2"]["number"] = "999"
    office.run()
    office.hr["2"] = row
    office.run()
    assert office.person("bob")["telephoneNumber"] == ["999"]
    office.settled()


def test_what_is_read_back_from_an_account_does_not_strip_it_in_grace(office: Office) -> None:
    back = {"name": "mail back", "from": "directory.person", "to": "metaverse.person"}
    office.rules.append({**back, "join": [["employee_id"]], "flow": {"employee_id": "employeeNumber", "mail": "mail"}})
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone", "grace": "30d"}
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    before = office.person("bob")
    office.slapd.modify(f"dn: {before['dn'][0]}\nchangetype: modify\nreplace: mail\nmail: b@example.org\n")
    edited = office.person("bob")
    for _ in range(2):
        office.run()
        assert office.person("bob") == edited
    office.runs_in("31d")
    office.run()
    assert "bob" not in office.people()


def test_who_leaves_before_the_account_was_created_gets_none_in_grace(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    office.hires("9", "Eve Early")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    assert [one["change_type"] for one in office.json("exports")] == ["Create"]
    row = office.hr.pop("9")
    for step in (("import", "hr"), ("detect", "hr")):
        office("step", *step)
    office.approve_all("never came")
    office.run()
    assert "eve" not in office.people()
    assert office.json("exports") == []

    office.hr["9"] = row
    office.run()
    assert "eve" in office.people()
    office.settled()
