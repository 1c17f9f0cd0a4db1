"""Somebody leaves and is back within the grace period: the account never noticed."""

from tests.scenarios.conftest import Office


def test_a_return_within_grace_cancels_the_deletion(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    before, mvo = office.person("bob"), office.mvo("2")

    row = office.hr.pop("2")
    office.run()
    office.approve_all("left")
    office.run()
    assert office.json("show", mvo)["delete_after"] is not None

    office.hr["2"] = row | {"title": "Consultant"}
    office.runs_in("20d")
    assert office.mvo("2") == mvo
    assert office.json("show", mvo)["delete_after"] is None
    after = office.person("bob")
    assert after["entryUUID"] == before["entryUUID"]
    assert after["title"] == ["Consultant"]

    office.runs_in("60d")
    assert office.person("bob") == after
    assert office.json("review") == []
    office.settled()
