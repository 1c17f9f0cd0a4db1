"""The directory had accounts before Interlock came: they are joined and corrected, never doubled."""

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

OLD = f"""dn: uid=alovelace,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: alovelace
cn: A. Lovelace
sn: Lovelace
employeeNumber: 1
description: wrote the first program
telephoneNumber: 42

dn: uid=printer,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: printer
cn: Printer
sn: Printer
"""


def test_an_account_that_the_join_finds_is_adopted_and_a_stranger_is_left_alone(office: Office) -> None:
    office.slapd.add(OLD)
    before, printer = office.person("alovelace"), office.person("printer")

    office.run()

    assert office.people() == {"ada", "bob", "cleo", "dan", "printer"}
    assert office.steps()["export directory"]["statistics"] == {"adds": 3, "renames": 1}
    after = office.person("ada")
    assert after["entryUUID"] == before["entryUUID"]
    assert after["cn"] == ["Ada Lovelace"]
    assert after["telephoneNumber"] == ["+49 30 1"]
    assert after["description"] == ["wrote the first program"]
    assert office.person("printer") == printer
    office.settled()


def test_a_key_that_is_written_otherwise_is_found_by_a_join_that_ignores_the_difference(office: Office) -> None:
    office.slapd.add(OLD.replace("employeeNumber: 1\n", "mail: ADA@Example.ORG\n"))
    before = office.person("alovelace")
    key = {"source": "mail", "target": "mail", "ignore": ["case", "spaces"]}
    office.rule("people to the directory")["join"] = [["employeeNumber"], [key]]

    office.run()

    after = office.person("ada")
    assert after["entryUUID"] == before["entryUUID"]
    assert after["mail"] == ["ada@example.org"]
    assert after["employeeNumber"] == ["1"]
    office.settled()
