"""A new company: people, their managers and their groups are all created in the very first run."""

from tests.scenarios.conftest import Office


def test_groups_and_managers_point_at_accounts_of_the_same_run(office: Office) -> None:
    groups = office.has_groups()
    office.has_managers()
    groups.add("it", name="IT", members="1|3")
    groups.add("all", name="Everybody", members="1|2|3|4")
    office.hr["1"]["manager"] = "3"
    office.hr["3"]["manager"] = "1"

    office.run()

    assert office.members("it") == {"ada", "cleo"}
    assert office.members("all") == {"ada", "bob", "cleo", "dan"}
    ada, cleo = office.person("ada"), office.person("cleo")
    assert ada["manager"] == cleo["dn"]
    assert cleo["manager"] == ada["dn"]
    assert office.json("owed") == []
    office.settled()


def test_a_group_may_be_a_member_of_a_group(office: Office) -> None:
    groups = office.has_groups()
    office.systems["hr"]["objects"]["group"]["attributes"]["groups"] = "reference[]"
    groups.columns += ("groups",)
    office.metaverse["group"]["attributes"]["groups"] = "reference[]"
    office.rule("groups from hr")["flow"]["groups"] = "groups"
    office.systems["directory"]["objects"]["group"]["attributes"]["seeAlso"] = "reference[]"
    office.rule("groups to the directory")["flow"]["seeAlso"] = "groups"
    groups.add("all", name="Everybody", members="1", groups="it")
    groups.add("it", name="IT", members="3", groups="all")

    office.run()

    every, it = office.entry("(cn=all)"), office.entry("(cn=it)")
    assert every["seeAlso"] == it["dn"]
    assert it["seeAlso"] == every["dn"]
    office.settled()
