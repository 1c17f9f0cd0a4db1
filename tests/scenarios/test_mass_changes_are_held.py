"""A mass change is held like a mass deletion: by the import that would take it over, and by what evaluation stages."""

from typing import Any

import pytest

from tests.scenarios.conftest import Office

PEOPLE = 12


@pytest.fixture
def office(office: Office) -> Office:
    for number in range(5, PEOPLE + 1):
        office.hires(str(number), f"P{number} Smith", department="Sales", title="Clerk")
    office.run()
    return office


def _everybody(office: Office, column: str, value: str | None) -> None:
    for number, row in office.hr.items():
        row[column] = value if value is not None else f"changed {number}"


def _shifted(office: Office) -> None:
    columns = ("title", "mail", "phone", "department")
    for row in office.hr.values():
        row |= dict(zip(columns, [row[name] for name in (*columns[1:], columns[0])], strict=True))


def _held(office: Office) -> list[dict[str, Any]]:
    return office.told["held"]


@pytest.mark.parametrize(("column", "value"), [("mail", ""), ("title", ""), ("phone", None)])
def test_a_column_that_is_cleared_or_changed_for_everybody_stops_the_import(
    office: Office, column: str, value: str | None
) -> None:
    before = office.slapd.people()
    _everybody(office, column, value)
    office.run(status=3)
    assert office.steps()["import hr"]["result"] == "stopped-change-threshold"
    (batch,) = _held(office)
    assert f"'{column}'" in batch["gate"]
    assert f"{PEOPLE} of {PEOPLE}" in batch["arithmetic"]
    assert "→" in batch["in_common"][0]
    assert office.slapd.people() == before
    assert set(office.steps()) == {"import hr"}, "the run stops where it stands"

    run = office.told["id"]
    office("review", "release", run, "--count", str(PEOPLE), "--reason", "it is meant")
    office.run()
    assert office.person("bob") != before["uid=bob,ou=people,dc=example,dc=org"]
    office.settled()


def test_how_many_would_be_cleared_and_how_many_changed_is_told(office: Office) -> None:
    numbers = list(office.hr)
    for cleared, words in ((PEOPLE, "be cleared on"), (2, "be changed (2 cleared) on"), (0, "be changed on")):
        for place, number in enumerate(numbers):
            office.hr[number]["title"] = "" if place < cleared else f"another {cleared}"
        office.run(status=3)
        (batch,) = _held(office)
        assert words in batch["arithmetic"]


def test_a_file_whose_columns_are_shifted_is_caught_whole(office: Office) -> None:
    before = office.slapd.people()
    _shifted(office)
    office.run(status=3)
    assert len(_held(office)) == 4
    assert office.slapd.people() == before


def test_the_right_file_after_the_wrong_one_closes_the_batch(office: Office) -> None:
    right = {number: dict(row) for number, row in office.hr.items()}
    _everybody(office, "mail", "")
    office.run(status=3)
    office.hr.update(right)
    office.run()
    assert office.json("status")["waiting"]["held_batches"] == []
    office.settled()


def test_a_release_covers_what_was_held_and_nothing_else(office: Office) -> None:
    _everybody(office, "mail", "")
    office.run(status=3)
    office("review", "release", office.told["id"], "--count", str(PEOPLE), "--reason", "it is meant")
    _everybody(office, "phone", "")
    office.run(status=3)
    (batch,) = _held(office)
    assert "'phone'" in batch["gate"]
    refused = office("review", "release", office.told["id"], "--count", "1", "--reason", "wrong number", status=None)
    assert "nothing was released" in refused


def test_a_release_covers_the_very_values_that_were_held(office: Office) -> None:
    before = office.slapd.people()
    _everybody(office, "phone", "")
    office.run(status=3)
    office("review", "release", office.told["id"], "--count", str(PEOPLE), "--reason", "it is meant")
    _everybody(office, "phone", "WRONG")
    office.run(status=3)
    assert office.slapd.people() == before


def test_a_release_is_used_once(office: Office) -> None:
    _everybody(office, "mail", "")
    office.run(status=3)
    office("review", "release", office.told["id"], "--count", str(PEOPLE), "--reason", "it is meant")
    office.run()
    _everybody(office, "mail", None)
    office.run()
    _everybody(office, "mail", "")
    office.run(status=3)


def test_a_release_is_over_though_somebody_else_is_stopped_for_good(office: Office) -> None:
    office.hr.add("99", last_name="Nameless", title="Clerk", status="active")
    _everybody(office, "phone", None)
    office.run(status=3)
    office("review", "release", office.told["id"], "--count", str(PEOPLE), "--reason", "it is meant")
    for _ in range(2):
        office.run(status=1)
    assert office.errors()[0]["label"].startswith("Nameless"), "whoever has no account name is told in every run"
    office.rule("people to the directory")["flow"]["telephoneNumber"] = "{{ phone }} (office)"
    office.run(status=3)
    assert "'telephoneNumber'" in _held(office)[0]["gate"]


@pytest.mark.parametrize("few", [3, 4])
def test_a_few_changes_go_unasked(office: Office, few: int) -> None:
    for number in range(1, few):
        office.hr[str(number)]["mail"] = ""
    office.run()
    office.settled()


def test_what_came_where_nothing_was_is_no_change(office: Office) -> None:
    office.rule("people from hr")["flow"]["note"] = "title"
    office.rule("people to the directory")["flow"]["description"] = "note"
    office.run()
    office.settled()


def test_a_column_that_no_rule_reads_concerns_nobody(office: Office) -> None:
    office.hr.columns = (*office.hr.columns, "last_login")
    for stamp in ("monday", "tuesday"):
        for row in office.hr.values():
            row["last_login"] = stamp
        office.run()


def test_limits_are_configured_for_a_system_or_a_type(office: Office) -> None:
    office.systems["hr"]["objects"]["person"]["changes"] = {"max_percent": 100}
    office.systems["directory"]["changes"] = {"max_percent": 100}
    _everybody(office, "mail", "")
    office.run()
    assert "mail" not in office.person("bob")


def test_what_evaluation_stages_for_everybody_is_held_until_it_is_released(office: Office) -> None:
    before = office.slapd.people()
    office.rule("people to the directory")["flow"]["title"] = "{{ 'The ' ~ title }}"
    office.run(status=3)
    assert office.steps()["evaluate"]["result"] == "stopped-change-threshold"
    assert set(office.steps()) & {"export directory"} == set()
    (batch,) = _held(office)
    office("step", "export", "directory")
    assert office.slapd.people() == before, "what is held is not sent by an export either"

    office("review", "release", office.told["id"], "--count", str(batch["missing"]), "--reason", "it is meant")
    office.run()
    assert office.person("bob")["title"] == ["The Clerk"]
    office.settled()


def test_a_rule_that_is_put_back_leaves_nothing_held(office: Office) -> None:
    office.rule("people to the directory")["flow"]["title"] = "{{ 'The ' ~ title }}"
    office.run(status=3)
    office.rule("people to the directory")["flow"]["title"] = "title"
    office.run()
    assert office.json("status")["waiting"]["held_batches"] == []
    office.settled()


def test_an_export_looks_too_where_evaluation_died_before_it_looked(office: Office) -> None:
    before = office.slapd.people()
    office.systems["directory"]["changes"] = {"max_percent": 100}
    office.rule("people to the directory")["flow"]["title"] = "{{ 'The ' ~ title }}"
    for step in (("sync",), ("evaluate",)):
        office("step", *step)
    del office.systems["directory"]["changes"]
    assert "nothing was sent" in office("step", "export", "directory", status=3)
    assert office.slapd.people() == before
