"""Keys that are pressed before the rows they are about were read: they wait, or are refused, and never mean others."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import make_busy_office
from tests.workspace import Workspace
from tui.console.feed_source import FeedSource
from tui.console.widgets import table

SIZE, LEAVERS = 120, 5
A_MOMENT, TOO_LONG = 0.3, 3.0
HELD = "SELECT id FROM pending_exports WHERE held ORDER BY id"


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office in which five people are missing, and four titles are to be written."""
    return make_busy_office(tmp_path / "office", SIZE, LEAVERS, 4)


Delay = Callable[[str, float], None]


@pytest.fixture
def delay(monkeypatch: pytest.MonkeyPatch) -> Delay:
    """Let the store's answers to a list take so many seconds longer: `page` of its rows, or `keys` of all of them."""

    def delay(name: str, seconds: float) -> None:
        real = getattr(FeedSource, name)

        async def later(*arguments: Any) -> Any:
            await asyncio.sleep(seconds)
            return await real(*arguments)

        monkeypatch.setattr(FeedSource, name, later)

    return delay


async def test_what_is_done_to_all_waits_until_all_are_marked(office: Workspace, opened: Open, delay: Delay) -> None:
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.settle()
        delay("keys", A_MOMENT)
        await console.press("W", "asterisk", "a")
        await console.until(f"Approve {LEAVERS} items of 'hr'")


async def test_a_mark_is_taken_away_from_what_is_being_marked(office: Workspace, opened: Open, delay: Delay) -> None:
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.settle()
        delay("keys", A_MOMENT)
        await console.press("W", "asterisk", "space", "a")
        await console.until(f"Approve {LEAVERS - 1} items of 'hr'", "rev-2 ")


async def test_a_range_is_what_it_was_when_it_was_ended(office: Workspace, opened: Open, delay: Delay) -> None:
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.settle()
        delay("keys", A_MOMENT)
        await console.press("W", "v", "j", "v", "j", "j", "a")
        await console.until("Approve 2 items of 'hr'", "rev-1 ", "rev-2 ")


async def test_nothing_is_done_to_the_row_under_the_cursor_instead(
    office: Workspace, opened: Open, delay: Delay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "PATIENCE", 0.1)
    async with opened(office) as console:
        await console.show("2", "exp-")
        await console.settle()
        delay("keys", TOO_LONG)
        await console.press("W", "asterisk", "h")
        await console.hear("the rows to be marked are still being read")
        await console.press("escape")  # which gives the marking up
        await console.until("1 of ")
        await console.press("h")
        await console.hear("held: u lets go of it")
    assert len(office.query(HELD)) == 1


async def _filter_the_last(console: Console, office: Workspace, delay: Delay, seconds: float) -> int:
    """Give the number of the last export, once a filter for it was typed and what it lets through is being read."""
    await console.show("2", "exp-")
    await console.settle()
    last = int(office.query("SELECT max(id) FROM pending_exports")[0][0])
    delay("page", seconds)
    await console.press("W", "slash")
    await console.type(f"id:exp-{last}")
    await console.press("enter")
    return last


async def test_what_is_done_after_a_filter_is_done_to_its_rows(office: Workspace, opened: Open, delay: Delay) -> None:
    async with opened(office) as console:
        last = await _filter_the_last(console, office, delay, A_MOMENT)
        await console.press("h")
        await console.hear("held: u lets go of it")
    assert office.query(HELD) == [(last,)]


async def test_nothing_is_done_to_the_rows_of_another_filter(
    office: Workspace, opened: Open, delay: Delay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "PATIENCE", 0.1)
    async with opened(office) as console:
        last = await _filter_the_last(console, office, delay, TOO_LONG)
        await console.press("h")
        await console.hear("its rows are still being read")
        await console.resize(120, 50)  # which reads what there is more room for, but not in place of the filter's rows
        await console.until("1 of 1")
        assert console.row["key"] == last
    assert not office.query(HELD)
