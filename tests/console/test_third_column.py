"""The third column of lists on wide terminals: what is staged of the row under the cursor, and its history."""

from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_change, let_leave, make_office
from tests.workspace import Workspace
from tui import feed
from tui.console.breakpoints import BESIDE, EACH_LEAST, THREE, breakpoints
from tui.console.screens.exports import ExportsScreen
from tui.console.screens.listing import ListScreen
from tui.console.screens.objects import ObjectsScreen
from tui.console.screens.runs import RunsScreen
from tui.console.screens.transitions import TransitionsScreen
from tui.console.widgets.columns import Placed
from tui.console.widgets.sheet import Sheet
from tui.console.widgets.table import VirtualTable

WIDE = (240, 60)
LAST_WITH_TWO = (197, 60)
"""Of Objects and of To do."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two people have left and wait in the review; changes of three others are staged."""
    site = make_office(tmp_path_factory.mktemp("third") / "office")
    site("run")
    let_leave(site, 2)
    site("run")
    let_change(site, 3, 58)
    for step in ("import hr", "sync", "evaluate"):
        site("step", *step.split())
    return site


def told(sheet: Sheet) -> str:
    return "\n".join("".join(text for text, _ in one.line) for one in sheet.lines)


async def rested(console: Console, *texts: str) -> ListScreen:
    """Wait until the third column says something, and give the list."""
    screen = console.screen(ListScreen)
    await console.wait(
        lambda: all(text in told(screen.third) for text in texts),
        what=lambda: f"{texts} in the third column, which says {told(screen.third)!r}",
    )
    return screen


@pytest.mark.parametrize("digit", ["2", "3", "4", "5", "6"])
async def test_three_columns_stand_beside_each_other_and_none_is_narrow(
    office: Workspace, opened: Open, digit: str
) -> None:
    async with opened(office, size=WIDE) as console:
        await console.press(digit)
        screen = await rested(console, "Staged", "Timeline")
        table, detail, third = (one.region for one in (screen.table, screen.detail, screen.third))
        assert (detail.x, third.x) == (table.right, detail.right)
        assert third.right == WIDE[0]
        assert (table.y, table.height) == (detail.y, detail.height) == (third.y, third.height)
        assert table.width >= VirtualTable.width_for(screen.COLUMNS)
        assert min(detail.width, third.width) >= EACH_LEAST
        assert "Timeline" not in told(screen.detail)


async def test_the_third_column_follows_the_cursor_and_leads_to_what_it_names(office: Workspace, opened: Open) -> None:
    async with opened(office, size=WIDE) as console:
        await console.show("3", "cso-1 ")
        screen = await rested(console, "Staged", "→ Chief of", "exp-", "imported for the first time")
        await console.press("G")
        gone = await rested(console, "Staged\n  nothing\n", "confirmed by import")
        assert "exp-" not in told(gone.third).partition("Timeline")[0]
        await console.press("g")
        await rested(console, "→ Chief of")
        await console.press("tab")
        assert screen.detail.has_focus
        await console.press("tab")
        assert screen.third.has_focus
        await console.press_until("j", lambda: screen.third.current and screen.third.current.link)
        await console.press("enter")
        await console.until("Objects › ", "(exp-")
        await console.press("escape", "escape")
        assert screen.table.has_focus
        await console.press("tab", "tab", "tab")
        assert screen.table.has_focus


async def test_an_export_is_not_told_twice(office: Workspace, opened: Open) -> None:
    async with opened(office, size=WIDE) as console:
        await console.press("2")
        screen = await rested(console, "Staged\n  nothing else\n", "Timeline")
        assert "Chief of" in told(screen.detail)


async def test_the_history_is_below_the_detail_where_there_is_no_third_column(office: Workspace, opened: Open) -> None:
    async with opened(office, size=LAST_WITH_TWO) as console:
        await console.show("3", "cso-1 ", "Timeline")
        screen = console.screen(ObjectsScreen)
        assert not screen.third.display
        assert "Timeline" in told(screen.detail)
        assert screen.detail.region.right == LAST_WITH_TWO[0]
        await console.resize(*WIDE)
        await rested(console, "Staged", "Timeline")
        await console.wait(lambda: "Timeline" not in told(screen.detail))
        await console.press("tab", "tab")
        assert screen.third.has_focus
        await console.resize(120, 40)
        await console.wait(lambda: "Timeline" in told(screen.detail))
        assert not screen.third.display
        assert screen.table.has_focus
        await console.press("tab", "tab")
        assert screen.table.has_focus


