"""Narrowing what is looked for is not absence: whoever stands outside a new query is held, and nobody is missing."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


def _account_of_a_source(office: Office) -> None:
    """Let the directory be a source as well."""
    person = office.systems["directory"]["objects"]["person"]
    person["filter"] = "(|(departmentNumber=IT)(departmentNumber=Sales))"
    office.run()


@pytest.mark.parametrize("narrowed", ["filter", "object_class"])
def test_who_stands_outside_a_narrower_query_is_held_and_not_missing(office: Office, narrowed: str) -> None:
    _account_of_a_source(office)
    person = office.systems["directory"]["objects"]["person"]
    before = dict(person)
    if narrowed == "filter":
        person["filter"] = "(departmentNumber=IT)"
    else:
        person["object_class"] = ["inetOrgPerson", "extensibleObject"]
    for _ in range(2):
        office.run(status=None)
        assert office.json("review") == []
        told = office.steps()["detect directory"]["message"]
        assert "no longer looked for" in told
        assert "departmentNumber=Sales" in told
    assert office.people() == {"ada", "bob", "cleo", "dan"}

    person.clear()
    person.update(before)
    office.run()
    assert office.json("review") == []
    office.settled()


def test_who_went_missing_meanwhile_is_missing_when_the_query_is_as_it_was(office: Office) -> None:
    _account_of_a_source(office)
    person = office.systems["directory"]["objects"]["person"]
    wide, person["filter"] = person["filter"], "(departmentNumber=IT)"
    office.run(status=None)
    dn = office.person("bob")["dn"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: delete\n")
    office.run(status=None)
    assert office.json("review") == []
    person["filter"] = wide
    office.run(status=None)
    assert [item["label"] for item in office.json("review")] == [f"Bob Noyce ({dn})"]


def test_those_held_can_be_let_into_the_review(office: Office) -> None:
    _account_of_a_source(office)
    office.systems["directory"]["objects"]["person"]["filter"] = "(departmentNumber=IT)"
    office.run(status=None)
    office("review", "release", office.told["id"], "--count", "2", "--reason", "they are gone")
    assert len(office.json("review")) == 2


def test_an_export_is_not_unconfirmed_by_an_import_that_looked_elsewhere(office: Office) -> None:
    office.run()
    office.hr["2"]["title"] = "Lead"
    for step in (("import", "hr"), ("sync",), ("evaluate",), ("export", "directory")):
        office("step", *step)
    person = office.systems["directory"]["objects"]["person"]
    person["base"] = f"ou=leavers,{SUFFIX}"
    office("step", "confirm", "directory", status=None)
    assert [one["status"] for one in office.json("exports")] == ["Exported"]
    del person["base"]
    office("step", "confirm", "directory")
    assert office.json("exports") == []
    office.settled()
