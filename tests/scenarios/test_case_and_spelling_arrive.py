"""Corrections of case and spelling arrive, whatever the matching rules say; what the server calls equal is no drift."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office

MATCHING = {
    "cn": "case_ignore",
    "sn": "case_ignore",
    "uid": "case_ignore",
    "title": "case_ignore",
    "mail": "case_ignore",
    "telephoneNumber": "telephone",
}


@pytest.fixture
def office(office: Office) -> Office:
    office.systems["directory"]["objects"]["person"]["matching"] = MATCHING
    return office


@pytest.mark.parametrize(
    ("column", "value", "attribute"),
    [
        ("last_name", "noyce", "sn"),
        ("title", "CLERK", "title"),
        ("title", "clerk", "title"),
        ("mail", "Bob@Example.org", "mail"),
        ("phone", "+49302", "telephoneNumber"),
        ("phone", "+49-30-2", "telephoneNumber"),
    ],
)
def test_a_correction_is_sent_and_confirmed(office: Office, column: str, value: str, attribute: str) -> None:
    office.run()
    office.hr["2"][column] = value
    office.run()
    assert office.person("bob")[attribute] == [value]
    office.settled()


def test_what_somebody_else_spells_otherwise_is_no_drift(office: Office) -> None:
    office.run()
    dn = office.person("bob")["dn"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: title\ntitle: CLERK\n")
    office.run()
    assert office.person("bob")["title"] == ["CLERK"]
    office.settled()


@pytest.mark.parametrize("more", [{}, {"title": "Boss"}])
def test_the_naming_attribute_is_corrected_by_a_rename(office: Office, more: dict[str, Any]) -> None:
    office.rule("people to the directory")["dn"] = "cn={{ display_name | rdn }},ou=people,dc=example,dc=org"
    office.hr["2"]["last_name"] = "mcdonald"
    office.run()
    before = office.person("bob")
    office.hr["2"] |= {"last_name": "McDonald", **more}
    office.run()
    after = office.person("bob")
    assert after["cn"] == ["Bob McDonald"]
    assert after["dn"] == ["cn=Bob McDonald,ou=people,dc=example,dc=org"]
    assert after["entryUUID"] == before["entryUUID"]
    assert after["title"] == [more.get("title", "Clerk")]
    assert office.steps()["export directory"]["statistics"] == {"renames": 1}
    office.settled()


def test_a_correction_survives_an_import_before_it_is_sent(office: Office) -> None:
    office.run()
    office.hr["2"]["title"] = "CLERK"
    for step in (("import", "hr"), ("sync",), ("evaluate",), ("import", "directory"), ("evaluate",)):
        office("step", *step)
    assert len(office.json("exports")) == 1
    office.run()
    assert office.person("bob")["title"] == ["CLERK"]
    office.settled()


def test_values_of_many_are_corrected_one_by_one(office: Office) -> None:
    office.systems["hr"]["objects"]["person"]["attributes"]["mail"] = "text[]"
    office.metaverse["person"]["attributes"]["mail"] = "text[]"
    office.systems["directory"]["objects"]["person"]["attributes"] = {"mail": "text[]"}
    office.hr["2"]["mail"] = "bob@example.org|b.noyce@example.org"
    office.run()
    office.hr["2"]["mail"] = "bob@example.org|B.Noyce@example.org"
    office.run()
    assert sorted(office.person("bob")["mail"]) == ["B.Noyce@example.org", "bob@example.org"]
    office.settled()
