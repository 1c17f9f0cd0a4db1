"""A deletion that was carried out is undone: the entry comes back as it was, with a new id, and in its groups."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

pytestmark = pytest.mark.usefixtures("either_store")

KEPT = ("cn", "sn", "uid", "employeeNumber", "departmentNumber", "title", "mail", "telephoneNumber", "employeeType")


def _with_a_group_of_the_directory_itself(office: Office) -> None:
    """Let the directory have a group that no rule writes, imported so that its members are known."""
    group = {"object_class": ["groupOfNames"], "external_id": "entryUUID", "secondary_external_id": "dn"}
    office.systems["directory"]["objects"]["group"] = {**group, "attributes": {"member": "reference[]"}}
    office.metaverse["group"] = {"attributes": {"members": "reference[]"}}
    office.rules.append(
        {
            "name": "groups of the directory",
            "from": "directory.group",
            "to": "metaverse.group",
            "project": True,
            "flow": {"name": "cn", "members": "member"},
        }
    )


def test_an_entry_comes_back_with_its_attributes_and_its_groups(office: Office) -> None:
    _with_a_group_of_the_directory_itself(office)
    office.run()
    bob, ada = office.person("bob"), office.person("ada")
    office.slapd.add(
        f"dn: cn=chess,ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: chess\n"
        f"member: {bob['dn'][0]}\nmember: {ada['dn'][0]}\n"
    )
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    assert [entry[2] for entry in item["consequences"]["groups"]] == [f"chess (cn=chess,ou=groups,{SUFFIX})"]
    cso = f"cso-{item['consequences']['deletes'][0][0]}"
    office("review", "approve", item["id"], "--reason", "left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.slapd.modify(
        f"dn: cn=chess,ou=groups,{SUFFIX}\nchangetype: modify\ndelete: member\nmember: {bob['dn'][0]}\n"
    )
    office.run()

    told = office("restore", cso, "--reason", "HR was wrong")
    assert "its password: it has to be set anew" in told
    assert f"its id {bob['entryUUID'][0]}: it gets a new one" in told
    assert "puts it back into chess (cn=chess" in told
    assert "bob" not in office.people(), "it is staged, not sent"
    office.run()
    after = office.person("bob")
    assert {name: after[name] for name in KEPT} == {name: bob[name] for name in KEPT}
    assert after["dn"] == bob["dn"]
    assert after["entryUUID"] != bob["entryUUID"]
    assert office.members("chess") == {"ada", "bob"}
    assert office.json("exports") == []
    office.settled()

    again = office("restore", cso, "--reason", "once more", status=2)
    assert "was restored already, as cso-" in again


def test_who_comes_back_later_is_joined_to_the_restored_entry(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all()
    office.run()
    office("restore", "rev-1", "--reason", "HR was wrong")
    office.run()
    restored = office.person("bob")["entryUUID"]
    office.hires("2", "Bob Noyce", department="Sales")
    office.run()
    assert office.person("bob")["entryUUID"] == restored
    office.settled()


@pytest.mark.parametrize("is_generated", [False, True])
def test_who_comes_back_before_it_is_made_again_is_joined_to_it_as_well(office: Office, is_generated: bool) -> None:
    if is_generated:
        del office.rule("people from hr")["flow"]["account_name"]
        names = ["{{ first_name | lower }}", "{{ first_name | lower }}{{ n }}"]
        office.metaverse["person"]["unique"] = {
            "account_name": {"candidates": names, "check": ["directory.person.uid"]}
        }
    office.run()
    employee = office.hr.pop("2")
    office.run()
    office.approve_all()
    office.run()
    office("restore", "rev-1", "--reason", "HR was wrong")
    office.hr["2"] = employee
    office.run()
    assert office.entry("(employeeNumber=2)")["uid"] == ["bob"], "there is one account, with the login that it had"
    assert office.query("SELECT 1 FROM objects WHERE system = 'directory' AND mvo_id IS NULL") == []
    office.settled()


def test_what_cannot_be_restored_says_why(office: Office) -> None:
    office.run()
    assert "nothing that was deleted is known as cso-99" in office(
        "restore", "cso-99", "--reason", "as agreed", status=2
    )
    bob = office.cso("hr", "2")
    del office.hr["2"]
    office.run()
    item = office.json("review")[0]
    account = f"cso-{item['consequences']['deletes'][0][0]}"
    assert "nothing that was deleted" in office("restore", account, "--reason", "as agreed", status=2)
    office.approve_all()
    office.run()
    assert "'hr' is not written to" in office("restore", bob, "--reason", "as agreed", status=2)
    office.hires("2", "Bob Noyce", department="Sales")
    office.run()
    assert "is there again" in office("restore", account, "--reason", "as agreed", status=2)
