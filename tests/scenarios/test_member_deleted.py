"""A member of groups, and somebody's manager, leaves: every reference to them goes, though the server does nothing."""

from tests.scenarios.conftest import Office


def test_who_is_deleted_leaves_all_groups_and_is_nobodys_manager(office: Office) -> None:
    groups = office.has_groups()
    office.has_managers()
    groups.add("it", name="IT", members="1|3")
    groups.add("all", name="Everybody", members="1|2|3|4")
    for number in ("2", "3"):
        office.hr[number]["manager"] = "1"
    office.run()

    row = office.hr.pop("1")
    office.run()
    assert office.members("it") == {"ada", "cleo"}

    office.approve_all("left")
    office.run()
    assert office.people() == {"bob", "cleo", "dan"}
    assert office.members("it") == {"cleo"}
    assert office.members("all") == {"bob", "cleo", "dan"}
    for uid in ("bob", "cleo"):
        one = office.person(uid)
        assert "manager" not in one

    groups["it"]["members"] = "3"
    groups["all"]["members"] = "2|3|4"
    for number in ("2", "3"):
        office.hr[number]["manager"] = ""
    office.run()

    office.hr["1"] = row
    groups["it"]["members"] = "1|3"
    office.run()
    assert office.members("it") == {"ada", "cleo"}
    office.settled()
