"""What was decided once is no obstacle later: accounts that appear, deletes that are called off, groups put back."""

from tests.scenarios.conftest import Office


def test_an_account_that_appears_is_joined_though_its_person_did_not_change(office: Office) -> None:
    rule = office.rule("people to the directory")
    rule["provision"] = False
    office.run()
    assert office.people() == set()

    office.slapd.add(
        "dn: uid=b.o,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n"
        "uid: b.o\ncn: Bob\nsn: O\nemployeeNumber: 2\n"
    )
    office.run()
    assert office.query("SELECT joined_by FROM objects WHERE secondary_id LIKE 'uid=b%'") == [("outbound join",)]
    office.settled()


def test_a_delete_that_was_called_off_can_be_approved_another_time(office: Office) -> None:
    rule = office.rule("people to the directory")
    rule.update(scope="status == 'active'", deprovision="delete")
    office.run()
    office.hr["2"]["status"] = "off"
    office.run()
    (item,) = office.json("review")
    rule["deprovision"] = "disconnect"
    office.run()
    assert office.json("review") == []
    assert office.json("show", item["id"])["state"] == "withdrawn"

    rule["deprovision"] = "delete"
    office.hr["2"]["status"] = "active"
    office.run()
    office.hr["2"]["status"] = "off"
    office.run()
    office.approve_all("left")
    office.run()
    assert office.people() == {"ada", "cleo", "dan"}
    office.settled()


def test_a_kept_account_is_asked_about_again_when_its_person_is_gone(office: Office) -> None:
    office.rule("people to the directory").update(scope="status == 'active'", deprovision="delete")
    office.run()
    office.hr["2"]["status"] = "off"
    office.run()
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "still needed")
    office.run()
    assert "bob" in office.people()

    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    assert "bob" not in office.people()
    office.settled()


def test_references_to_somebody_in_grace_stay(office: Office) -> None:
    office.has_managers()
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone", "grace": "30d"}
    office.hr["2"]["manager"] = "1"
    office.run()
    ada = office.person("ada")
    del office.hr["1"]
    office.run()
    office.approve_all("left")
    office.run()
    assert office.person("bob")["manager"] == ada["dn"]
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    assert office.person("bob")["manager"] == ada["dn"]
    office.runs_in("31d")
    assert "manager" not in office.person("bob")
    office.settled()


def test_a_computed_group_that_is_put_back_is_the_same_group(office: Office) -> None:
    office.groups_in_the_directory()
    office.metaverse["group"]["attributes"] |= {"account_name": "text", "display_name": "text"}
    group = {"name": "all", "members": "true", "attributes": {"account_name": "all", "display_name": "Everybody"}}
    office.groups.append(group)
    office.run()
    before = office.slapd.search("(cn=all)")
    office.groups.clear()
    office.run()
    assert [one["label"] for one in office.json("review")] == ["all (cn=all,ou=groups,dc=example,dc=org)"]

    office.groups.append(group)
    office.run()
    assert office.json("review") == []
    assert office.slapd.search("(cn=all)") == before
    office.settled()
