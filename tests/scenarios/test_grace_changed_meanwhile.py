"""The period of grace is changed while somebody is in it: what the rules say now counts, not what they said then."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office, Source


@pytest.mark.parametrize("rule", [{"when": "manual"}, {"when": "last_connector_gone", "grace": "90d"}])
def test_who_is_in_grace_is_not_deleted_when_the_rules_no_longer_say_so(office: Office, rule: dict[str, Any]) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()

    office.metaverse["person"]["deletion"] = rule
    office.runs_in("31d")
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    office.settled()


def test_who_is_in_grace_is_deleted_sooner_when_the_rules_say_so(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()

    office.metaverse["person"]["deletion"]["grace"] = "10d"
    office.runs_in("11d")
    office.approve_all("the shorter period is over")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


@pytest.mark.parametrize("gone", ["hr", "crew"], ids=["still one that counts", "none that counts any more"])
def test_who_went_with_a_source_that_counts_no_more_is_not_deleted(office: Office, gone: str) -> None:
    crew = _crew(office)
    office.metaverse["person"]["deletion"] = _authority("hr")
    office.run()
    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    office.run()
    bob = office.person("bob")

    office.metaverse["person"]["deletion"] = _authority("hr.person" if gone == "hr" else "crew")
    office.runs_in("31d")
    office.run()
    if gone == "hr":
        assert "bob" not in office.people(), "the same source by another word is gone as before"
        return
    assert office.person("bob")["entryUUID"] == bob["entryUUID"]
    office.settled()
    office.hr["2"] = row
    del crew["2"]
    office.run()
    office.approve_all("left")
    office.run()
    assert office.person("bob")["entryUUID"] == bob["entryUUID"], "now crew's going has its own grace"


def _authority(source: str) -> dict[str, Any]:
    return {"when": "authoritative_source_gone", "source": source, "grace": "30d"}


def _crew(office: Office) -> Source:
    office.systems["crew"] = {
        "connector": "csv",
        "objects": {"person": {"path": "crew.csv", "external_id": "id"}},
        "deletions": {"max_percent": 100},
    }
    names = ("last_name", "account_name", "display_name")
    flow = {"employee_id": "id", **{name: name for name in names}}
    office.rules.append(
        {"name": "crew", "from": "crew.person", "to": "metaverse.person", "join": [["employee_id"]], "flow": flow}
    )
    crew = office.source("crew.csv", "id", names)
    for number, row in office.hr.items():
        first, last = row["first_name"], row["last_name"]
        crew.add(number, last_name=last, account_name=first.lower(), display_name=f"{first} {last}")
    return crew
