"""HR is who says whether somebody works here: when HR's row goes, the telephone line does not keep them."""

from tests.scenarios.conftest import Office


def test_who_is_gone_from_the_authoritative_source_is_gone(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    lines.add("L2", employee="2", number="200")
    office.metaverse["person"]["deletion"] = {"when": "authoritative_source_gone", "source": "hr"}
    office.run()

    del lines["L1"]
    office.run()
    office.approve_all("given up")
    office.run()
    assert office.people() == {"ada", "bob", "cleo", "dan"}

    row = office.hr.pop("2")
    office.run()
    (item,) = office.json("review")
    assert item["consequences"]["mvo_deleted"]
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}

    office.hr["2"] = row
    office.run()
    assert office.person("bob")["telephoneNumber"] == ["200"]
    office.settled()
