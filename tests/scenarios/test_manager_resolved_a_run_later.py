"""Somebody's manager starts tomorrow: the account is made today, and the debt is paid when the manager comes."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_a_reference_is_owed_until_its_object_comes(office: Office) -> None:
    office.has_managers()
    office.hr["2"]["manager"] = "9"
    office.run()

    bob = office.person("bob")
    assert "manager" not in bob
    (debt,) = office.json("owed")
    assert "9" in str(debt)
    assert office.json("exports") == []
    office.settled()
    assert len(office.json("owed")) == 1

    office.hires("9", "Zoe Boss")
    office.run()
    zoe, bob = office.person("zoe"), office.person("bob")
    assert bob["manager"] == zoe["dn"]
    assert office.json("owed") == []
    office.settled()


def test_a_manager_and_member_who_is_renamed_is_still_that_in_the_same_run(office: Office) -> None:
    office.has_groups().add("it", name="IT", members="1|3")
    office.has_managers()
    office.hr["2"]["manager"] = "1"
    office.run()

    office.hr["1"]["first_name"] = "Augusta"
    office.run()

    assert office.person("bob")["manager"] == office.person("augusta")["dn"]
    assert office.members("it") == {"augusta", "cleo"}
    office.settled()


@pytest.mark.parametrize(("policy", "told"), [("report", ["unresolved-reference"]), ("ignore", [])])
def test_a_reference_to_who_has_no_account_is_told_once_or_ignored(
    office: Office, policy: str, told: list[str]
) -> None:
    office.has_managers()
    office.rule("people to the directory").update(scope="status == 'active'", unresolved=policy)
    office.hires("9", "Zoe Boss", status="silent")
    office.hr["2"]["manager"] = "9"
    office.run()

    assert "zoe" not in office.people()
    bob = office.person("bob")
    assert "manager" not in bob
    assert office.codes() == told
    office.settled()
    assert office.codes() == []

    office.hr["9"]["status"] = "active"
    office.run()
    zoe, bob = office.person("zoe"), office.person("bob")
    assert bob["manager"] == zoe["dn"]
    office.settled()
