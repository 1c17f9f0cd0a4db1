"""Names that follow a marriage: a new login and mail, the old one kept for a while, and nobody else's for longer."""

import pytest

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX

MAIL = "{{ first_name | lower }}.{{ last_name | lower }}@example.org"
COUNTED = "{{ first_name | lower }}.{{ last_name | lower }}{{ n }}@example.org"


@pytest.fixture
def office(office: Office) -> Office:
    """Let mail addresses be generated from the name, and follow it."""
    del office.rule("people from hr")["flow"]["mail"]
    office.rule("people from hr")["flow"]["account_name"] = "u{{ id }}"
    office.metaverse["person"]["attributes"]["aliases"] = "text[]"
    office.metaverse["person"]["unique"] = {
        "mail": {
            "candidates": [MAIL, COUNTED],
            "follows": ["last_name"],
            "keep_old": "1y",
            "aliases": "aliases",
            "reserve": "2y",
        }
    }
    office.rule("people to the directory")["flow"]["labeledURI"] = "aliases"
    return office


def _mails(office: Office, number: str) -> tuple[str, list[str]]:
    """Give somebody's address and aliases in the directory."""
    found = office.entry(f"(employeeNumber={number})")
    return found["mail"][0], found.get("labeledURI", [])


def test_a_new_name_gives_a_new_address_and_keeps_the_old_one(office: Office) -> None:
    office.run()
    assert _mails(office, "2") == ("bob.noyce@example.org", [])
    office.settled()

    office.hr["2"]["last_name"] = "Moore"
    office.run()
    assert _mails(office, "2") == ("bob.moore@example.org", ["bob.noyce@example.org"])
    office.settled()

    office.hr["2"]["title"] = "Lead"
    office.hr["2"]["first_name"] = "Rob"
    office.run()
    assert _mails(office, "2") == ("bob.moore@example.org", ["bob.noyce@example.org"]), "only what is followed counts"
    office.settled()


def test_an_address_is_an_alias_for_a_year_and_reserved_for_two(office: Office) -> None:
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    office.hires("5", "Bob Noyce")
    office.run()
    assert _mails(office, "5")[0] == "bob.noyce2@example.org", "the former owner has it as an alias"

    office.runs_in("370d")
    assert _mails(office, "2") == ("bob.moore@example.org", []), "by the clock alone"
    office.hires("6", "Bob Noyce")
    office.run()
    assert _mails(office, "6")[0] == "bob.noyce3@example.org", "no alias any more, and still reserved"

    office.shift = "740d"
    office.hires("7", "Bob Noyce")
    office.run()
    assert _mails(office, "7")[0] == "bob.noyce@example.org"
    assert _mails(office, "5")[0] == "bob.noyce2@example.org", "who has an address keeps it"
    office.settled()


def test_a_leavers_address_is_not_given_to_somebody_else(office: Office) -> None:
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    office.run()
    office.hires("5", "Bob Noyce")
    office.run()
    assert _mails(office, "5")[0] == "bob.noyce2@example.org"
    office.shift = "740d"
    office.hires("6", "Bob Noyce")
    office.run()
    assert _mails(office, "6")[0] == "bob.noyce@example.org"
    office.settled()


def test_the_old_name_comes_back_with_its_address(office: Office) -> None:
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    office.hr["2"]["last_name"] = "Noyce"
    office.run()
    assert _mails(office, "2") == ("bob.noyce@example.org", ["bob.moore@example.org"])
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    assert _mails(office, "2") == ("bob.moore@example.org", ["bob.noyce@example.org"])
    office.settled()


def test_two_people_change_names_in_one_run(office: Office) -> None:
    office.hires("5", "Bob Moore")
    office.run()
    office.hr["2"]["last_name"], office.hr["5"]["last_name"] = "Moore", "Noyce"
    office.run()
    office.run()
    assert _mails(office, "2") == ("bob.moore2@example.org", ["bob.noyce@example.org"])
    assert _mails(office, "5") == ("bob.noyce2@example.org", ["bob.moore@example.org"])
    office.settled()


def test_who_finds_nothing_free_keeps_what_they_have_and_is_told(office: Office) -> None:
    office.metaverse["person"]["unique"]["mail"]["candidates"] = [MAIL]
    office.hires("5", "Bob Moore")
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    for _ in range(2):
        office.run(status=1)
        assert office.codes() == ["no-unique-value"]
        assert "it keeps 'bob.noyce@example.org'" in office.errors()[0]["message"]
        assert _mails(office, "2") == ("bob.noyce@example.org", [])
    office.metaverse["person"]["unique"]["mail"]["candidates"] = [MAIL, COUNTED]
    office.run()
    assert _mails(office, "2") == ("bob.moore2@example.org", ["bob.noyce@example.org"])
    office.settled()


def test_nobody_is_renamed_by_switching_it_on(office: Office) -> None:
    unique = office.metaverse["person"]["unique"]["mail"]
    office.metaverse["person"]["unique"] = {"mail": {"candidates": unique["candidates"]}}
    del office.rule("people to the directory")["flow"]["labeledURI"]
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    assert _mails(office, "2")[0] == "bob.noyce@example.org", "it follows nothing"

    office.metaverse["person"]["unique"]["mail"] = unique
    office.run()
    assert _mails(office, "2")[0] == "bob.noyce@example.org", "what was there before the rule stays"
    office.settled()
    office.hr["2"]["last_name"] = "Grove"
    office.run()
    assert _mails(office, "2")[0] == "bob.grove@example.org"


