"""Finding and commanding: completion while a filter or a command is typed, filters by name, what was asked before."""

import json
from pathlib import Path

import pytest
from textual.command import CommandPalette

from tests.console.conftest import Console, Open
from tests.console.office import let_change, make_office
from tests.workspace import Workspace
from tui import feed
from tui.console.completing import completions
from tui.console.remembered import Remembered
from tui.console.row_source import RowsAtHand
from tui.feed.lists import unfinished

SIZE = 60
PROFILE = '\n[profiles.morning]\nsteps = ["import hr", "sync"]\n'


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office with five titles that are to be written."""
    site = make_office(tmp_path_factory.mktemp("commands") / "office", SIZE, PROFILE)
    site("run")
    let_change(site, 5, SIZE)
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    return site


async def _command(console: Console, line: str) -> None:
    await console.press("colon")
    await console.type(line)
    await console.press("enter")
    await console.wait(lambda: not CommandPalette.is_open(console.app))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", (0, None, "")),
        ("dep", (0, None, "dep")),
        ("a status:Fa", (9, "status", "Fa")),
        ("!status:", (8, "status", "")),
        ('department:"Human R', (11, "department", "Human R")),
        ('department:"Human Resources"', (28, None, "")),
        ("a ", (2, None, "")),
        ("object:~^a", (10, None, "")),
    ],
)
def test_what_is_being_typed_is_known(line: str, found: tuple[int, str | None, str]) -> None:
    assert unfinished(line) == found


async def test_columns_and_values_are_completed_while_a_filter_is_typed(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("3", "cso-1 ")
        await console.settle()
        await console.press("slash")
        await console.type("depart")
        await console.until("tab department:  departmentNumber:")
        await console.press("tab")  # the one whose name is whole, with its colon: its values are next
        await console.until("tab ", "Human Resources")
        await console.type("hum")
        await console.until("tab Human Resources ")
        await console.press("tab")
        await console.until('filter: department:"Human Resources"')
        await console.press("enter")
        departments = "SELECT count(*) FROM objects WHERE attributes ->> '$.department[0]' = 'Human Resources'"
        await console.until(f"1 of {office.query(departments)[0][0]}")


async def test_an_attribute_that_nothing_has_is_said_with_what_is_like_it(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await console.press("slash")
        await console.type("departement:Sales")
        await console.press("enter")
        await console.until("nothing here has an attribute 'departement'; there is department")


async def test_a_regular_expression_finds_and_what_is_none_is_said(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await console.press("slash")
        await console.paste("employee_id:~^E00000[12]$")
        await console.press("enter")
        await console.until("1 of 2", "E000001", "E000002")
        await console.press("slash", "ctrl+u")
        await console.paste("object:~(nolan")
        await console.press("enter")
        await console.until("'(nolan' is no regular expression: missing )")


async def test_the_order_is_chosen_and_told_in_words(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("7", "run-1")
        await console.press("s")
        await console.until("Sort by", "id, lowest first", "started, newest first", "profile, A to Z")
        await console.press("j", "enter")
        await console.until("by started, newest first")
        await console.press("S")
        await console.until("by started, oldest first")
        await _command(console, "sort profile")
        await console.until("by profile, A to Z")


async def test_a_filter_is_saved_used_and_forgotten_by_its_name(office: Workspace, opened: Open) -> None:
    async with opened(office, size=(80, 24)) as console:
        await console.show("3", "cso-1 ")
        await _command(console, "save mine")
        await console.hear("there is no filter to save")
        await console.press("slash")
        await console.type("system:directory title:chief")
        await console.press("enter")
        await _command(console, "save new chiefs")
        await console.hear("saved: new chiefs is system:directory title:chief")
        await console.press("escape")
        await console.until(gone=("filter system",))
        await _command(console, "filters")
        await console.until("Filters of this list", "new chiefs: system:directory title:chief")
        await console.press("enter")
        await console.until("filter system:directory")
        await console.press("2", "3", "escape")
        await _command(console, "filter new")
        await console.until("filter system:directory")
    async with opened(office) as console:  # another day
        await console.show("2", "exp-")
        await _command(console, "filters")
        await console.hear("no filter of this list is saved")
        await console.show("3", "cso-1 ")
        await _command(console, "forget new chiefs")
        await console.hear("forgotten: new chiefs")
        await _command(console, "filters")
        await console.hear("no filter of this list is saved")


async def test_what_was_asked_before_is_there_again_and_completed(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "cso-1 ")
        await _command(console, "filter status:Normal")
        await console.until("filter status:Normal")
        await _command(console, "runs")
        await console.until("run-1")
        await console.press("3", "escape")
        await console.press("colon", "up", "up")
        await console.until("filter status:Normal   this list")
        await console.press("enter")
        await console.until("filter status:Normal  ")
        await console.press("colon")
        await console.type("filter stat")
        await console.until("filter status:   this list")
        await console.press("tab")
        await console.type("obs")
        await console.until("filter status:Obsolete   this list")
        await console.press("tab", "enter")
        await console.until("filter status:Obsolete")
        await _command(console, "profile morn")
        await console.until("profile: morning")


async def test_a_restricted_console_keeps_nothing_on_disk(office: Workspace, opened: Open, tmp_path: Path) -> None:
    async with opened(office, restricted=True) as console:
        await console.show("3", "cso-1 ")
        await _command(console, "filter status:Normal")
        await _command(console, "save well")
        await console.hear("saved: well is status:Normal")
        assert console.app.remembered.filters("objects") == {"well": "status:Normal"}
    assert not (tmp_path / "state").exists()


def test_what_is_kept_is_private_for_each_workspace_and_nothing_where_it_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "state" / "interlock" / "console.json"
    here, there = (Remembered(file, tmp_path / name) for name in ("a.toml", "b.toml"))
    here.save_filter("objects", "x", "status:Normal")
    there.add_command("runs")
    assert file.stat().st_mode & 0o777 == 0o600
    again = Remembered(file, tmp_path / "a.toml")
    assert (again.filters("objects"), again.filters("runs"), again.commands) == ({"x": "status:Normal"}, {}, [])
    assert len(json.loads(file.read_text())) == 2
    for broken in ("{", "[]", '{"%s": {"filters": 3}}' % (tmp_path / "a.toml")):
        file.write_text(broken)
        assert Remembered(file, tmp_path / "a.toml").filters("objects") == {}


def test_two_consoles_keep_what_either_was_told(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    one, other = Remembered(file, tmp_path / "a.toml"), Remembered(file, tmp_path / "a.toml")
    assert (one.filters("objects"), other.filters("objects")) == ({}, {})
    one.save_filter("objects", "x", "status:Normal")
    other.save_filter("objects", "y", "smith")
    other.add_command("runs")
    one.forget_filter("objects", "x")
    one.add_command("todo")
    again = Remembered(file, tmp_path / "a.toml")
    assert (again.filters("objects"), again.commands) == ({"y": "smith"}, ["runs", "todo"])


def test_what_is_no_filter_in_the_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    file.write_text('{"%s": {"filters": {"objects": {"x": 5, "y": "smith"}}}}' % (tmp_path / "a.toml"))
    assert Remembered(file, tmp_path / "a.toml").filters("objects") == {"y": "smith"}


def test_what_cannot_be_kept_is_there_till_the_console_is_closed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Remembered(tmp_path / "file" / "console.json", tmp_path / "a.toml")
    with pytest.raises(OSError, match="file"):
        kept.save_filter("objects", "x", "status:Normal")
    assert kept.filters("objects") == {"x": "status:Normal"}


async def test_what_could_act_on_a_terminal_is_not_proposed() -> None:
    rows = [{"name": name} for name in ("a\x1b[2Jb", "a\u202ec", "ab", "a\nd")]
    source = RowsAtHand(lambda: rows, ("name",))
    assert await completions("name:a", source, feed.Query("rules")) == ["name:ab"]
