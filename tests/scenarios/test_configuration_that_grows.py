"""A configuration of several files, and what has changed in it since the last run, in words."""

import json

from tests.inside import document
from tests.scenarios.conftest import Office

PEOPLE = "people to the directory"


def test_rules_in_a_file_of_their_own_run_and_a_mistake_is_told_with_that_file(office: Office) -> None:
    (office.folder / "rules").mkdir()
    included = office.folder / "rules/directory.toml"
    rule = office.rules.pop()
    included.write_text(document({}, rules=[rule]))
    office.include = ["rules/*.toml"]
    office.run()
    assert office.people() == {"ada", "bob", "cleo", "dan"}

    rule["flow"]["title"] = "{{ title | upper }}"
    included.write_text(document({}, rules=[rule]))
    assert f"rule '{PEOPLE}'\n      flow to title: title → {{{{ title | upper }}}}" in office("config", "diff")
    office.run()
    assert office.person("ada")["title"] == ["CLERK"]

    rule["flow"]["title"] = "titel"
    included.write_text(document({}, rules=[rule]))
    assert "rules/directory.toml:9: rules.1.flow.title: 'titel' is neither" in office("check", status=2)
    included.rename(office.folder / "rules/directory.txt")
    assert "include: no file matches 'rules/*.toml'" in office("run", status=2), "rules that are gone would delete"


def test_what_has_changed_since_the_last_run_is_told_in_words(office: Office) -> None:
    assert "Nothing has run yet" in office("config", "diff")
    office.run()
    assert "nothing has changed" in office("config", "diff")
    rule = office.rule(PEOPLE)
    rule["scope"] = "department == 'IT'"
    del rule["flow"]["mail"]
    rule["flow"]["title"] = {"source": "title", "clear": False}
    rule["drift"] = "report"
    office.rules.append({"name": "rooms", "from": "metaverse.person", "to": "directory.person", "flow": {"l": "title"}})
    office.systems["directory"]["deletions"]["max_percent"] = 50
    told = office("config", "diff")
    for line in (
        "Since run-1 (",
        "systems.directory.deletions.max_percent\n      100.0 → 50.0",
        f"rule '{PEOPLE}'\n      scope narrows: everybody → department == 'IT': 2 leave it",
        "flow to mail is gone: mail",
        "flow to title: title → source title, clear false",
        "drift: correct (the default) → report",
        "rule 'rooms'\n      is new: metaverse.person → directory.person",
    ):
        assert line in told
    assert "deletions" not in json.dumps(office.json("plan")["changes"])
    assert "Since run-1" in office("config", "diff"), "a plan is no run"

    office.run()
    del rule["scope"]
    office.rules.pop()
    office.rules.reverse()
    told = office("config", "diff")
    assert "scope widens: department == 'IT' → everybody: 2 enter it" in told
    assert "rule 'rooms'\n      is gone" in told
    assert f"their order: people from hr, {PEOPLE} → {PEOPLE}, people from hr" in told
    (scope,) = [one for one in office.json("config", "diff")["changes"] if one["enter"]]
    assert (scope["where"], scope["enter"], scope["leave"]) == (f"rule '{PEOPLE}'", 2, 0)


def test_the_schema_is_written_for_editors(office: Office) -> None:
    found = json.loads(office("config", "schema"))
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert {"csv-system", "ldap-system", "ldif-system"} <= found["definitions"].keys()
