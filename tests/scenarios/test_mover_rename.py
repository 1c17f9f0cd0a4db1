"""Somebody takes another name: the entry is renamed, and stays the entry that it was."""

import pytest

from tests.scenarios.conftest import Office

pytestmark = pytest.mark.usefixtures("either_store")


def test_a_new_name_is_one_rename_of_the_same_entry(office: Office) -> None:
    office.run()
    before = office.person("bob")
    office.slapd.modify(f"dn: {before['dn'][0]}\nchangetype: modify\nadd: description\ndescription: plays chess\n")

    office.hr["2"] |= {"first_name": "Robert", "last_name": "Noyce-Moore"}
    office.run()

    assert office.people() == {"ada", "robert", "cleo", "dan"}
    assert office.steps()["export directory"]["statistics"] == {"renames": 1}
    after = office.person("robert")
    assert after["entryUUID"] == before["entryUUID"]
    assert after["uid"] == ["robert"]
    assert (after["cn"], after["sn"]) == (["Robert Noyce-Moore"], ["Noyce-Moore"])
    assert after["description"] == ["plays chess"]
    office.settled()


def test_two_people_swap_their_names_over_two_runs(office: Office) -> None:
    office.run()
    ada, bob = office.person("ada"), office.person("bob")

    office.hr["1"]["first_name"] = "Bert"
    office.run()
    office.hr["2"]["first_name"] = "Ada"
    office.run()
    office.hr["1"]["first_name"] = "Bob"
    office.run()

    new_ada, new_bob = office.person("ada"), office.person("bob")
    assert new_ada["entryUUID"] == bob["entryUUID"]
    assert new_bob["entryUUID"] == ada["entryUUID"]
    office.settled()
