"""A group that is a condition: who is in IT is in its group, from the run that says so, to the run that does not."""

from tests.scenarios.conftest import Office


def test_a_computed_group_is_exact_as_people_change_come_and_go(office: Office) -> None:
    office.groups_in_the_directory()
    office.groups.append(
        {
            "name": "it",
            "members": "department == 'IT'",
            "attributes": {"display_name": "IT department", "account_name": "it"},
        }
    )
    office.run()
    assert office.members("it") == {"ada", "cleo"}
    before = office.entry("(cn=it)")
    assert before["description"] == ["IT department"]

    office.hr["2"]["department"] = "IT"
    office.hr["3"]["department"] = "Sales"
    office.hires("5", "Eve Moneypenny", department="IT")
    office.run()
    assert office.members("it") == {"ada", "bob", "eve"}

    del office.hr["5"]
    office.run()
    office.approve_all("left")
    office.run()
    assert office.members("it") == {"ada", "bob"}

    office.groups[0]["members"] = "department == 'Sales'"
    office.run()
    after = office.entry("(cn=it)")
    assert office.members("it") == {"cleo", "dan"}
    assert after["entryUUID"] == before["entryUUID"]
    office.settled()


def test_a_group_that_is_removed_from_the_file_is_deleted_when_that_is_approved(office: Office) -> None:
    office.groups_in_the_directory()
    for name in ("IT", "Sales"):
        own = {"account_name": name.lower(), "display_name": name}
        office.groups.append({"name": name.lower(), "members": f"department == '{name}'", "attributes": own})
    office.run()
    assert office.members("sales") == {"bob", "dan"}

    office.groups.pop()
    office.run()
    assert office.members("sales") == {"bob", "dan"}
    office.approve_all("reorganised")
    office.run()
    assert office.slapd.search("(cn=sales)") == {}
    assert office.members("it") == {"ada", "cleo"}
    office.settled()


def test_a_group_that_its_directory_refuses_empty_is_told_and_mends_itself(office: Office) -> None:
    office.groups_in_the_directory()
    for name in ("IT", "HR"):
        own = {"account_name": name.lower(), "display_name": name}
        office.groups.append({"name": name.lower(), "members": f"department == '{name}'", "attributes": own})
    office.run(status=1)
    assert office.codes() == ["schema-violation"]
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    assert office.members("it") == {"ada", "cleo"}

    office.hr["2"]["department"] = "HR"
    office.run()
    assert office.members("hr") == {"bob"}
    office.settled()
