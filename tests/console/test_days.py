"""What is looked back and ahead at: trends by day, schedule, owed references; the charts, and what they are made of."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.console.conftest import Open
from tests.console.office import make_office
from tests.workspace import Workspace
from tui.console.plots import chart, rounded_up
from tui.console.screens.todo import TodoScreen
from tui.presentation import display

PROFILES = """
[profiles.morning]
steps = ["import hr", "sync"]
at = ["Mon..Fri 06:30"]
every = "25h"
[profiles.seldom]
steps = ["sync"]
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An office that has run once."""
    site = make_office(tmp_path_factory.mktemp("days") / "office", 60, PROFILES)
    site("run")
    return site


@pytest.fixture
def past(office: Workspace, tmp_path: Path) -> Workspace:
    """The same with a run on each of the ten days before, and nothing on the fifth: errors on the third."""
    return _with_past(office, tmp_path / "office", days=10)


def _with_past(office: Workspace, folder: Path, days: int) -> Workspace:
    folder.mkdir()
    for name in ("interlock.toml", "hr.csv", "directory.ldif"):
        (folder / name).write_text((office.folder / name).read_text())
    (folder / "interlock.db").write_bytes((office.folder / "interlock.db").read_bytes())
    with closing(sqlite3.connect(folder / "interlock.db")) as store, store:
        for ago in range(1, days + 1):
            if ago == 5:
                continue
            day = (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y-%m-%d")
            number = 1000 - ago
            began, ended = f"{day}T05:30:00.000Z", f"{day}T05:3{ago % 5 + 1}:00.000Z"
            store.execute(
                "INSERT INTO runs (id, profile, operator, host, pid, started_at, ended_at, result) "
                "VALUES (?, 'morning', 'root', 'signalbox', 1, ?, ?, 'success')",
                (number, began, ended),
            )
            store.execute(
                "INSERT INTO steps (id, run_id, position, phase, system, started_at, ended_at, result, done, total, "
                "statistics, message) VALUES (?, ?, 0, 'import', 'hr', ?, ?, 'success', ?, ?, '{\"joins\": 3}', '')",
                (number, number, began, ended, 100 * ago, 100 * ago),
            )
            if ago == 3:
                store.executemany(
                    "INSERT INTO item_errors (step_id, code, message, advice, system, type, label, position, "
                    "is_warning) VALUES (?, 'x', 'x', '', 'hr', 'person', 'x', '', ?)",
                    [(number, 0), (number, 1)],
                )
        store.executemany(
            "INSERT INTO owed_references (direction, owner_id, attribute, system, key, since, told) "
            "VALUES ('out', ?, 'manager', 'directory', ?, '2026-11-20T05:30:00.000Z', 1)",
            [(number, str(number + 20)) for number in range(1, 21)],
        )
    return Workspace(folder, (folder / "interlock.toml").read_text())


def _drawn(*values: float | None, width: int, height: int) -> list[str]:
    days = [f"03-0{number}" for number in range(1, len(values) + 1)]
    lines = chart(values, days, width, height, lambda value: f"{value:g}")
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_a_chart_has_values_and_dates_on_its_axes() -> None:
    assert _drawn(1, None, 4, 0, 8, width=30, height=4) == [
        " 10 │                ▂▂▂",
        "    │                ███",
        "  5 │        ▅▅▅     ███",
        "    │▃▃▃     ███     ███",
        "  0 └────────────────────",
        "         03-02      03-05",
    ]


def test_a_chart_of_one_day_has_its_date() -> None:
    assert _drawn(2, width=30, height=1) == [" 2 │███", " 0 └────", "    03-01"]


def test_a_narrow_chart_shows_the_newest_and_ascii_is_enough() -> None:
    display.use_ascii(True)
    try:
        assert _drawn(9, 1, 4, 8, width=8, height=2) == [" 10 |  +", "  5 |.*#", "  0 +---", ""]
    finally:
        display.use_ascii(False)


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (3, 5), (10, 10), (11, 20), (1_000_001, 2_000_000)])
def test_an_axis_ends_at_a_round_number(value: float, top: float) -> None:
    assert rounded_up(value) == top


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
async def test_trends_tell_every_day_in_a_chart_and_in_figures(
    past: Workspace, opened: Open, size: tuple[int, int]
) -> None:
    async with opened(past, size=size) as console:
        await console.show("7", "run-999")
        await console.press("t")
        today, before = datetime.now(UTC), datetime.now(UTC) - timedelta(days=3)
        await console.until("Runs › trends", "Objects", "Joins", "Errors", f"{today:%m-%d}", "1,000")
        seen = console.text
        for _ in range(4):
            await console.press("pagedown")
            seen += console.text
        rows = [line.split() for line in seen.splitlines() if line.startswith(" 20")]
        figures = {row[0]: row[1:] for row in rows}
        assert figures[f"{before:%Y-%m-%d}"] == ["300", "3", "1", "1", "4", "min"]  # a warning is no error
        assert figures[f"{today - timedelta(days=5):%Y-%m-%d}"] == ["0", "0", "0"]
        assert len(figures) == 11


async def test_nothing_to_look_back_at_is_said(tmp_path: Path, opened: Open) -> None:
    async with opened(make_office(tmp_path / "office")) as console:
        await console.press("7", "t")
        await console.until("nothing has run yet: there is nothing to look back at")
        await console.press("escape", "o")
        await console.until("Runs › schedule", "nightly", "never")


async def test_the_schedule_tells_last_next_and_late(past: Workspace, opened: Open) -> None:
    with closing(sqlite3.connect(past.folder / "interlock.db")) as store, store:
        store.execute("DELETE FROM steps WHERE run_id IN (SELECT id FROM runs WHERE profile = 'morning' AND id > 997)")
        store.execute("DELETE FROM runs WHERE profile = 'morning' AND id > 997")
    async with opened(past, size=(120, 40)) as console:
        await console.show("7", "run-1")
        await console.press("o")
        await console.until(
            "Runs › schedule", "morning", "Mon..Fri 06:30", "late since", "success", "seldom", "by hand"
        )
        await console.press("exclamation_mark")
        await console.until("1 of 1")
        await console.settle()
        await console.until("is to run      Mon..Fri 06:30", "every 25 hours", "runs next", "import hr")
        await console.press("enter")
        await console.until("Runs › schedule › run-997")


async def test_owed_references_lead_to_whose_they_are(past: Workspace, opened: Open) -> None:
    async with opened(past, size=(80, 24), at="todo") as console:
        await console.until("owed references")
        while "reference" not in console.lines[2 + console.screen(TodoScreen).table.cursor + 1]:
            await console.press("j")
        await console.press("enter")
        await console.until("To do › owed references", "1 of 20", "manager", "Emma Moore")
        await console.press("slash")
        await console.type("object:noah")
        await console.press("enter")
        await console.until("1 of 1", "Noah Nolan (mvo-2)", "has no account")
        await console.settle()
        await console.press("enter")
        await console.until("owed references › ", "(mvo-2")


async def test_the_store_looks_through_all_of_them(past: Workspace, opened: Open) -> None:
    with closing(sqlite3.connect(past.folder / "interlock.db")) as store, store:
        store.executemany(
            "INSERT INTO owed_references (direction, owner_id, attribute, system, key, since, told) "
            "VALUES ('in', 1, 'manager', 'hr', ?, '2026-11-21T05:30:00.000Z', 1)",
            [(f"E9{number:06}",) for number in range(3_000)],
        )
    async with opened(past) as console:
        await console.press("colon")
        await console.type("owed")
        await console.press("enter")
        await console.until("1 of 3,020")
        await console.press("slash")
        await console.type("named:E9002999 !system:directory")
        await console.press("enter")
        await console.until("1 of 1", "E9002999")
        await console.press("slash")
        await console.press("ctrl+u")
        await console.type("object:~^noah.*\\(mvo-2\\)$")
        await console.press("enter")
        await console.until("1 of 1", "Noah Nolan (mvo-2)")


async def test_nothing_is_owed(office: Workspace, opened: Open) -> None:
    async with opened(office) as console:
        await console.press("colon")
        await console.type("owed")
        await console.press("enter")
        await console.until("nothing is owed: every reference names somebody who is there")
