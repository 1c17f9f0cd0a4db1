"""Rules read what a reference names: the manager's mail, and that of the manager's manager; and follow its changes."""

import json
from typing import Any

import pytest

from tests.scenarios.conftest import Office

PEOPLE = "people to the directory"


@pytest.fixture
def flow(office: Office) -> dict[str, Any]:
    """Let Ada lead Bob, who leads Cleo; accounts say whom to write to."""
    office.has_managers()
    office.hr["2"]["manager"], office.hr["3"]["manager"] = "1", "2"
    flow: dict[str, Any] = office.rule(PEOPLE)["flow"]
    flow["description"] = "{{ manager.mail }}"
    flow["roomNumber"] = "{{ manager.manager.title | default('nobody') }}"
    return flow


def _said(office: Office, uid: str) -> tuple[str, str]:
    entry = office.person(uid)
    return entry.get("description", [""])[0], entry["roomNumber"][0]


def test_a_change_is_followed_to_those_whose_rules_read_it_and_nobody_else(
    office: Office, flow: dict[str, Any]
) -> None:
    office.run()
    assert _said(office, "ada") == _said(office, "dan") == ("", "nobody")
    assert _said(office, "bob") == ("ada@example.org", "nobody")
    assert _said(office, "cleo") == ("bob@example.org", "Clerk")
    office.run()
    office.run()
    assert office.steps()["evaluate"]["done"] == 0

    office.hr["1"]["mail"] = "countess@example.org"
    office("step", "import", "hr")
    office("step", "sync")
    rows = office.query("SELECT attributes FROM metaverse WHERE due")
    due = {json.loads(attributes)["display_name"][0] for (attributes,) in rows}
    assert due == {"Ada Lovelace", "Bob Noyce"}, "Cleo's rules read Ada's title, and not her mail"
    office.run()
    assert _said(office, "bob")[0] == "countess@example.org"

    office.hr["1"]["title"] = "Countess"
    office.run()
    assert _said(office, "cleo") == ("bob@example.org", "Countess")
    office.hr["2"]["manager"] = "4"
    office.run()
    assert (_said(office, "bob")[0], _said(office, "cleo")[1]) == ("dan@example.org", "Clerk")
    assert office.json("try", "manager.mail | upper", "Cleo Stone")["value"] == "BOB@EXAMPLE.ORG"
    office.settled()


def test_who_is_read_of_may_leave(office: Office, flow: dict[str, Any]) -> None:
    office.run()
    del office.hr["1"]
    office.run()
    office.approve_all()
    office.run()
    assert _said(office, "bob") == ("", "nobody")
    assert _said(office, "cleo") == ("bob@example.org", "nobody")
    office.settled()


def test_a_loop_reads_through_references_too(office: Office, flow: dict[str, Any]) -> None:
    flow["description"] = "{{ [manager.mail, mail] | map('default', '-') | join(' ') }}"
    office.run()
    assert _said(office, "bob")[0] == "ada@example.org bob@example.org"


def test_check_tells_what_cannot_be_read_through_a_reference(office: Office, flow: dict[str, Any]) -> None:
    for written, told in (
        ("{{ manager.mial }}", "'manager.mial': nothing in the metaverse has 'mial'; did you mean 'mail'?"),
        ("{{ manager.title.mail }}", "'manager.title.mail': 'title' is no reference"),
        ("{{ manager.manager.manager.mail }}", "references are followed two steps deep"),
        ("{{ manager.manager }}", "'manager' is a reference, and no value"),
        ("{{ manager }}", "'manager' is a reference, and flows only by its bare name"),
        ("{{ manager.mail if manager }}", "'manager' is a reference, and flows only by its bare name"),
    ):
        flow["description"] = written
        said = office("check", status=2)
        assert "rules.1.flow.description: " in said
        assert told in said
    del flow["description"]
    office.rule(PEOPLE)["scope"] = "manager.title == 'Lead'"
    assert "rules.1.scope: 'manager.title': only flows of rules from the metaverse" in office("check", status=2)
