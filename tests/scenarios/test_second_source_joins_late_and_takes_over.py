"""The telephone system learns of somebody after HR did: it joins the same person, and its number wins."""

from tests.scenarios.conftest import Office


def test_a_late_source_joins_the_same_person_and_takes_over(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    office.run()
    bob, ada = office.person("bob"), office.person("ada")
    assert bob["telephoneNumber"] == ["+49 30 2"]
    assert ada["telephoneNumber"] == ["100"]

    lines.add("L2", employee="2", number="200")
    office.run()

    assert office.steps()["export directory"]["statistics"] == {"updates": 1}
    after = office.person("bob")
    assert after["telephoneNumber"] == ["200"]
    assert after["entryUUID"] == bob["entryUUID"]
    mvo = office.json("show", office.mvo("2"))
    assert mvo["contributors"]["phone"][-1] == "numbers from telephony"
    assert mvo["contributors"]["title"][-1] == "people from hr"
    assert office.query("SELECT count(*) FROM metaverse") == [(4,)]
    office.settled()


def test_a_line_that_came_before_its_person_joins_when_the_person_comes(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L5", employee="5", number="500")
    office.run()
    assert office.query("SELECT count(*) FROM metaverse") == [(4,)]

    office.hires("5", "Eve Moneypenny")
    office.run()
    office.run()

    eve = office.person("eve")
    assert eve["telephoneNumber"] == ["500"]
    office.settled()
