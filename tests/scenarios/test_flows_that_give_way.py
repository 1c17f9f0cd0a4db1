"""A flow may give way: to what is there, to what was there first, and to whoever changed what was written once."""

from typing import Any

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

ADOPTED = f"""dn: uid=ada,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
employeeNumber: 1
title: Countess
telephoneNumber: 42
description: wrote the first program
"""


def _flows(office: Office, attribute: str, **flow: Any) -> None:
    office.rule("people to the directory")["flow"][attribute] = flow


def _edits(office: Office, uid: str, attribute: str, value: str = "") -> None:
    values = f"{attribute}: {value}\n" if value else ""
    dn = office.person(uid)["dn"][0]
    office.slapd.modify(f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{values}")


def _explained(office: Office, name: str) -> str:
    return office("explain", name)


def test_no_value_does_not_clear_where_the_flow_says_so(office: Office) -> None:
    _flows(office, "title", source="title", clear=False)
    office.run()
    office.hr["1"]["title"] = office.hr["1"]["mail"] = ""
    office.run()
    assert office.person("ada")["title"] == ["Clerk"]
    assert "mail" not in office.person("ada")
    assert "title is left as it is: no value, which does not clear" in _explained(office, "Ada Lovelace")
    _edits(office, "ada", "title", "Countess")
    office.run()
    assert office.person("ada")["title"] == ["Countess"], "without a value of its own it has nothing to correct"
    office.hr["1"]["title"] = "Lead"
    office.run()
    assert office.person("ada")["title"] == ["Lead"]
    office.settled()


def test_a_flow_that_has_no_value_and_gives_way_leaves_the_attribute_to_the_next_rule(office: Office) -> None:
    _flows(office, "title", source="title", clear=False)
    office.rules.append(
        {
            "name": "titles",
            "from": "metaverse.person",
            "to": "directory.person",
            "flow": {"title": {"constant": "Staff"}},
        }
    )
    office.hr["1"]["title"] = ""
    office.run()
    assert office.person("ada")["title"] == ["Staff"]
    assert office.person("bob")["title"] == ["Clerk"]
    office.settled()


def test_what_is_empty_is_filled_and_what_is_there_is_left(office: Office) -> None:
    office.slapd.add(ADOPTED)
    _flows(office, "telephoneNumber", source="phone", when_absent=True)
    _flows(office, "mail", source="mail", when_absent=True)
    office.run()
    ada, bob = office.person("ada"), office.person("bob")
    assert ada["telephoneNumber"] == ["42"]
    assert (ada["mail"], bob["telephoneNumber"]) == (["ada@example.org"], ["+49 30 2"])
    assert "fills only what is empty" in _explained(office, "Ada Lovelace")

    office.hr["2"]["phone"] = "+49 30 99"
    _edits(office, "ada", "telephoneNumber")
    office.run()
    assert office.person("bob")["telephoneNumber"] == ["+49 30 2"], "it was filled once, and is not empty"
    assert office.person("ada")["telephoneNumber"] == ["+49 30 1"]
    office.settled()


def test_what_is_written_once_is_never_enforced_again_not_even_for_accounts_that_are_adopted(office: Office) -> None:
    office.slapd.add(ADOPTED)
    _flows(office, "title", source="title", once=True)
    _flows(office, "employeeType", constant="staff", once=True)
    office.run()
    assert office.person("ada")["title"] == office.person("bob")["title"] == ["Clerk"]
    assert office.person("ada")["employeeType"] == ["staff"]

    for uid in ("ada", "bob"):
        _edits(office, uid, "title", "Sir")
    office.hr["2"]["title"] = "Lead"
    office.run()
    assert office.person("ada")["title"] == office.person("bob")["title"] == ["Sir"]
    assert "title is left as it is: written once" in _explained(office, "Bob Noyce")
    assert office.codes() == []
    office.settled()


def test_what_is_written_once_stays_so_while_the_account_is_disabled(office: Office) -> None:
    _flows(office, "title", source="title", once=True)
    office.rule("people to the directory").update(
        scope="status == 'active'", deprovision="disable", disable={"employeeType": {"constant": "gone"}}
    )
    office.run()
    _edits(office, "bob", "title", "Sir")
    for status, kind in (("left", "gone"), ("active", "active")):
        office.hr["2"]["status"] = status
        office.run()
        assert (office.person("bob")["employeeType"], office.person("bob")["title"]) == ([kind], ["Sir"])
    office.settled()


def test_what_was_discarded_was_not_written_once(office: Office) -> None:
    office.slapd.add(ADOPTED)
    _flows(office, "title", source="title", once=True)
    _flows(office, "employeeType", constant="staff", once=True)
    for step in ("import hr", "import directory", "sync", "evaluate"):
        office("step", *step.split())
    for export in office.json("exports"):
        office("exports", "discard", str(export["id"]))
    office.hr["1"]["mail"] = "ada.lovelace@example.org"
    office.run()
    assert office.person("ada")["title"] == ["Clerk"]
    assert office.person("ada")["employeeType"] == ["staff"]


def test_what_was_discarded_is_nobodys_drift(office: Office) -> None:
    office.rule("people to the directory")["drift"] = "report"
    office.run()
    office.hr["1"]["title"] = "Lead"
    for step in ("import hr", "import directory", "sync", "evaluate"):
        office("step", *step.split())
    (export,) = office.json("exports")
    office("exports", "discard", str(export["id"]))
    office.hr["1"]["mail"] = "ada.lovelace@example.org"
    office.run()
    assert office.person("ada")["title"] == ["Lead"]


def test_what_is_to_be_written_once_waits_until_it_can_be(office: Office) -> None:
    _flows(office, "description", source="department", once=True)
    office.hr["2"]["department"] = ""
    office.run()
    assert "description" not in office.person("bob"), "there was nothing to write yet"
    office.hr["2"]["department"] = "IT"
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    office.hr["2"]["department"] = "Sales"  # before it was sent
    office.run()
    assert office.person("bob")["description"] == ["Sales"]
    office.hr["2"]["department"] = "IT"
    office.run()
    assert office.person("bob")["description"] == ["Sales"]
    office.settled()


def test_what_an_adoption_clears_is_told_by_the_plan_and_by_the_run(office: Office) -> None:
    office.slapd.add(ADOPTED)
    office.hr["1"]["title"] = ""
    planned = office("plan")
    assert "adoption-clears" in planned
    assert "'title' (Countess)" in planned
    assert office.person("ada")["title"] == ["Countess"]
    _flows(office, "title", source="title", clear=False)
    assert "adoption-clears" not in office("plan")
    _flows(office, "title", source="title")
    office.run()
    (told,) = [one for one in office.errors() if one["code"] == "adoption-clears"]
    assert "title" in told["message"]
    assert "title" not in office.person("ada")
    office.run()
    assert office.codes() == []


def test_references_give_way_too(office: Office) -> None:
    office.has_managers()
    _flows(office, "manager", source="manager", clear=False)
    office.hr["2"]["manager"] = "1"
    office.run()
    ada = office.person("ada")["dn"]
    assert office.person("bob")["manager"] == ada
    office.hr["2"]["manager"] = ""
    office.run()
    assert office.person("bob")["manager"] == ada
    office.settled()


def test_check_tells_what_cannot_be_said_of_a_flow(office: Office) -> None:
    flow = office.rule("people from hr")["flow"]
    for written, told in (
        ({"source": "title", "clear": False}, "flow.title.clear: belongs to rules from the metaverse"),
        ({"clear": False}, "flow.title: say what it reads"),
        ({"source": "title", "constant": "x"}, "flow.title: give 'source', or 'constant', not both"),
        ({"source": "title", "onse": True}, "flow.title.onse: unknown key; did you mean 'once'?"),
    ):
        flow["title"] = written
        assert told in office("check", status=2)