def test_a_login_that_follows_renames_the_account(office: Office) -> None:
    del office.rule("people from hr")["flow"]["account_name"]
    login = {"candidates": ["{{ last_name | lower }}", "{{ last_name | lower }}{{ n }}"], "follows": ["last_name"]}
    office.metaverse["person"]["unique"]["account_name"] = login | {"check": ["directory.person.uid"], "reserve": "1y"}
    office.run()
    before = office.person("noyce")["entryUUID"]
    office.hr["2"]["last_name"] = "Moore"
    office.hires("5", "Ben Noyce")
    office.run()
    assert office.person("moore")["entryUUID"] == before, "the same account under another name"
    assert office.person("noyce2")["employeeNumber"] == ["5"]
    office.settled()


def test_explain_tells_whose_a_value_was_and_is(office: Office) -> None:
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    told = office("explain", office.json("objects", "--system", "hr", "--search", "Moore")[0]["id"])
    assert "made of last_name" in told
    assert "formerly bob.noyce@example.org" in told
    assert "an alias until" in told
    assert "nobody else's until" in told


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"follows": ["lastname"]}, "'lastname' cannot be followed"),
        ({"follows": ["mail"]}, "it is the value itself"),
        ({"follows": ["aliases"]}, "is nothing that flows into 'person'"),
        ({"follows": ["login"]}, "is given after 'mail'; let its table stand first"),
        ({"aliases": None}, "give both, or none"),
        ({"keep_old": None}, "give both, or none"),
        ({"follows": None}, "follows nothing has no former ones"),
        ({"aliases": "display_name"}, "declare 'display_name' as \"text[]\""),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(office: Office, change: dict[str, object], problem: str) -> None:
    unique = office.metaverse["person"]["unique"]["mail"] | change
    office.metaverse["person"]["unique"] = {
        "mail": {name: value for name, value in unique.items() if value is not None},
        "login": {"candidates": ["{{ last_name }}"]},
    }
    _, _, err = office.main("check")
    assert problem in err
    assert "interlock.toml:" in err


def test_what_somebody_else_took_first_was_never_theirs(office: Office) -> None:
    office.metaverse["person"]["unique"]["mail"]["check"] = ["directory.person.mail"]
    office.run()
    office.hires("5", "Eve Adams")
    for step in (("import", "hr"), ("sync",), ("evaluate",)):
        office("step", *step)
    office.slapd.add(
        f"dn: uid=eve,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: eve\ncn: Eve\nsn: E\n"
        "mail: eve.adams@example.org\n"
    )
    office.run(status=None)
    office.run(status=None)
    assert _mails(office, "5") == ("eve.adams2@example.org", [])
    office.settled()


def test_an_alias_ends_by_the_clock_alone_also_of_whom_nothing_feeds(office: Office) -> None:
    office.metaverse["person"]["deletion"] = {"when": "manual"}
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    assert _mails(office, "2") == ("bob.moore@example.org", ["bob.noyce@example.org"])
    office.runs_in("370d")
    assert _mails(office, "2") == ("bob.moore@example.org", [])
    office.settled()


def test_what_is_lost_of_one_value_is_not_lost_of_another(office: Office) -> None:
    login = {"candidates": ["{{ last_name | lower }}", "{{ last_name | lower }}{{ n }}"]}
    unique = office.metaverse["person"]["unique"]
    del office.rule("people from hr")["flow"]["account_name"]
    office.metaverse["person"]["unique"] = unique | {"account_name": login | {"check": ["directory.person.uid"]}}
    office.run()
    office.hires("5", "Eve Adams")
    for step in (("import", "hr"), ("sync",)):
        office("step", *step)
    office.hr["5"]["first_name"] = "Eva"  # which the address does not follow
    for step in (("import", "hr"), ("sync",)):
        office("step", *step)
    office.slapd.add(f"dn: uid=adams,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: adams\ncn: A\nsn: A\n")
    office.run(status=None)
    office.run(status=None)
    assert office.entry("(employeeNumber=5)")["uid"] == ["adams2"]
    assert _mails(office, "5") == ("eve.adams@example.org", [])
    office.settled()


def test_what_nobody_keeps_any_more_is_forgotten(office: Office) -> None:
    office.run()
    office.hr["2"]["last_name"] = "Moore"
    office.run()
    del office.hr["3"]
    office.run()
    office.approve_all("left")
    office.run()
    office.run()
    former = "SELECT value FROM given_values WHERE until IS NOT NULL ORDER BY value"
    assert office.query(former) == [("bob.noyce@example.org",), ("cleo.stone@example.org",)]
    office.runs_in("740d")
    assert office.query(former) == []
    office.hr["2"]["last_name"] = "Grove"
    office.run()
    assert office.query(former) == [("bob.moore@example.org",)]
    office.metaverse["person"]["unique"] = {"mail": {"candidates": [MAIL, COUNTED]}}
    del office.rule("people to the directory")["flow"]["labeledURI"]
    office.run()
    assert office.query("SELECT count(*) FROM given_values") == [(0,)], "no rule speaks of it any more"
