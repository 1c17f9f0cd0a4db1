"""Somebody leaves a rule's scope and comes back: before the delete was approved, and after."""

from tests.scenarios.conftest import Office


def test_who_is_back_before_the_approval_keeps_the_account(office: Office) -> None:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.run()
    before = office.person("bob")

    office.hr["2"]["status"] = "left"
    office.run()
    assert office.person("bob") == before
    assert [one["status"] for one in office.json("exports")] == ["AwaitingApproval"]

    office.hr["2"]["status"] = "active"
    office.run()
    assert office.person("bob") == before
    assert office.json("review") == []
    office.settled()


def test_who_is_back_after_the_delete_gets_a_new_account_for_the_same_person(office: Office) -> None:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.run()
    before, mvo = office.person("bob"), office.mvo("2")

    office.hr["2"]["status"] = "left"
    office.run()
    office.approve_all("suspended")
    office.run()
    assert "bob" not in office.people()
    assert office.mvo("2") == mvo

    office.hr["2"]["status"] = "active"
    office.run()
    after = office.person("bob")
    assert after["entryUUID"] != before["entryUUID"]
    assert office.mvo("2") == mvo
    office.settled()


def test_a_line_that_leaves_its_scope_may_remain_joined_and_contributes_nothing(office: Office) -> None:
    lines = office.has_telephony()
    office.rule("numbers from telephony").update(scope="number != 'off'", out_of_scope="remain")
    lines.add("L2", employee="2", number="200")
    office.run()
    assert _phone(office) == ["200"]

    lines["L2"]["number"] = "off"
    office.run()
    assert _phone(office) == ["+49 30 2"]
    joined = "SELECT 'mvo-' || mvo_id FROM objects WHERE external_id = 'L2'"
    assert office.query(joined) == [(office.mvo("2"),)]
    assert office.json("review") == []

    lines["L2"]["number"] = "201"
    office.run()
    assert _phone(office) == ["201"]

    office.rule("numbers from telephony")["out_of_scope"] = "disconnect"
    lines["L2"]["number"] = "off"
    office.run()
    assert _phone(office) == ["+49 30 2"]
    assert office.query(joined) == [(None,)]
    office.settled()


def _phone(office: Office) -> list[str]:
    bob = office.person("bob")
    return bob["telephoneNumber"]
