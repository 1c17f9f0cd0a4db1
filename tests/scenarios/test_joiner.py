"""Somebody is hired: the next run gives them an account, confirmed, and touches nobody else."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_a_joiner_gets_an_account_and_nobody_else_is_touched(office: Office) -> None:
    office.run()
    assert office.people() == {"ada", "bob", "cleo", "dan"}
    before = office.slapd.people()

    office.hires("5", "Eve Moneypenny", department="Secrets", title="Secretary", phone="")
    office.run()

    eve = office.person("eve")
    assert eve["cn"] == ["Eve Moneypenny"]
    assert eve["departmentNumber"] == ["Secrets"]
    assert eve["employeeNumber"] == ["5"]
    assert "telephoneNumber" not in eve
    assert office.steps()["export directory"]["statistics"] == {"adds": 1}
    assert {dn: entry for dn, entry in office.slapd.people().items() if dn in before} == before
    known = office.query("SELECT external_id FROM objects WHERE secondary_id LIKE 'uid=eve,%' AND status = 'Normal'")
    assert known == [(eve["entryUUID"][0],)]
    office.settled()


def test_a_joiner_is_let_in_a_week_before_the_first_day(office: Office) -> None:
    office.rule("people from hr")["scope"] = "not start or start <= today + 7d"
    office.hires("5", "Eve Moneypenny", start=office.day("20d"))
    office.run()
    assert "eve" not in office.people()

    office.runs_in("12d")
    assert "eve" not in office.people()

    office.in_a_process_of_its_own("13d", "run")
    assert "eve" in office.people()
    office.settled()


def test_an_initial_value_is_set_once_and_is_nobodys_business_afterwards(office: Office) -> None:
    office.run()
    office.rule("people to the directory")["initial"] = {"description": "came as {{ title }}"}
    office.hires("5", "Eve Moneypenny")
    office.run()
    ada, eve = office.person("ada"), office.person("eve")
    assert "description" not in ada, "who had an account already is not created again"
    assert eve["description"] == ["came as Clerk"]

    office.slapd.modify(f"dn: {eve['dn'][0]}\nchangetype: modify\nreplace: description\ndescription: mine\n")
    office.hr["5"]["title"] = "Secretary"
    office.run()
    eve = office.person("eve")
    assert (eve["description"], eve["title"]) == (["mine"], ["Secretary"])
    office.settled()
