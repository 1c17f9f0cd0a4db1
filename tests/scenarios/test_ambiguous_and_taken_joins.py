"""Two people fit a row, or two rows fit a person: nobody wins at random, and the operator reads who is meant."""

import pytest

from tests.scenarios.conftest import Office, Source


@pytest.fixture
def badges(office: Office) -> Source:
    """Let badges join people by their names; nobody but HR makes people, except for a badge of its own."""
    office.systems["doors"] = {
        "connector": "csv",
        "objects": {"badge": {"path": "badges.csv", "external_id": "badge"}},
        "deletions": {"max_percent": 100},
    }
    office.rules.append(
        {
            "name": "badges",
            "from": "doors.badge",
            "to": "metaverse.person",
            "join": [[{"source": "holder", "target": "last_name", "ignore": ["case", "accents", "spaces"]}]],
            "project": True,
            "flow": {"room": "room", "last_name": "holder"},
        }
    )
    office.rule("people to the directory")["scope"] = "employee_id is defined"
    office.rule("people to the directory")["flow"]["roomNumber"] = "room"
    return office.source("badges.csv", "badge", ("holder", "room"))


def test_a_row_that_fits_two_people_joins_neither_and_names_both(office: Office, badges: Source) -> None:
    office.hires("5", "Anne Lovelace")
    badges.add("B1", holder=" LOVELÁCE ", room="101")
    badges.add("B2", holder="noyce", room="102")
    office.run(status=1)

    (error,) = office.errors()
    assert error["code"] == "ambiguous-join"
    assert error["label"] == "B1"
    for number in ("1", "5"):
        assert office.mvo(number) in error["message"]
    assert office.query("SELECT count(*) FROM metaverse") == [(5,)]
    assert _room(office, "ada") is None
    assert _room(office, "bob") == ["102"]

    office.hr["5"]["last_name"] = "Turing"
    office.run()
    assert _room(office, "ada") == ["101"]
    office.settled()


def test_a_person_whom_two_rows_fit_is_taken_by_the_first_and_the_second_is_told(
    office: Office, badges: Source
) -> None:
    badges.add("B1", holder="Noyce", room="101")
    office.run()
    badges.add("B2", holder="Noyce", room="102")
    office.run(status=1)

    (error,) = office.errors()
    assert (error["code"], error["label"]) == ("join-already-taken", "B2")
    assert office.mvo("2") in error["message"]
    assert _room(office, "bob") == ["101"]
    assert office.query("SELECT count(*) FROM metaverse") == [(4,)]

    badges["B2"]["holder"] = "Dare"
    office.run()
    assert _room(office, "dan") == ["102"]
    office.settled()


def test_a_row_is_not_joined_by_a_name_that_its_person_had_until_this_run(office: Office, badges: Source) -> None:
    badges.add("B1", holder="Lovelace", room="101")
    office.run()

    office.hr["2"]["last_name"] = "Moore"
    office.hr["4"]["last_name"] = "Noyce"
    badges.add("B2", holder="Noyce", room="102")
    office.run(status=None)
    office.run()

    assert _room(office, "bob") is None
    assert _room(office, "dan") == ["102"]
    office.settled()


def _room(office: Office, uid: str) -> list[str] | None:
    found = office.person(uid)
    return found.get("roomNumber")
