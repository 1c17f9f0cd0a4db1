"""Somebody edits the directory by hand: what the rules own is corrected or reported, the rest is left alone."""

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

EDIT = f"""dn: uid=bob,ou=people,{SUFFIX}
changetype: modify
replace: title
title: King
-
replace: telephoneNumber
telephoneNumber: 0
-
replace: description
description: loves cats
"""


def _phones_are_only_reported(office: Office) -> None:
    del office.rule("people to the directory")["flow"]["telephoneNumber"]
    office.rules.append(
        {
            "name": "phones to the directory",
            "from": "metaverse.person",
            "to": "directory.person",
            "flow": {"telephoneNumber": "phone"},
            "drift": "report",
        }
    )


def test_an_edit_is_corrected_reported_or_nobodys_business(office: Office) -> None:
    _phones_are_only_reported(office)
    office.run()
    office.slapd.modify(EDIT)

    office.run()
    bob = office.person("bob")
    assert bob["title"] == ["Clerk"]
    assert bob["telephoneNumber"] == ["0"]
    assert bob["description"] == ["loves cats"]
    assert office.codes() == ["drift"]
    assert office.steps()["export directory"]["statistics"] == {"updates": 1}

    office.settled()
    assert office.codes() == [], "drift is told once"

    office.hr["2"]["phone"] = "+49 30 222"
    office.run()
    bob = office.person("bob")
    assert bob["telephoneNumber"] == ["+49 30 222"]
    office.settled()


def test_drift_is_told_with_the_rule_that_gives_the_attribute(office: Office) -> None:
    _phones_are_only_reported(office)
    del office.rule("people to the directory")["flow"]["title"]
    titles = {"name": "titles to the directory", "flow": {"title": "title"}}
    office.rules.append(office.rule("phones to the directory") | titles)
    office.run()
    office.slapd.modify(EDIT)
    office.run()
    told = sorted(one["message"] for one in office.errors())
    assert ["rule 'phones to the directory' wants" in told[0], "rule 'titles to the directory' wants" in told[1]] == [
        True,
        True,
    ], told


def test_what_the_directory_means_by_equal_is_no_drift(office: Office) -> None:
    office.systems["directory"]["objects"]["person"]["matching"] = {
        "mail": "case_ignore",
        "telephoneNumber": "telephone",
    }
    office.run()
    office.slapd.modify(
        f"dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: mail\nmail: Bob@Example.org\n-\n"
        "replace: telephoneNumber\ntelephoneNumber: +4930-2\n"
    )
    before = office.person("bob")

    office.run()

    assert office.person("bob") == before
    assert office.codes() == []
    office.settled()


def test_an_entry_deleted_by_hand_is_asked_about_and_made_again(office: Office) -> None:
    office.run()
    before = office.person("bob")
    office.slapd.tool("ldapdelete", before["dn"][0])

    office.run()
    assert "bob" not in office.people()
    (item,) = office.json("review")
    assert (item["kind"], item["system"]) == ("absence", "directory")

    office.approve_all("it is gone indeed")
    office.run()
    after = office.person("bob")
    assert after["entryUUID"] != before["entryUUID"]
    office.settled()
