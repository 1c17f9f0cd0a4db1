"""The audit log in the console: filtered, one entry whole, proved whole, and what is told where it is not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.console.conftest import Open
from tests.console.office import let_leave, make_office
from tests.workspace import Workspace


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office in which somebody was approved to go."""
    site = make_office(tmp_path / "office")
    site("run")
    let_leave(site, 1)
    site("run")
    site("review", "approve", "rev-1", "--reason", "went to the competition")
    return site


async def test_decisions_are_found_and_read_whole(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.show("9", "Audit", "approve", "went to the competition", "run-ended")
        await console.press("slash")
        await console.type("action:approve")
        await console.press("enter")
        await console.until("1 of 1", "rev-1")
        await console.settle()
        await console.press("enter")
        await console.until("Audit › audit-", "Details", "Seal", "went to the competition")
        await console.press("escape", "x")
        await console.hear("nothing here to explain")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_screen_stands_in_the_tabs_whatever_waits(
    opened: Open, office: Workspace, size: tuple[int, int]
) -> None:
    async with opened(office, size=size) as console:
        for number, mode in enumerate(console.app._modes):
            await console.press(str(number))
            await console.wait(lambda mode=mode: console.app.current_mode == mode)  # type: ignore[misc]
            tabs = console.lines[0]
            title = console.app.screen.TITLE or ""
            assert tabs.startswith("0 To do")
            assert "9 Audit" in tabs
            assert len(title) > 9 or title[:2] in tabs
            assert [f"{digit} " in tabs for digit in range(10)] == [True] * 10


async def test_the_log_is_proved_whole_or_told_where_it_is_not(opened: Open, office: Workspace) -> None:
    async with opened(office) as console:
        await console.show("9", "approve")
        await console.press("t")
        await console.hear("whole: nothing was edited")
        await console.press("z")
        await console.hear("seal, copied, to be kept elsewhere: ")
        seal = console.said.split()[-1]
        await console.press("T")
        await console.paste(seal)
        await console.press("enter")
        await console.hear("whole, up to the seal and after it")
        await console.press("T")
        await console.paste("0" * 64)
        await console.press("enter")
        await console.hear("its end was cut off")
    with closing(sqlite3.connect(office.folder / "interlock.db")) as store, store:
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f"DROP TRIGGER {name}")
        store.execute("UPDATE audit SET operator = 'nobody' WHERE action = 'approve'")
    async with opened(office) as console:
        await console.show("9", "approve")
        await console.press("t")
        await console.hear("NOT whole")