async def test_lists_that_are_about_nothing_with_a_history_have_two_columns(office: Workspace, opened: Open) -> None:
    async with opened(office, size=WIDE) as console:
        await console.show("7", "run-1 ")
        screen = console.screen(RunsScreen)
        await console.wait(lambda: screen.detail.region.right == WIDE[0])
        assert not screen.has_third


async def test_the_third_column_is_read_only_where_the_cursor_rests(
    office: Workspace, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    course = feed.course

    async def counted(workspace: feed.Workspace, thing: str) -> Any:
        asked.append(thing)
        return await course(workspace, thing)

    monkeypatch.setattr(feed, "course", counted)
    async with opened(office, size=WIDE) as console:
        await console.show("5", "1 of ")
        screen = console.screen(TransitionsScreen)
        await rested(console, "Timeline")
        asked.clear()
        for _ in range(30):
            screen.table.action_move(1)
        await console.until("31 of ")
        await console.wait(lambda: bool(asked))
        await console.settle()
        assert len(asked) == 1
        assert told(screen.third)


async def test_what_is_done_meanwhile_is_told_in_the_third_column(tmp_path: Path, opened: Open) -> None:
    site = make_office(tmp_path / "office")
    site("run")
    let_change(site, 1)
    for step in ("import hr", "sync"):
        site("step", *step.split())
    async with opened(site, size=WIDE) as console:
        await console.show("3", "cso-1 ")
        await rested(console, "Staged\n  nothing\n")
        site("step", "evaluate")
        await rested(console, "→ Chief of")


async def test_an_empty_list_has_nothing_in_its_third_column(office: Workspace, opened: Open) -> None:
    async with opened(office, size=WIDE) as console:
        await console.press("2")
        screen = await rested(console, "Timeline")
        assert isinstance(screen, ExportsScreen)
        screen.set_filter("nobody at all")
        await console.until("nothing matches the filter")
        assert told(screen.third) == ""


async def test_beside_a_group_of_what_waits_stands_the_first_of_it_whole(office: Workspace, opened: Open) -> None:
    async with opened(office, size=WIDE, at="todo") as console:
        await console.until("missing in 'hr'")
        screen = await rested(console, "The first of them", "What an approval does", "Evidence")
        assert "Which" in told(screen.detail)
        assert "The first of them" not in told(screen.detail)
        await console.resize(*LAST_WITH_TWO)
        await console.wait(lambda: "The first of them" in told(screen.detail))


def columns_shown(table: VirtualTable) -> set[str]:
    placed: list[Placed] = table._layout(table.inner.width)
    return {one.column.name for one in placed}


@pytest.mark.parametrize("opens", [":audit", ":deleted", ":owed", ":rules", ":schedule", *"0234567"])
async def test_more_room_never_shows_less(office: Workspace, opened: Open, opens: str) -> None:
    async with opened(office, size=(80, 40)) as console:
        if opens.startswith(":"):
            await console.press("colon")
            await console.type(opens[1:])
            await console.press("enter")
        else:
            await console.press(opens)
        await console.wait(lambda: isinstance(console.app.screen, ListScreen) and console.app.screen.ready)
        screen = console.screen(ListScreen)
        changes = [start for start, _ in breakpoints(VirtualTable.width_for(screen.COLUMNS))[1:]]
        before: set[str] = set()
        for width in sorted(
            {80, 100, BESIDE - 1, BESIDE, THREE - 1, THREE, *changes, *(one - 1 for one in changes), 260}
        ):
            await console.resize(width, 40)
            await console.wait(lambda: screen.table.region.width > 0)
            shown = columns_shown(screen.table)
            assert before <= shown, f"at {width}"
            before = shown
        assert shown == {column.name for column in screen.COLUMNS}
