"""Only what caused a deletion can call it off: any source or all of them, and no other source's row, join or change."""

import pytest

from tests.scenarios.conftest import Office, Source

_NAMES = ("last_name", "account_name", "display_name")


def _crew(office: Office, trigger: str, **more: str) -> Source:
    """Let there be a second authoritative source."""
    office.systems["crew"] = {
        "connector": "csv",
        "objects": {"person": {"path": "crew.csv", "external_id": "id"}},
        "deletions": {"max_percent": 100},
    }
    rule = {"name": "crew", "from": "crew.person", "to": "metaverse.person", "join": [["employee_id"]], "project": True}
    flow = {"employee_id": "id", "title": "role", **{name: name for name in _NAMES}}
    office.rules.append({**rule, "flow": flow})
    deletion = {"when": "authoritative_source_gone", "sources": ["hr", "crew"], "trigger": trigger, "grace": "30d"}
    office.metaverse["person"]["deletion"] = deletion | more
    crew = office.source("crew.csv", "id", ("role", *_NAMES))
    for number, row in office.hr.items():
        first, last = row["first_name"], row["last_name"]
        crew.add(number, role="Crew", last_name=last, account_name=first.lower(), display_name=f"{first} {last}")
    return crew


def _leaves(office: Office, *sources: Source) -> None:
    for source in sources:
        del source["2"]
    office.run()
    office.approve_all("left")
    office.run()


def _in_grace(office: Office) -> bool:
    (found,) = office.json("metaverse", "--search", "Bob")
    return bool(found["delete_after"])


@pytest.mark.parametrize("first", ["hr", "crew"])
def test_with_any_only_the_source_that_caused_it_calls_it_off(office: Office, first: str) -> None:
    crew = _crew(office, "any")
    office.run()
    gone, other = (office.hr, crew) if first == "hr" else (crew, office.hr)
    row = gone["2"]
    _leaves(office, gone)
    assert _in_grace(office)

    mine = other.pop("2")
    office.run()
    office.approve_all("gone for a day")
    office.run()
    other["2"] = mine | ({"title": "Boss"} if first == "crew" else {"role": "Boss"})
    office.run()
    assert _in_grace(office), "the other source's first row calls nothing off"

    gone["2"] = row
    office.run()
    assert not _in_grace(office)
    office.settled()


def test_with_all_the_last_of_them_causes_it_and_any_calls_it_off(office: Office) -> None:
    crew = _crew(office, "all")
    office.run()
    _leaves(office, office.hr)
    assert not _in_grace(office)
    row = crew["2"]
    _leaves(office, crew)
    assert _in_grace(office)
    crew["2"] = row
    office.run()
    assert not _in_grace(office)


def test_what_caused_it_is_told(office: Office) -> None:
    _crew(office, "any")
    office.run()
    _leaves(office, office.hr)
    (found,) = office.json("metaverse", "--search", "Bob")
    told = office("explain", found["id"])
    assert "authoritative_source_gone (hr)" in told
    assert "Bob Noyce (2) of 'hr'" in told
    assert "its return in hr" in told


def test_a_first_row_of_another_source_calls_nothing_off(office: Office) -> None:
    lines = office.has_telephony()
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "hr", "grace": "30d"}
    office.run()
    _leaves(office, office.hr)
    lines.add("L2", employee="2", number="200")
    office.run()
    assert _in_grace(office)


@pytest.mark.parametrize("adopted", [False, True], ids=["provisioned", "joined by the inbound rule"])
def test_an_account_that_is_read_back_keeps_nobody_alive(office: Office, adopted: bool) -> None:
    back = {"name": "back", "from": "directory.person", "to": "metaverse.person", "join": [["employee_id"]]}
    office.rules.append({**back, "flow": {"employee_id": "employeeNumber", "mail": "mail"}})
    if adopted:
        office.slapd.add(
            "dn: uid=bob,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: bob\ncn: Bob\nsn: N\n"
            "employeeNumber: 2\n"
        )
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    assert item["consequences"]["mvo_deleted"]
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


def test_two_sources_that_lose_somebody_in_one_run_tell_what_follows_together(office: Office) -> None:
    crew = _crew(office, "all", grace="1s")
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone"}
    office.run()
    del office.hr["2"], crew["2"]
    office.run()
    for item in office.json("review"):
        assert item["consequences"]["mvo_deleted"], item
        assert [entry[1] for entry in item["consequences"]["deletes"]] == ["directory"]
        assert len(item["consequences"]["together_with"]) == 1
    assert office("review").count("together with") == 2
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


def test_of_two_that_went_missing_the_approval_of_one_takes_no_account(office: Office) -> None:
    crew = _crew(office, "all")
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone"}
    office.run()
    row = crew["2"]
    del office.hr["2"], crew["2"]
    office.run()
    hr = next(item for item in office.json("review") if item["system"] == "hr")
    office("review", "approve", hr["id"], "--reason", "left")
    crew["2"] = row
    office.run(status=None)
    assert "bob" in office.people()
