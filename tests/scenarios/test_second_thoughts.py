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


def test_an_account_that_is_kept_though_it_is_gone_is_not_told_to_be_there(office: Office) -> None:
    office.run()
    office.slapd.modify(f"dn: {office.person('bob')['dn'][0]}\nchangetype: delete\n")
    office.run()
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "it will be there again")
    office.hr["2"]["title"] = "Lead"
    code, out, err = office.main("run")
    assert code == 1, out + err
    assert "imports do not find it either, and an operator keeps it" in out
    assert "wanted, and missing: imports do not find it, and an operator keeps it" in office("explain", "bob")

    office("review", "withdraw", item["id"], "--reason", "it will not")
    office.approve_all("it is gone")
    office.run()
    assert office.person("bob")["title"] == ["Lead"]
    office.settled()


def test_what_a_source_owed_is_forgotten_with_it(office: Office) -> None:
    office.has_managers()
    office.hr["2"]["manager"] = "99"
    office.run()
    assert [one["names"] for one in office.json("owed")] == ["99"]
    office.systems["people"] = office.systems.pop("hr")
    office.rule("people from hr")["from"] = "people.person"
    office.hr["2"]["manager"] = "1"
    office.run()
    assert office.json("owed") == []
    assert office.json("todo") == []


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
