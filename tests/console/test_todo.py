"""To do: the first screen where something waits; from a group to its list; acknowledging from the console."""

import re
import shutil
from pathlib import Path

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace
from tui import feed
from tui.console.screens.confirm import Confirm
from tui.console.screens.todo import TodoScreen


@pytest.fixture(scope="module")
def second_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An office whose first day went well, and the same on a day on which two have left."""
    calm = tmp_path_factory.mktemp("todo") / "calm"
    site = make_office(calm)
    site("run")
    left = calm.with_name("left")
    shutil.copytree(calm, left)
    later = Workspace(left, (left / "interlock.toml").read_text())
    let_leave(later, 2)
    later("run")
    return calm, left


def _copied(folder: Path, to: Path) -> Workspace:
    shutil.copytree(folder, to)
    return Workspace(to, (to / "interlock.toml").read_text())


@pytest.fixture
def calm(second_day: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return _copied(second_day[0], tmp_path / "calm")


@pytest.fixture
def office(second_day: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return _copied(second_day[1], tmp_path / "office")


async def _answer(console: Console, why: str, until: str = "") -> None:
    """Fill in what the box asks."""
    await console.settle()
    await console.type(why)
    await console.press("enter")
    if until:
        await console.press("ctrl+u")
        await console.type(until)
    await console.press("enter")


async def test_the_console_opens_where_something_waits(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        assert console.app.current_mode == "todo"
        await console.until("missing in 'hr'", "0 To do")


async def test_the_console_opens_on_the_line_where_nothing_waits(opened: Open, calm: Workspace) -> None:
    async with opened(calm) as console:
        assert console.app.current_mode == "line"
        await console.show("0", "nothing waits for anybody")


async def test_enter_opens_the_list_with_nothing_else_in_it(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.settle()
        await console.press("enter")
        await console.until("Review", "filter kind:absence")
        assert console.app.current_mode == "review"


async def test_what_is_acknowledged_goes_quiet_and_comes_back(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.settle()
        before = len(console.session.todo)
        await console.press("A")
        await console.hear("read-only")
        await console.press("W", "u")
        await console.hear("nobody has acknowledged that")
        await console.press("A")
        await _answer(console, "no")
        await console.until("'no' is no reason", "why: no")  # what was typed stays
        await console.type("body knows yet")
        await console.press("enter", "enter")
        await console.hear("acknowledged")
        await console.wait(lambda: sum(one["acknowledged"] for one in console.session.todo) == 1)
        assert console.session.waiting["todo"] == before - 1
        await console.until("nobody knows yet")
        await console.press("G")
        await console.settle()
        await console.press("u")
        await console.hear("told as new again")
        await console.wait(lambda: not any(one["acknowledged"] for one in console.session.todo))


@pytest.mark.parametrize("until", ["xx", "yesterday", "0d", "2020-01-01"])
async def test_a_time_that_is_none_is_refused_where_it_was_typed(opened: Open, office: Workspace, until: str) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.press("W", "A")
        await _answer(console, "HR looks into it", until)
        why = "is over already" if until[0].isdigit() else "is neither a duration such as 7d"
        await console.until(why, "nothing was done", "why: HR looks into it", f"until: {until}")
        field = console.screen(Confirm).focused
        assert field is not None
        assert field.id == "extra"
        await console.press("ctrl+u")
        await console.type("5d")
        await console.press("enter")
        await console.hear("acknowledged")
    assert office.query("SELECT reason FROM acknowledgements") == [("HR looks into it",)]


async def test_enter_leads_to_where_what_a_gate_holds_is_let_through(opened: Open, calm: Workspace) -> None:
    let_leave(calm, 50)
    calm("run", status=3)
    async with opened(calm, at="todo") as console:
        await console.until("held by gate", "opens the review, where R lets them pass")
        await console.settle()
        assert console.row["kind"] == "held"
        await console.press("x")
        await console.until("› why ", "(cso-")
        await console.press("escape")
        await console.press("enter")
        await console.hear("R lets pass what a gate holds")
        assert console.app.current_mode == "review"
        await console.press("W", "R")
        await console.until("Release 50 objects that a gate held in run-2")
        await console.settle()
        await console.press("escape")
        await console.hear("nothing was released")
        await console.press("escape")
        await console.until("held by gate")


async def test_a_group_opens_its_list_whatever_is_open_there(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.show("6", "rev-1")
        await console.settle()
        await console.press("enter")
        await console.until("Review › ", "(rev-1)")
        await console.press("0")
        await console.until("missing in 'hr'")
        await console.settle()
        await console.press("enter")
        await console.until("filter kind:absence", "2")
        assert console.said == ""
        await console.press("escape")
        await console.until("missing in 'hr'", gone=("Review ›",))
        assert console.app.current_mode == "todo"
        await console.press("enter")
        await console.until("filter kind:absence")
        await console.press("slash")
        await console.type(" rev-1")
        await console.press("enter")
        await console.until("filter kind:absence", "rev-1")
        await console.press("escape")
        await console.until("1 of 2", gone=("filter kind:absence",))
        assert console.app.current_mode == "review"


async def test_a_digit_shows_a_screen_as_it_was_left_and_pressed_again_its_list(
    opened: Open, office: Workspace
) -> None:
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.settle()
        await console.press("enter")
        await console.until("Review › ", "(rev-1)")
        await console.show("3", "cso-1 ")
        await console.press("6")
        await console.until("Review › ", "(rev-1)")
        await console.press("6")
        await console.until("1 of 2", gone=("Review › ",))


async def test_no_more_is_acknowledged_than_was_on_screen(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.press("W", "A")
        await console.settle()
        let_leave(office, 4)
        office("run")
        await _answer(console, "HR looks into it")
        await console.hear("by now there are 4, not 2")
        assert not any(one["acknowledged"] for one in console.session.todo)


async def test_a_filter_finds_groups_by_any_of_their_words(opened: Open, office: Workspace) -> None:
    async with opened(office, at="todo") as console:
        await console.until("missing in 'hr'")
        await console.press("slash")
        await console.type("no such thing")
        await console.until("nothing matches the filter")


async def test_beside_a_group_stand_the_first_of_it_by_name_and_lead_to_them(opened: Open, office: Workspace) -> None:
    async with opened(office, size=(200, 60), at="todo") as console:
        await console.until("missing in 'hr'")
        screen = console.screen(TodoScreen)
        table, detail = screen.table, screen.detail
        await console.wait(lambda: detail.region.x >= table.region.right, what=lambda: "the group beside the list")
        names = [item["label"] for item in await feed.lists.page(console.session.workspace, feed.Query("review"))]
        assert len(names) == 2
        await console.until("Which", *names)
        await console.press("tab")
        await console.press_until("j", lambda: detail.current and detail.current.link)
        await console.press("enter")
        await console.until("To do › ", "(rev-")
        await console.press("escape", "escape")
        await console.press("enter")
        await console.until("filter kind:absence")


async def test_beside_what_a_gate_holds_stand_the_objects_that_it_holds(opened: Open, calm: Workspace) -> None:
    let_leave(calm, 40)
    calm("run", status=3)
    async with opened(calm, size=(200, 60), at="todo") as console:
        await console.until("held by")
        held = [group for group in console.session.todo if group["kind"] == "held"]
        found = await feed.todo.first(console.session.workspace, held[0], 3)
        assert [one["id"].partition("-")[0] for one in found] == ["cso"] * 3
        await console.press_until("j", lambda: console.row["kind"] == "held")
        await console.until("Which", *(one["label"][:30] for one in found))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_a_number_beside_a_tab_is_told_from_a_digit_without_colours(
    opened: Open, office: Workspace, size: tuple[int, int]
) -> None:
    async with opened(office, size=size, plain=True, theme="ansi", at="todo") as console:
        await console.until("missing in 'hr'")
        told = console.lines[0]
        groups = len(console.session.todo)
        assert f"({groups})" in told.partition("1 Line")[0]
        assert "(2)" in told.partition("6 Rev")[2].partition("7 Runs")[0]
        assert [int(one) for one in re.findall(r"(?<![\d(])\d+(?![\d)])", told)] == list(range(10))
        assert "9 Audit" in told
