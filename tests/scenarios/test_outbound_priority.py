"""Two rules to one attribute of the directory: check names them, a priority decides, explain shows who lost."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office

FIRST, SECOND = "people to the directory", "leads"


@pytest.fixture
def leads(office: Office) -> dict[str, Any]:
    """Let a second rule, later in the file, flow titles for those in IT."""
    rule = {
        "name": SECOND,
        "from": "metaverse.person",
        "to": "directory.person",
        "scope": "department == 'IT'",
        "flow": {"title": "{{ title }} of {{ department }}", "description": "title"},
    }
    office.rules.append(rule)
    return rule


def _prefer(office: Office, **priority: list[str]) -> None:
    office.systems["directory"]["objects"]["person"]["priority"] = priority


def test_the_first_in_the_file_wins_until_a_priority_says_otherwise(office: Office, leads: dict[str, Any]) -> None:
    told = office("check")
    assert f"ok    directory: rules: title: '{FIRST}' and '{SECOND}' flow to it" in told
    assert f'[systems.directory.objects.person.priority] title = ["{FIRST}", "{SECOND}"]' in told
    office.run()
    assert office.person("ada")["title"] == ["Clerk"]
    assert f"title: rule '{SECOND}' is outranked by rule '{FIRST}' (Clerk of IT)" in office("explain", "Ada Lovelace")
    assert "outranked" not in office("explain", "Bob Noyce"), "he is out of the second rule's scope"

    _prefer(office, title=[SECOND])
    assert "flow to it" not in office("check")
    office.run()
    assert office.person("ada")["title"] == ["Clerk of IT"]
    assert office.person("bob")["title"] == ["Clerk"]
    assert f"title: rule '{FIRST}' is outranked by rule '{SECOND}' (Clerk)" in office("explain", "Ada Lovelace")
    office.settled()


def test_a_weaker_rule_that_fails_is_no_error(office: Office, leads: dict[str, Any]) -> None:
    leads["flow"]["title"] = "{{ title + 1 }}"
    office.run()
    assert office.person("ada")["title"] == ["Clerk"]
    assert "and fails" in office("explain", "Ada Lovelace")


def test_check_tells_what_no_rule_is_called(office: Office, leads: dict[str, Any]) -> None:
    _prefer(office, title=["leaders"])
    assert "priority.title: no rule to directory.person is called 'leaders'" in office("check", status=2)
    _prefer(office, tittle=[SECOND])
    assert "no rule flows into 'tittle'; did you mean 'title'?" in office("check", status=2)
