"""Somebody changes department: one attribute of one entry is written, and nothing else."""

from tests.scenarios.conftest import Office


def test_a_changed_department_is_one_modify_of_one_entry(office: Office) -> None:
    office.run()
    before = office.slapd.people()

    office.hr["1"]["department"] = "Research"
    office.run()

    after = office.slapd.people()
    assert office.steps()["export directory"]["statistics"] == {"updates": 1}
    ada = office.person("ada")
    (dn,) = ada["dn"]
    assert after.pop(dn) == before.pop(dn) | {"departmentNumber": ["Research"]}
    assert after == before
    office.settled()


def test_a_value_that_goes_at_the_source_goes_in_the_directory(office: Office) -> None:
    office.run()

    office.hr["1"]["phone"] = ""
    office.run()

    ada, bob = office.person("ada"), office.person("bob")
    assert "telephoneNumber" not in ada
    assert bob["telephoneNumber"] == ["+49 30 2"]
    office.settled()
