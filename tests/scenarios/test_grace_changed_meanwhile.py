"""The period of grace is changed while somebody is in it: what the rules say now counts, not what they said then."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office


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
