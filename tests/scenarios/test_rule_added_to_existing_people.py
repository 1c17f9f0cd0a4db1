"""A rule is added when everybody is there already: the next run writes what it says, for everybody it is about."""

from tests.scenarios.conftest import Office


def test_a_new_flow_reaches_everybody_who_is_there(office: Office) -> None:
    office.run()

    office.rules.append(
        {
            "name": "rooms of sales",
            "from": "metaverse.person",
            "to": "directory.person",
            "scope": "department == 'Sales'",
            "flow": {"roomNumber": "S-{{ employee_id }}"},
        }
    )
    office.run()
    assert office.steps()["export directory"]["statistics"] == {"updates": 2}
    assert _rooms(office) == {"bob": ["S-2"], "dan": ["S-4"]}

    office.rule("rooms of sales")["flow"]["roomNumber"] = "T-{{ employee_id }}"
    office.run()
    assert _rooms(office) == {"bob": ["T-2"], "dan": ["T-4"]}

    office.rules.pop()
    office.run()
    assert _rooms(office) == {"bob": ["T-2"], "dan": ["T-4"]}, "what no rule flows to is nobody's business"
    office.settled()


def test_a_new_inbound_flow_reaches_everybody_in_the_same_run(office: Office) -> None:
    office.metaverse["person"]["attributes"]["note"] = "text"
    office.rule("people to the directory")["flow"]["description"] = "note"
    office.run()

    office.rule("people from hr")["flow"]["note"] = "{{ title }} of {{ department }}"
    office.run()

    ada = office.person("ada")
    assert ada["description"] == ["Clerk of IT"]
    assert office.steps()["export directory"]["statistics"] == {"updates": 4}
    office.settled()


def _rooms(office: Office) -> dict[str, list[str]]:
    return {entry["uid"][0]: entry["roomNumber"] for entry in office.slapd.people().values() if "roomNumber" in entry}
