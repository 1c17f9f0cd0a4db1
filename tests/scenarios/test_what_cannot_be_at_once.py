"""What the rules want and nobody can do at once is told, and nothing wrong is written meanwhile."""

from tests.scenarios.conftest import Office


def test_an_id_that_two_types_share_names_the_type_that_is_meant(office: Office) -> None:
    groups = office.has_groups()
    groups.add("1", name="all", members="1|2")
    office.run()
    assert office.codes() == ["ambiguous-reference"]

    office.systems["hr"]["objects"]["group"]["refers_to"] = {"members": "person"}
    office.run()
    assert office.members("1") == {"ada", "bob"}
    office.settled()


def test_an_account_that_is_excluded_is_left_alone_and_nobody_complains(office: Office) -> None:
    office.run()
    account = office.cso("directory", office.person("bob")["entryUUID"][0])
    office("exclude", account, "--reason", "kept by hand")
    office.hr["2"]["last_name"] = "Moore"
    office.run()

    assert office.person("bob")["sn"] != ["Moore"]
    office.settled()
    assert "excluded" in office("explain", account)
