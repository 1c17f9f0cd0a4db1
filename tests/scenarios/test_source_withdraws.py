"""A line is given up: whoever comes next in the priority takes over in the same run; the person stays."""

from tests.scenarios.conftest import Office


def test_the_next_source_takes_over_in_the_run_that_withdraws(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    lines.add("L2", employee="2", number="200")
    office.run()
    before = office.person("bob")
    assert before["telephoneNumber"] == ["200"]

    del lines["L2"]
    office.run()
    assert office.person("bob") == before
    (item,) = office.json("review")
    assert item["consequences"]["recalled"] == ["phone"]
    assert not item["consequences"]["mvo_deleted"]

    office.approve_all("given up")
    office.run()
    after = office.person("bob")
    assert after["telephoneNumber"] == ["+49 30 2"]
    assert after["entryUUID"] == before["entryUUID"]
    office.settled()


def test_a_blank_number_hands_over_unless_its_rule_says_that_blank_counts(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="")
    lines.add("L2", employee="2", number="")
    office.run()
    ada = office.person("ada")
    assert ada["telephoneNumber"] == ["+49 30 1"]

    office.rule("numbers from telephony")["asserts_empty"] = ["phone"]
    office.run()
    for uid in ("ada", "bob"):
        one = office.person(uid)
        assert "telephoneNumber" not in one
    cleo = office.person("cleo")
    assert cleo["telephoneNumber"] == ["+49 30 3"]
    office.settled()


def test_a_row_whose_scope_cannot_be_told_holds_up_its_own_person_alone(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    lines.add("L2", employee="2", number="200")
    office.run()
    office.rule("numbers from telephony")["scope"] = "1 / ((number | int) - 100) > 0"
    office.hr["1"]["last_name"] = office.hr["3"]["last_name"] = "Moore"
    office.run(status=1)

    assert set(office.codes()) == {"expression-error"}
    assert office.person("ada")["sn"] != ["Moore"]
    assert office.person("cleo")["sn"] == ["Moore"]
    office.run(status=1)
