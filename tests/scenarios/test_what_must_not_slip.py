"""Small things on which much depends, and which nothing else would show to be broken."""

from datetime import datetime

from tests.scenarios.conftest import Office
from tests.slapd import SUFFIX


def test_an_owed_reference_lets_no_weaker_contributor_win(office: Office) -> None:
    office.has_managers()
    office.systems["crew"] = {
        "connector": "csv",
        "objects": {"person": {"path": "crew.csv", "external_id": "id", "attributes": {"boss": "reference"}}},
    }
    rule = {"name": "crew", "from": "crew.person", "to": "metaverse.person", "join": [["employee_id"]]}
    office.rules.append({**rule, "flow": {"employee_id": "id", "manager": "boss"}})
    crew = office.source("crew.csv", "id", ("boss",))
    for number in "1234":
        crew.add(number, boss="1")
    office.hr["2"]["manager"] = "99"
    office.run(status=None)
    assert "manager" not in office.person("bob"), "HR's manager is owed, and goes before the crew's"
    assert office.person("cleo")["manager"] == [f"uid=ada,ou=people,{SUFFIX}"]


def test_the_delay_before_a_retry_doubles(office: Office) -> None:
    office.systems["directory"]["exports"] = {"retry_delay": "10m", "max_retries": 9}
    office.run()
    office.rule("people to the directory")["flow"]["preferredDeliveryMethod"] = "{{ 'nonsense' if employee_id == '2' }}"
    delays = []
    for shift in ("0m", "11m", "35m", "80m"):
        office.shift = shift
        office.run(status=1)
        (export,) = office.json("exports")
        wait = datetime.fromisoformat(export["next_retry_at"]) - datetime.fromisoformat(export["changed_at"])
        delays.append(round(wait.total_seconds() / 60))
        assert export["attempts"] == len(delays)
    assert delays == [10, 20, 40, 80]


def test_children_wait_for_a_parent_that_is_created_later(office: Office) -> None:
    """A unit that refers to somebody comes after those who refer to nobody; whoever stands below it waits."""
    office.systems["hr"]["objects"]["unit"] = {
        "path": "units.csv",
        "external_id": "code",
        "attributes": {"head": "reference"},
        "refers_to": {"head": "person"},
    }
    office.metaverse["unit"] = {"attributes": {"head": "reference"}}
    office.systems["directory"]["objects"]["unit"] = {
        "object_class": ["organizationalUnit"],
        "external_id": "entryUUID",
        "secondary_external_id": "dn",
        "attributes": {"seeAlso": "reference"},
    }
    office.rules += [
        {
            "name": "units",
            "from": "hr.unit",
            "to": "metaverse.unit",
            "join": [["code"]],
            "project": True,
            "flow": {"code": "code", "head": "head"},
        },
        {
            "name": "units out",
            "from": "metaverse.unit",
            "to": "directory.unit",
            "join": [["ou"]],
            "provision": True,
            "dn": f"ou={{{{ code | rdn }}}},{SUFFIX}",
            "flow": {"ou": "code", "seeAlso": "head"},
        },
    ]
    units = office.source("units.csv", "code", ("head",))
    units.add("IT", head="1")
    units.add("Sales", head="2")
    office.rule("people to the directory")["dn"] = (
        f"uid={{{{ account_name | rdn }}}},ou={{{{ department | rdn }}}},{SUFFIX}"
    )
    office.run()
    assert office.codes() == []
    assert office.person("ada")["dn"] == [f"uid=ada,ou=IT,{SUFFIX}"]
    assert office.entry("(ou=IT)")["seeAlso"] == [f"uid=ada,ou=IT,{SUFFIX}"]
    office.settled()


def test_a_shorter_grace_than_was_approved_is_asked_about_again(office: Office) -> None:
    office.metaverse["person"]["deletion"]["grace"] = "30d"
    office.run()
    del office.hr["2"]
    office.run()
    office.approve_all("left")
    office.run()
    office.metaverse["person"]["deletion"]["grace"] = "1d"
    office.runs_in("2d")
    office.run()
    assert "bob" in office.people(), "nobody has approved that the account goes so soon"
    office.approve_all("so soon, then")
    office.run()
    assert "bob" not in office.people()


def test_a_kept_account_is_not_asked_about_again_at_once(office: Office) -> None:
    office.rule("people to the directory")["scope"] = "status == 'active'"
    office.run()
    office.hr["2"]["status"] = "off"
    office.run()
    (item,) = office.json("review")
    office("review", "keep", item["id"], "--reason", "still needed")
    for title in ("Boss", "Chief"):
        office.hr["2"]["title"] = title
        office.run()
        assert office.json("review") == []
        assert office.json("exports") == []
    assert "bob" in office.people()


def test_an_approval_covers_nothing_that_has_grown_since(office: Office) -> None:
    office.metaverse["person"]["deletion"] = {"when": "manual"}
    office.run()
    del office.hr["2"]
    office.run()
    (item,) = office.json("review")
    assert not item["consequences"]["mvo_deleted"]
    office.approve_all("no more than that")
    office.metaverse["person"]["deletion"] = {"when": "last_connector_gone"}
    office.run()
    assert "bob" in office.people()
    (again,) = office.json("review")
    assert (again["id"], again["state"]) == (item["id"], "open")
    assert again["consequences"]["mvo_deleted"]
    office.approve_all("all of it, then")
    office.run()
    assert "bob" not in office.people()
