"""What is said to a group of commands counts for the command that follows."""

from pathlib import Path

import pytest

from tests.console.office import let_leave, make_office
from tests.inside import Inside


@pytest.fixture
def office(tmp_path: Path) -> Inside:
    """An office with two people in its review, driven from elsewhere: no configuration is found by itself."""
    made = make_office(tmp_path / "office")
    made("run")
    let_leave(made, 2)
    made("run")
    return Inside(made.folder, (made.folder / "interlock.toml").read_text())


@pytest.fixture
def elsewhere(office: Inside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inside:
    """The same, where another workspace is found by itself."""
    other = make_office(tmp_path / "other")
    found = Inside(other.folder, (other.folder / "interlock.toml").read_text())
    monkeypatch.chdir(other.folder)
    return found


def test_the_configuration_named_before_a_command_is_the_one_that_it_works_on(
    office: Inside, elsewhere: Inside
) -> None:
    config = str(office.folder / "interlock.toml")
    elsewhere("review", "-c", config, "approve", "rev-1", "--reason", "left")
    assert office.query("SELECT state FROM review_items ORDER BY id") == [("approved",), ("open",)]
    elsewhere("-c", config, "review", "keep", "rev-2", "--reason", "stays")
    assert office.query("SELECT state FROM review_items ORDER BY id") == [("approved",), ("kept",)]
    assert "no such" in elsewhere("exports", "-c", str(office.folder / "none.toml"), "retry", "exp-1", status=2)
    assert not (elsewhere.folder / "interlock.db").exists()


def test_what_follows_the_command_wins(office: Inside, elsewhere: Inside) -> None:
    here, there = (str(one.folder / "interlock.toml") for one in (office, elsewhere))
    elsewhere("review", "-c", there, "approve", "-c", here, "rev-1", "--reason", "left")
    assert office.query("SELECT state FROM review_items WHERE id = 1") == [("approved",)]


@pytest.mark.parametrize("given", [("--system", "hr"), ("--status", "open"), ("--search", "x"), ("--json",)])
def test_what_chooses_rows_of_the_list_chooses_nothing_to_approve(office: Inside, given: tuple[str, ...]) -> None:
    said = office("review", *given, "approve", "--filter", "state:open", "--count", "2", "--reason", "left", status=2)
    assert f"{given[0]}: for the list alone" in said
    assert office.query("SELECT DISTINCT state FROM review_items") == [("open",)]
