"""The office whose accounts leave in stages: disabled at once, moved after a week, deleted after thirty days."""

from typing import Any

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

RULE = "people to the directory"
STAGES: list[dict[str, Any]] = [
    {"after": "0d", "do": "disable"},
    {"after": "7d", "do": "move", "dn": f"uid={{{{ account_name | rdn }}}},ou=leavers,{SUFFIX}"},
    {"after": "30d", "do": "delete"},
]


def in_stages(office: Office, approve: str | None = None, **more: Any) -> dict[str, Any]:
    """Let the rule to the directory say so, and give it."""
    rule = office.rule(RULE)
    del rule["deprovision"]
    rule["leaving"] = [dict(one) for one in STAGES]
    if approve:
        rule["leaving"][2]["approve"] = approve
    rule["disable"] = {"employeeType": {"constant": "gone"}, "telephoneNumber": "{{ '' }}"}
    rule.update(more)
    return rule


def by_scope(office: Office) -> None:
    """Let people leave by HR's word."""
    in_stages(office, scope="status == 'active'")


def is_enabled(office: Office, uid: str, number: str) -> None:
    """See that an account is as if nothing had been."""
    entry = office.person(uid)
    assert entry["dn"] == [f"uid={uid},ou=people,{SUFFIX}"]
    assert entry["employeeType"] == ["active"]
    assert entry["telephoneNumber"] == [f"+49 30 {number}"]


def is_disabled(office: Office, uid: str, unit: str = "people") -> None:
    """See that an account is disabled, and where it stands."""
    entry = office.person(uid)
    assert entry["dn"] == [f"uid={uid},ou={unit},{SUFFIX}"]
    assert entry["employeeType"] == ["gone"]
    assert "telephoneNumber" not in entry


def is_not_active_any_more(office: Office) -> None:
    """Let everybody have an account, and HR write that Bob has left."""
    office.run()
    office.hr["2"]["status"] = "left"
    office.run()


def is_missing_as_agreed(office: Office) -> None:
    """Let everybody have an account, and Bob be missing from HR's file, which somebody approves."""
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()


def goes_once_approved(office: Office) -> None:
    """Approve what waits, and see that Bob's account is gone and nothing is left to do."""
    office.approve_all("left")
    office.run()
    assert "bob" not in office.people()
    office.settled()
