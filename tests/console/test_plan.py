"""The plan in the console: what the next keys would do, by step, kind and attribute; old, run, differing, died."""

import asyncio
import os
import signal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Console, Open
from tests.console.office import let_change, let_leave, make_office
from tests.workspace import Workspace
from tui.console.screens.plan import PlanScreen
from tui.demo.people import PERSON_COLUMNS, people
from tui.demo.workspace import write_csv


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office where seven titles have changed, and one person has none any more."""
    site = make_office(tmp_path / "office")
    site("run")
    let_change(site, 7)
    rows = list(people(60))
    for row in rows[:7]:
        row["title"] = "Chief of " + row["title"]
    rows[7]["location"] = ""
    write_csv(site.folder / "hr.csv", PERSON_COLUMNS, rows)
    return site


def _kept(office: Workspace) -> list[Path]:
    return [path for path in office.folder.glob("interlock.db.plan-*") if path.suffix[-4:] not in ("-wal", "-shm")]


async def _plan(console: Console) -> None:
    await console.press("P")
    await console.until("Line › plan", "made", "r runs what was planned")


async def test_a_plan_tells_steps_kinds_attributes_and_each_value(office: Workspace, opened: Open) -> None:
    def untouched() -> list[str]:
        return [sha256((office.folder / name).read_bytes()).hexdigest() for name in ("hr.csv", "directory.ldif")]

    before, runs = untouched(), office.query("SELECT count(*) FROM runs")
    async with opened(office) as console:
        await _plan(console)
        await console.until("By step", "import hr", "By kind of change", "~ Update")
        screen = console.screen(PlanScreen)
        await console.press("g")
        await console.until("By step")
        seen = []
        for key in ("j", "k"):
            for _ in screen._entries:
                await console.press(key)
                assert screen.current is not None
                assert not screen.current.is_heading
                seen.append(screen.current)
        await console.until("By step")
        assert [one for one in screen._entries if not one.is_heading and one not in seen] == []
        await console.press("G")
        await console.until("By attribute", "title", "7 change", "1 becomes empty")
        await console.press("slash")  # no list: nothing is asked here
        lines = [line for line in console.lines if "becomes empty" in line]
        assert len(lines) >= 3, "in the source, in the metaverse, in the directory"
        entries = screen._entries
        place = next(at for at, one in enumerate(entries) if one.says.startswith("title") and "export" in one.says)
        screen.overview.move_to(place)
        await console.until("Chief of")
        await console.press("enter")
        await console.until("plan › title", "1 of 7", "becomes", "Chief of")
        await console.press("slash")
        await console.type("becomes:empt")
        await console.press("enter")
        await console.until("0 rows", "nothing matches the filter")
        await console.press("escape", "slash")
        await console.type("Becomes:~^(set|chang) dn:~^UID=.*org$")
        await console.press("enter")
        await console.until("filter Becomes:~", "1 of 7")
        await console.press("slash", "ctrl+u")
        await console.type("!becomes:~^chang")
        await console.press("enter")
        await console.until("0 rows")
        await console.press("slash", "ctrl+u")
        await console.type("~(")
        await console.press("enter")
        await console.hear("'(' is no regular expression")
        await console.press("escape")
        await console.until("1 of 7", gone=("filter ~(",))
        await console.press("slash")
        await console.type("salary:1")
        await console.press("enter")
        await console.hear("no column 'salary' here; there are: name, dn, operation, system, type, becomes")
        await console.until("1 of 7", gone=("filter salary",))
        await console.settle()
        await console.press("enter")
        await console.until("would", "~ Update", "in step", "export directory", "- goes, + comes", "+ Chief of")
        await console.press("x")
        await console.until("› why ", "(cso-")
    assert untouched() == before
    assert office.query("SELECT count(*) FROM runs") == runs
    assert len(_kept(office)) == 1
    assert _kept(office)[0].stat().st_mode & 0o777 == 0o600


async def test_what_was_planned_is_run_and_nothing_differs(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await _plan(console)
        await console.press("r")
        await console.hear("read-only: W arms it")
        await console.press("W", "r")
        await console.until("✓ run-2 did what was planned")
        await console.wait(lambda: console.session.launch is None and console.session.running is None)
        await console.press("r")
        await console.hear("the plan was carried out by run-2: P plans anew")
        await console.press("escape", "P")
        await console.until("did what was planned")  # it can still be read
        await console.press("P")
        await console.until("nothing would change", "r runs what was planned")
        assert len(_kept(office)) == 1
    assert office.query("SELECT count(*) FROM runs") == [(2,)]


async def test_a_plan_is_old_when_anything_it_stands_on_has_moved(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await _plan(console)
        await console.press("W")
        let_leave(office, 1)
        await console.until("▲ old: hr.csv has changed", "P plans anew; an old plan is not run")
        await console.press("r")
        await console.hear("the plan is old: hr.csv has changed: P plans anew")
        await console.press("P")
        await console.until("r runs what was planned", "1 for the review", gone=("old:",))
        office("step", "import", "hr")
        await console.until("▲ old: run-2 ('step import hr', by tester) has begun since")
        await console.press("P")
        await console.until("r runs what was planned", gone=("old:",))
        office("exclude", "cso-1", "--reason", "never ours")
        await console.until("▲ old: tester has decided since: excluded cso-1")
        await console.press("P")
        await console.until("r runs what was planned", gone=("old:",))
        (office.folder / "interlock.toml").write_text((office.folder / "interlock.toml").read_text() + "\n")
        await console.until("▲ old: interlock.toml has changed")
    assert office.query("SELECT count(*) FROM runs") == [(2,)]


async def test_another_console_sees_it_being_made_and_stops_it(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 40_000, "\n[run]\npage_size = 200\n")
    planning = office.start("plan", "--keep")
    try:
        async with opened(office) as console:
            await console.wait(lambda: bool(_kept(office)))
            await console.press("P")
            await console.until("being made by tester since", "◐ import hr", "x stops it", " of 40,0")
            await console.press("P")
            await console.hear("a plan is being made: x stops it")
            await console.press("x")
            await console.until("it would end in 'import hr'", "stopped-by-operator")
            await console.press("W", "r")
            await console.hear("the plan was stopped, and is not whole: P plans anew")
    finally:
        planning.kill()
        planning.communicate()
    assert office.query("SELECT count(*) FROM runs") == [(0,)]


async def test_a_plan_whose_process_died_is_told_and_made_anew(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 20_000, "\n[run]\npage_size = 200\n")
    async with opened(office) as console:
        await console.press("P")
        await console.until("being made", "◐ import hr", " of 20,0")
        launch = console.session.planning
        assert launch is not None
        os.kill(launch._process.pid, signal.SIGKILL)
        await console.until("it came to no end: its process died")
        await console.press("W", "r")
        await console.hear("the plan came to no end, and is not whole: P plans anew")
        await console.resize(80, 24)
        await console.press("P")
        await console.until("being made", "◐ import hr", gone=("died",))
        await console.press("escape", "escape")
        await console.until("n import hr:")
        await console.press("P")
        await console.until("being made", "x stops it")
        await console.press("x")
        await console.until("stopped-by-operator")


async def test_what_cannot_be_planned_says_why(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        (office.folder / "interlock.toml").write_text("[systems]\n")
        await console.press("P")
        await console.hear("no plan: ")
        await console.until("there is no plan; P makes one")


async def test_a_gate_that_would_stop_the_run_is_said_first(office: Workspace, opened: Open) -> None:
    let_leave(office, 30)
    async with opened(office, size=(80, 24)) as console:
        await console.press("P")
        await console.until("◆ it would end in 'detect hr': gate", "not reached", "would end", "stopped-deletion")
    assert office.query("SELECT count(*) FROM held_batches") == [(0,)]


async def test_it_opens_from_the_command_line_of_any_screen(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.show("3", "Objects")
        await console.press("colon")
        await console.type("plan")
        await console.until("what the next keys of the Line would do")
        await console.press("enter")
        await console.until("Line › plan", "r runs what was planned")


async def test_a_wide_screen_on_which_nothing_happens_is_not_laid_out_again(
    office: Workspace, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[object] = []
    real = PlanScreen._refresh_layout

    def refresh_layout(screen: PlanScreen, *given: Any, **named: Any) -> None:
        laid_out.append(given)
        real(screen, *given, **named)

    monkeypatch.setattr(PlanScreen, "_refresh_layout", refresh_layout)
    async with opened(office, size=(160, 40)) as console:
        await _plan(console)
        await console.settle(1)
        assert laid_out
        laid_out.clear()
        await asyncio.sleep(1.5)  # six ticks
    assert laid_out == []
