"""Whom a list, an error, a review item or a message names, it names in the same way: the name first, then the id."""

from tests.scenarios.conftest import Office

BOB_IN_HR = "Bob Noyce (2)"
BOB_IN_DIRECTORY = "Bob Noyce (uid=bob,ou=people,dc=example,dc=org)"


def _named(office: Office, kind: str, who: str, *more: str) -> set[str]:
    """Give every label that a list has for a person."""
    return {row["label"] for row in office.json(kind, "--search", who, "--limit", "0", *more)}


def test_a_person_has_one_name_before_and_after_each_step(office: Office) -> None:
    for step in ("import hr", "sync", "evaluate"):
        office("step", *step.split())
        assert _named(office, "objects", "Bob", "--system", "hr") == {BOB_IN_HR}
    assert _named(office, "exports", "Bob") == {BOB_IN_DIRECTORY}, "before its entry is there"
    office.run()
    assert _named(office, "objects", "Bob", "--system", "directory") == {BOB_IN_DIRECTORY}
    (person,) = _named(office, "metaverse", "Bob")
    assert person == "Bob Noyce (bob)", "its id stands beside it"
    office.hr["2"]["title"] = "Boss"
    for step in ("import hr", "sync", "evaluate"):
        office("step", *step.split())
    assert _named(office, "exports", "Bob") == {BOB_IN_DIRECTORY}
    office.run()
    assert _named(office, "transitions", "Bob") == {BOB_IN_HR, BOB_IN_DIRECTORY}


def test_who_leaves_has_the_name_in_the_review_and_in_what_follows(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    assert item["label"] == BOB_IN_HR
    assert [label for _, _, label, _ in item["consequences"]["deletes"]] == [BOB_IN_DIRECTORY]
    assert BOB_IN_HR in office("show", item["id"])


def test_a_part_of_the_name_or_the_id_finds_it_as_a_whole(office: Office) -> None:
    office.hr["1"]["last_name"] = "Bob Noyce"
    for step in ("import hr", "sync", "evaluate"):
        office("step", *step.split())
    for wanted in ("bob noyce", "uid=bob,ou=people,dc=example,dc=org"):
        assert office.json("exports", "--search", wanted)[0]["label"] == BOB_IN_DIRECTORY
    assert len(office.json("exports", "--search", "bob noyce")) == 2
