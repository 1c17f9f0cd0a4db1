"""The operator knows better than the rules: a join, a disconnection and an exclusion by hand, each with its reason."""

from tests.scenarios.conftest import Office


def test_a_row_that_no_rule_joins_is_joined_by_hand(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L7", employee="typo", number="700")
    office.run()

    office("join", office.cso("telephony", "L7"), office.mvo("2"), "--reason", "HR says it is Bob's")
    office.run()

    bob = office.person("bob")
    assert bob["telephoneNumber"] == ["700"]
    told = office.json("transitions", "--search", "L7")
    assert ("tester", "HR says it is Bob's") in [(one["operator"], one["reason"]) for one in told]

    office("disconnect", office.cso("telephony", "L7"), "--reason", "it was Bob's, no longer")
    office.run()
    bob = office.person("bob")
    assert bob["telephoneNumber"] == ["+49 30 2"]
    office.settled()


def test_who_is_excluded_is_left_out_until_included_again(office: Office) -> None:
    lines = office.has_telephony()
    lines.add("L1", employee="1", number="100")
    office.run()
    line = office.cso("telephony", "L1")

    office("exclude", line, "--reason", "a test line")
    office.run()
    ada = office.person("ada")
    assert ada["telephoneNumber"] == ["+49 30 1"]

    lines["L1"]["number"] = "101"
    office.run()
    assert office.person("ada") == ada

    office("include", line, "--reason", "in use after all")
    office.run()
    ada = office.person("ada")
    assert ada["telephoneNumber"] == ["101"]
    office.settled()


def test_excluding_somebodys_only_row_asks_before_the_account_goes(office: Office) -> None:
    office.run()
    row, before = office.cso("hr", "2"), office.person("bob")

    office("exclude", row, "--reason", "a test person")
    office.run()
    assert office.person("bob") == before
    assert [(one["kind"], one["system"]) for one in office.json("review")] == [("delete", "directory")]

    office("include", row, "--reason", "a real one")
    office.run()
    assert office.person("bob") == before
    assert office.json("review") == []
    office.settled()


def test_by_hand_needs_a_reason_and_refuses_what_cannot_be(office: Office) -> None:
    office.run()
    bob = office.cso("hr", "2")
    assert "--reason" in office("disconnect", bob, status=2)
    office("join", bob, "mvo-999", "--reason", "as agreed", status=2)
    office("join", "cso-999", office.mvo("1"), "--reason", "as agreed", status=2)
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    office.settled()
