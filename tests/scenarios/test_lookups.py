"""Rules look values up in a table; a row that changes concerns exactly those whose rules read it."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office, Source

PEOPLE = "people to the directory"


@pytest.fixture
def sites(office: Office) -> Source:
    """Let departments stand in a table, with their cities; the directory has the cities."""
    office.lookups["sites"] = {"file": "sites.csv", "key": "code"}
    office.rule("people from hr")["flow"]["city"] = "{{ department | lookup('sites', 'city') }}"
    office.rule(PEOPLE)["flow"]["l"] = "city"
    file = office.source("sites.csv", "code", ("city", "floor"))
    file.add("IT", city="Berlin", floor="1")
    file.add("Sales", city="Hamburg", floor="2")
    return file


def _cities(office: Office) -> dict[str, str]:
    return {one["uid"][0]: one.get("l", [""])[0] for one in office.slapd.people().values()}


def _looked_at(office: Office) -> tuple[int, int]:
    """Give how many objects the last run has synchronised, and how many people it has evaluated."""
    said = office.steps()["sync"]["statistics"]
    flows = ("connectors with flow updates", "connectors without flow updates")
    return sum(said.get(one, 0) for one in flows), office.steps()["evaluate"]["done"]


def test_a_changed_row_makes_exactly_those_due_whose_rules_read_it(office: Office, sites: Source) -> None:
    office.run()
    assert _cities(office) == {"ada": "Berlin", "bob": "Hamburg", "cleo": "Berlin", "dan": "Hamburg"}
    office.run()
    assert _looked_at(office) == (0, 0)

    sites["IT"]["city"] = "Leipzig"
    assert office("plan").count("Berlin → Leipzig") == 4, "two people, in the metaverse and in the directory"
    office.run()
    assert _cities(office) == {"ada": "Leipzig", "bob": "Hamburg", "cleo": "Leipzig", "dan": "Hamburg"}
    assert _looked_at(office) == (2, 2)
    assert "looks up sites 'IT'" in office("explain", "Ada Lovelace")

    office.run()
    sites.add("Lab", city="Jena", floor="3")
    office.run()
    assert _looked_at(office) == (0, 0), "nobody's rules read it"
    del sites["Sales"]
    office.run()
    assert _cities(office)["bob"] == _cities(office)["dan"] == ""
    sites.add("Sales", city="Bremen", floor="2")
    office.run()
    assert _cities(office)["bob"] == "Bremen"
    office.settled()


def test_outbound_rules_look_up_too_in_scopes_and_in_a_process_of_their_own(office: Office, sites: Source) -> None:
    rule = office.rule(PEOPLE)
    rule["scope"] = "(department | lookup('sites', 'floor')) != '9'"
    rule["flow"]["l"] = "{{ [department] | map('upper') | first | lookup('towns', 'name') }}"
    rule["flow"]["roomNumber"] = "{{ department | lookup('sites', 'floor') | default('none') }}"
    office.lookups["towns"] = {"file": "towns.csv", "key": "site", "delimiter": ";"}
    (office.folder / "towns.csv").write_text("site;name\nIT;Ulm\nSALES;Ahrensburg\n")
    office.run()
    assert _cities(office) == {"ada": "Ulm", "bob": "Ahrensburg", "cleo": "Ulm", "dan": "Ahrensburg"}
    assert office.person("ada")["roomNumber"] == ["1"]
    (office.folder / "towns.csv").write_text("site;name\nIT;Trier\nSALES;Ahrensburg\n")
    sites["Sales"]["floor"] = "9"
    office.run()
    assert _cities(office)["ada"] == "Trier"
    assert len(office.json("review")) == 2, "who is out of scope by the table is to be deleted, and that is asked"
    assert "sites 'Sales'" in office("explain", "Bob Noyce")


def test_a_table_that_cannot_be_read_stops_the_step_before_anything_changes(office: Office, sites: Source) -> None:
    office.run()
    before = office.slapd.people()
    file = office.folder / "sites.csv"
    office.sources.remove(sites)
    for text, told in (
        ("code,city,floor\nIT,Berlin,1\nIT,Bonn,1\n", "'IT' stands there twice, in row 3 again"),
        ("code,city,floor\nIT,Berl", "row 2 has 2 cells, the header 3"),
        ("name,city\nIT,Berlin\n", "has no column 'code'"),
        (None, "cannot be read: No such file"),
    ):
        file.unlink()
        if text is not None:
            file.write_text(text)
        assert told in office("check", status=4)
        office.run(status=4)
        assert told in office.steps()["sync"]["message"]
        assert office.slapd.people() == before
        file.write_text("")
    sites.seen = {}
    office.sources.append(sites)
    office.run()
    office.settled()


def test_check_tells_what_is_not_there(office: Office, sites: Source) -> None:
    assert "ok    lookups: sites: 2 rows by 'code'" in office("check")
    flow: dict[str, Any] = office.rule("people from hr")["flow"]
    flow["city"] = "{{ department | lookup('sites', 'town') }}"
    told = office("check", status=4)
    assert "FAIL  lookups: sites: the rules read 'town'" in told
    flow["city"] = "{{ department | lookup('site', 'city') }}"
    assert "flow.city: there is no [lookups.site]; did you mean 'sites'?" in office("check", status=2)
    flow["city"] = "{{ department | lookup(title, 'city') }}"
    assert "'lookup' takes two texts, written out" in office("check", status=2)
    flow["city"] = "department"
    office.groups.append(
        {"name": "x", "type": "person", "attribute": "all", "members": "department | lookup('sites', 'city') == 'x'"}
    )
    office.metaverse["person"]["attributes"]["all"] = "reference[]"
    assert "the condition of a group cannot look anything up" in office("check", status=2)
