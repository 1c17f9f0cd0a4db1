"""Two people with one name, a name that is free again, one taken by hand: each gets a name of their own."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


@pytest.fixture
def office(office: Office) -> Office:
    """Let account names be generated."""
    del office.rule("people from hr")["flow"]["account_name"]
    office.metaverse["person"]["unique"] = {
        "account_name": {
            "candidates": [
                "{{ first_name[0] | lower }}{{ last_name | lower }}",
                "{{ first_name | lower }}.{{ last_name | lower }}",
                "{{ last_name | lower }}{{ n }}",
            ],
            "check": ["directory.person.uid"],
        }
    }
    return office


def _uid(office: Office, number: str) -> str:
    found = office.entry(f"(employeeNumber={number})")
    return found["uid"][0]


def test_namesakes_of_one_run_get_the_next_candidates(office: Office) -> None:
    for number in ("5", "6", "7"):
        office.hires(number, "Ada Lovelace")
    office.run()
    assert sorted(_uid(office, number) for number in "1567") == [
        "ada.lovelace",
        "alovelace",
        "lovelace2",
        "lovelace3",
    ]
    office.settled()


def test_a_name_stays_whatever_happens_to_what_it_was_made_of(office: Office) -> None:
    office.run()
    assert _uid(office, "2") == "bnoyce"

    office.hr["2"]["last_name"] = "Moore"
    office.hires("5", "Bea Moore")
    office.run()

    assert _uid(office, "2") == "bnoyce"
    assert _uid(office, "5") == "bmoore"
    office.settled()


def test_a_name_is_free_again_when_its_owner_is_gone(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.hires("5", "Ben Noyce")
    office.run()
    assert _uid(office, "5") == "ben.noyce", "while the leaver's account is there, the name is taken"

    office.approve_all("left")
    office.run()
    office.hires("6", "Bill Noyce")
    office.run()
    assert _uid(office, "6") == "bnoyce"
    assert _uid(office, "5") == "ben.noyce"
    office.settled()


def test_a_name_that_stands_in_the_directory_is_taken_whoevers_it_is(office: Office) -> None:
    office.slapd.add(
        f"dn: uid=ADARE,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: ADARE\ncn: A Dare\nsn: Dare\n\n"
        f"dn: uid=DDare,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: DDare\ncn: D Dare\nsn: Dare\n"
    )
    office.run()
    assert _uid(office, "4") == "dan.dare"
    office.settled()


def test_a_name_taken_between_evaluation_and_export_gives_way_to_the_next(office: Office) -> None:
    office.run()
    office.hires("5", "Eve Adams")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    office.slapd.add(
        f"dn: uid=eadams,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: eadams\ncn: Ed Adams\nsn: Adams\n"
    )
    office.run(status=None)
    office.run(status=None)
    assert _uid(office, "5") == "eve.adams"
    stranger = office.person("eadams")
    assert stranger["cn"] == ["Ed Adams"]
    office.settled()


def test_who_gets_no_name_gets_the_first_that_becomes_free(office: Office) -> None:
    office.metaverse["person"]["unique"]["account_name"]["candidates"] = [
        "{{ first_name[0] | lower }}{{ last_name | lower }}"
    ]
    office.run()
    office.hires("5", "Abe Lovelace")
    for _ in range(2):
        office.run(status=1)
        assert "no-unique-value" in office.codes(), "it is told as long as it is so"
    del office.hr["1"]
    office.run(status=None)
    office.approve_all()
    office.run(status=None)
    office.run(status=None)
    assert _uid(office, "5") == "alovelace"
    office.settled()
