"""Two join a group and one leaves it: exactly two adds and one remove are sent."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

pytestmark = pytest.mark.usefixtures("either_store")


def test_plus_two_minus_one_is_exactly_that(office: Office) -> None:
    groups = office.has_groups()
    for number in range(5, 30):
        office.hires(str(number), f"P{number} Smith")
    everybody = [str(number) for number in range(1, 30)]
    groups.add("all", name="Everybody", members="|".join(everybody[:-2]))
    office.run()
    assert len(office.members("all")) == 27

    groups["all"]["members"] = "|".join(everybody[1:])
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")

    (staged,) = office.json("exports")
    assert (staged["change_type"], [change["name"] for change in staged["changes"]]) == ("Update", ["member"])
    (change,) = staged["changes"]
    assert not change["replace"]
    assert sorted(change["add"]) == [_dn("p28"), _dn("p29")]
    assert change["remove"] == [_dn("ada")]

    office("step", "export", "directory")
    office("step", "confirm", "directory")
    assert office.members("all") == {"bob", "cleo", "dan", *(f"p{number}" for number in range(5, 30))}
    office.settled()


def test_a_member_put_in_by_hand_is_taken_out_again_by_one_remove(office: Office) -> None:
    groups = office.has_groups()
    groups.add("it", name="IT", members="1|3")
    office.run()
    office.slapd.modify(
        f"dn: cn=it,ou=groups,{SUFFIX}\nchangetype: modify\nadd: member\nmember: {_dn('dan')}\n"
        f"member: cn=someone,dc=elsewhere\n-\ndelete: member\nmember: {_dn('ada')}\n"
    )

    office.run()

    assert office.members("it") == {"ada", "cleo"}
    office.settled()


def test_what_was_given_up_is_tried_again_where_more_is_to_be_taken_out(office: Office) -> None:
    """No directory takes the last member out of a group; who is put in by hand is another matter."""
    office.systems["directory"]["exports"] = {"max_retries": 0}
    groups = office.has_groups()
    groups.add("it", name="IT", members="1")
    office.run()
    groups["it"]["members"] = ""
    office.run(status=1)
    assert [one["status"] for one in office.json("exports")] == ["Failed"]
    office.slapd.modify(f"dn: cn=it,ou=groups,{SUFFIX}\nchangetype: modify\nadd: member\nmember: {_dn('dan')}\n")
    for step in (("import", "directory"), ("sync",), ("evaluate",)):
        office("step", *step, status=None)
    (staged,) = office.json("exports")
    assert staged["status"] == "Pending"
    assert sorted(staged["changes"][0]["remove"]) == [_dn("ada"), _dn("dan")]


def _dn(uid: str) -> str:
    return f"uid={uid},ou=people,{SUFFIX}"
