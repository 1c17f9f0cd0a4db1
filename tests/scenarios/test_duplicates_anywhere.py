"""Two objects with one id in one import, wherever they stand: both are errors, and nobody takes over anybody."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


@pytest.fixture
def office(office: Office) -> Office:
    """Let the directory be known by employee numbers, and read in pages of two."""
    office.systems["directory"]["objects"]["person"]["external_id"] = "employeeNumber"
    office.systems["directory"]["page_size"] = 2
    for number in range(5, 10):
        office.hires(str(number), f"P{number} Smith")
    office.run()
    return office


def _given(office: Office, name: str, number: str) -> None:
    dn = f"uid={name},ou=people,{SUFFIX}"
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: employeeNumber\nemployeeNumber: {number}\n")


@pytest.mark.parametrize("page_size", [1, 2, 1000])
@pytest.mark.parametrize(("typo", "owner", "number"), [("ada", "p9", "9"), ("p9", "ada", "1")])
def test_both_are_errors_on_whatever_pages_they_stand(
    office: Office, page_size: int, typo: str, owner: str, number: str
) -> None:
    office.systems["directory"]["page_size"] = page_size
    people = {person["id"]: office.json("show", person["id"])["attributes"] for person in office.json("metaverse")}
    _given(office, typo, number)
    office.run(status=1)
    assert office.codes().count("duplicate-external-id") == 4, "both, in the import and in the confirming one"
    assert office.json("review") == []
    assert {one: office.json("show", one)["attributes"] for one in people} == people
    entries = {entry["uid"][0]: entry["employeeNumber"] for entry in office.slapd.people().values()}
    assert entries[typo] == entries[owner] == [number]

    _given(office, typo, "1" if typo == "ada" else "9")
    office.run()
    office.settled()


def test_the_same_of_what_is_new(office: Office) -> None:
    for name in ("new1", "new2"):
        office.slapd.add(
            f"dn: uid={name},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: N\nsn: N\n"
            "employeeNumber: 77\n"
        )
    office.run(status=1)
    assert not [one for one in office.json("objects", "--limit", "0") if one["external_id"] == "77"]
    assert office.codes().count("duplicate-external-id") == 4
