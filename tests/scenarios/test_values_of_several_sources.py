"""Values of several sources stand side by side, and those that others put into the directory stay."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office, Source

MAILS = "mail"
PEOPLE = "people to the directory"


@pytest.fixture
def phones(office: Office) -> Source:
    """Let HR and telephony both know numbers, and the directory have all of them."""
    file = office.has_telephony()
    office.metaverse["person"]["attributes"]["phone"] = "text[]"
    for rule in ("numbers from telephony", "people from hr"):
        flow = office.rule(rule)["flow"]
        flow["phone"] = {"source": flow["phone"], "merge": True}
    office.rule(PEOPLE)["flow"]["telephoneNumber"] = {"source": "phone", "own": "ours"}
    office.systems["directory"]["objects"]["person"]["attributes"] = {"telephoneNumber": "text[]"}
    file.add("L1", employee="1", number="100")
    return file


def _numbers(office: Office, uid: str = "ada") -> set[str]:
    return set(office.person(uid).get("telephoneNumber", []))


def _edit(office: Office, what: str, *numbers: str) -> None:
    dn = office.person("ada")["dn"][0]
    values = "".join(f"telephoneNumber: {one}\n" for one in numbers)
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\n{what}: telephoneNumber\n{values}")


def test_the_values_of_all_sources_are_merged_each_with_its_origin(office: Office, phones: Source) -> None:
    office.run()
    assert _numbers(office) == {"100", "+49 30 1"}
    assert _numbers(office, "bob") == {"+49 30 2"}
    told = office("explain", "Ada Lovelace")
    assert f"in telephony ({office.cso('telephony', 'L1')}), rule 'numbers from telephony'" in told
    assert f"+49 30 1  from Ada Lovelace (1) in hr ({office.cso('hr', '1')}), rule 'people from hr'" in told
    assert "outranked" not in told

    phones["L1"]["number"] = "+49 30 1"  # both say the same
    office.run()
    assert _numbers(office) == {"+49 30 1"}
    office.hr["1"]["phone"] = ""
    office.run()
    assert _numbers(office) == {"+49 30 1"}, "telephony gives it still"
    office.settled()


def test_what_only_a_source_that_goes_gave_goes_with_it(office: Office, phones: Source) -> None:
    phones.add("L2", employee="2", number="200")
    office.run()
    del phones["L1"]
    office.run()
    (item,) = office.json("review")
    assert item["consequences"]["recalled"] == ["phone"]
    office.approve_all()
    office.run()
    assert _numbers(office) == {"+49 30 1"}
    office.settled()


def test_only_values_that_the_rules_gave_are_ever_removed(office: Office, phones: Source) -> None:
    office.run()
    _edit(office, "add", "555", "556")
    office.run()
    assert _numbers(office) == {"100", "+49 30 1", "555", "556"}
    assert "what others have put there stays: 555, 556" in office("explain", "Ada Lovelace")
    assert office.codes() == []
    office.settled()

    phones["L1"]["number"] = "101"
    _edit(office, "delete", "556")
    office.run()
    assert _numbers(office) == {"101", "+49 30 1", "555"}, "ours has changed, theirs stays"
    _edit(office, "delete", "+49 30 1")
    office.run()
    assert _numbers(office) == {"101", "+49 30 1", "555"}, "what somebody took away of ours is put back"
    office.settled()

    _edit(office, "add", "100")
    office.run()
    assert "100" in _numbers(office), "it was ours once; whoever adds it now has added it"
    office.hr["1"]["phone"] = ""
    del office.rule("numbers from telephony")["flow"]["phone"]
    office.rule("numbers from telephony")["flow"]["room"] = "number"
    office.run()
    assert _numbers(office) == {"100", "555"}
    office.settled()


def test_members_that_others_put_into_a_group_stay(office: Office) -> None:
    groups = office.has_groups()
    groups.add("it", name="IT", members="1|3")
    member: dict[str, Any] = {"source": "members", "own": "ours"}
    office.rule("groups to the directory")["flow"]["member"] = member
    office.run()
    dn = office.entry("(cn=it)")["dn"][0]
    dan = office.person("dan")["dn"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nadd: member\nmember: {dan}\n")
    groups["it"]["members"] = "1|2"
    office.run()
    assert office.members("it") == {"ada", "bob", "dan"}
    office.settled()


def test_check_tells_what_cannot_be_merged(office: Office, phones: Source) -> None:
    hr = office.rule("people from hr")
    hr["flow"]["phone"] = "phone"
    told = office("check", status=2)
    assert "rules.1.flow.phone: rule 'numbers from telephony' merges its values into 'phone'" in told
    hr["flow"]["phone"] = {"source": "phone", "merge": True}
    hr["asserts_empty"] = ["phone"]
    assert "rules.1.asserts_empty: 'phone' is merged" in office("check", status=2)
    del hr["asserts_empty"]
    hr["flow"]["title"] = {"source": "title", "merge": True}
    assert "flow.title.merge: 'title' holds one value" in office("check", status=2)
    hr["flow"]["title"] = {"source": "title", "own": "ours"}
    assert "flow.title.own: belongs to rules from the metaverse" in office("check", status=2)
    hr["flow"]["title"] = "title"
    office.rule(PEOPLE)["flow"]["employeeNumber"] = {"source": "employee_id", "own": "ours"}
    assert "FAIL  directory: schema: person.employeeNumber: own = " in office("check", status=4)
