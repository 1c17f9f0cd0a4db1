"""A name proves nothing: an entry with another id under a known DN is somebody else, unless a join says otherwise."""

import base64

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

BOB = f"uid=bob,ou=people,{SUFFIX}"
STRANGER = f"dn: {BOB}\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob Stranger\nsn: Stranger\n"
SOURCE = {
    "connector": "ldif",
    "path": "source.ldif",
    "deletions": {"max_percent": 100},
    "objects": {
        "person": {"object_class": ["inetOrgPerson"], "external_id": "entryUUID", "secondary_external_id": "dn"}
    },
}


def _replaced(office: Office, more: str = "") -> None:
    office.slapd.modify(f"dn: {BOB}\nchangetype: delete\n")
    office.slapd.add(STRANGER + more)


@pytest.mark.parametrize("more", ["", "employeeNumber: 77\n"], ids=["no key", "another key"])
def test_a_strangers_entry_under_an_accounts_name_is_not_touched(office: Office, more: str) -> None:
    office.run()
    _replaced(office, more)
    stranger = office.person("bob")
    office.run()
    assert office.person("bob") == stranger
    assert office.approve_all("the account is gone") == [f"Bob Noyce ({BOB})"]
    for title in ("Boss", "Chief"):
        office.hr["2"]["title"] = title
        office.run(status=1)
        assert office.codes() == ["existing-object"]
        assert office.person("bob") == stranger


def test_without_a_join_nothing_proves_that_a_name_is_the_same_person(office: Office) -> None:
    del office.rule("people to the directory")["join"]
    office.run()
    _replaced(office, "employeeNumber: 2\n")
    stranger = office.person("bob")
    office.run()
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.person("bob") == stranger
    assert [item["label"] for item in office.json("review")] == [f"Bob Noyce ({BOB})"]


@pytest.mark.parametrize("whole", [True, False], ids=["all that was planned", "something else"])
def test_without_a_join_what_was_never_sent_is_nobodys_though_it_holds_all_that_was_planned(
    office: Office, whole: bool
) -> None:
    del office.rule("people to the directory")["join"]
    office.run()
    office.hires("7", "Zoe Quinn")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    (export,) = office.json("exports")
    planned = {change["name"]: change["add"] for change in export["changes"]} | ({} if whole else {"cn": ["Zoe Other"]})
    lines = [f"{name}: {value}" for name, values in planned.items() for value in values]
    office.slapd.add("\n".join([f"dn: {export['known_as']}", "objectClass: inetOrgPerson", *lines]) + "\n")
    written = office.person("zoe")
    office.run(status=None)
    assert office.person("zoe") == written
    assert office.codes() == ["existing-object"]


def test_a_directory_that_was_restored_whole_is_recognised_by_its_joins(office: Office) -> None:
    office.run()
    entries = office.slapd.people()
    for dn, entry in entries.items():
        office.slapd.modify(f"dn: {dn}\nchangetype: delete\n")
        own = {name: values for name, values in entry.items() if name != "entryUUID"}
        lines = [f"{name}: {value}" for name, values in own.items() for value in values]
        office.slapd.add("\n".join([f"dn: {dn}", *lines]) + "\n")
    office.run()
    assert office.steps()["import directory"]["statistics"]["new identities"] == 4
    assert office.json("review") == []
    office.hr["2"]["title"] = "Boss"
    office.run()
    assert office.person("bob")["title"] == ["Boss"]
    office.settled()


@pytest.mark.parametrize("joined", [False, True], ids=["no join", "joined by another key"])
def test_in_a_source_the_old_one_goes_missing_and_the_new_one_is_new(office: Office, joined: bool) -> None:
    office.systems["ldif"] = SOURCE
    rule = {"name": "from ldif", "from": "ldif.person", "to": "metaverse.person", "project": True}
    flow = {"employee_id": "employeeNumber", "account_name": "uid", "display_name": "cn", "last_name": "sn"}
    office.rules.append({**rule, "flow": flow, **({"join": [["employee_id"]]} if joined else {})})
    _write(office, "11111111", "90", "Zoe Old")
    office.run()
    old = office.person("zoe")
    _write(office, "22222222", "91", "Zoe New")
    office.run(status=None)
    assert [item["system"] for item in office.json("review")] == ["ldif"]
    assert office.entry("(employeeNumber=90)") == old
    assert office.slapd.search("(employeeNumber=91)") == {}, "the name is not free before the old one is gone"

    office.approve_all("left")
    office.run()
    new = office.entry("(employeeNumber=91)")
    assert new["dn"] == old["dn"]
    assert new["entryUUID"] != old["entryUUID"]
    office.settled()


def _write(office: Office, uuid: str, number: str, name: str) -> None:
    text = (
        f"version: 1\n\ndn: uid=zoe,dc=s\nobjectClass: inetOrgPerson\nuid: zoe\ncn:: {_encoded(name)}\n"
        f"sn: {name[-3:]}\nemployeeNumber: {number}\nentryUUID: {uuid}-0000-4000-8000-000000000000\n"
    )
    (office.folder / "source.ldif").write_text(text)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
