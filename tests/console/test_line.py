"""The Line: step, run, stop, interrupted runs, read-only, and what the next key will do."""

import asyncio
import os
import signal
import sqlite3
from pathlib import Path

from tests.console.conftest import Open
from tests.console.office import let_change, let_leave, make_office

STEPS = ["import hr", "detect hr", "import directory", "detect directory", "sync", "evaluate"]
WRITING = ["export directory", "confirm directory", "detect directory"]


async def test_an_empty_store_greets_and_every_phase_can_be_stepped(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        await console.until("Nothing has been imported yet", "import hr: read 'hr'; nothing of it is known yet")
        await console.press("W")
        for step in STEPS + WRITING:
            await console.until(f"n {step}:")
            await console.press("n")
            await console.until("the run has ended well")
        await console.until("n import hr:")
    results = [row[0] for row in office.query("SELECT result FROM steps ORDER BY id")]
    assert len(results) == 9
    assert set(results) <= {"success", "completed-no-objects"}
    assert office.query("SELECT count(*) FROM objects WHERE system = 'directory' AND type = 'person'") == [(60,)]
    assert "title" in (office.folder / "directory.ldif").read_text()


async def test_the_rest_runs_in_one_process(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        await console.press("W", "n")
        await console.until("the run has ended well", "n detect hr:")
        await console.press("r")
        await console.until("the run has ended well", "n import hr:")
    assert [row[0] for row in office.query("SELECT profile FROM runs ORDER BY id")] == ["step import hr", "whole cycle"]
    assert office.query("SELECT count(*) FROM steps") == [(9,)]


async def test_what_the_next_step_touches_is_said_before(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_change(office, 7)
    office("step", "import", "hr")
    office("step", "sync")
    office("step", "evaluate")
    async with opened(office) as console:
        await console.until("n export directory: write to 'directory': 7 updates")


async def test_read_only_refuses_and_says_why(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        for key in ("n", "r"):
            await console.press(key)
            await console.hear("read-only: W arms it")
        await console.press("W")
        await console.until("ARMED 10 min")
        await console.press("W")
        await console.until("read-only", gone=("ARMED",))
        await console.press("n")
        await console.hear("read-only")
    assert office.query("SELECT count(*) FROM runs") == [(0,)]


async def test_the_console_disarms_itself(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        await console.press("W")
        assert console.app.armed
        console.app.arming._until -= 10 * 60
        await console.until("read-only", gone=("ARMED",))
        await console.press("n")
        await console.hear("read-only")


async def test_a_run_is_stopped_at_a_page_boundary(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 40_000, "\n[run]\npage_size = 200\n")
    async with opened(office) as console:
        await console.press("W", "r")
        await console.until("stops run-1 at its next page boundary", " of 40,0")
        await console.press("n")
        await console.hear("run-1 is going on, started by ada")
        await console.press("x")
        await console.until("stopped-by-operator", "the run was stopped")
        done = office.query("SELECT done, total FROM steps WHERE result = 'stopped-by-operator'")[0]
        assert 0 < done[0] <= done[1]  # the last page it read may be the last there is
        assert done[0] % 200 == 0 or done[0] == done[1], "no page is left half read"
        assert office.query("SELECT count(*) FROM objects") == [(0,)], "an import is applied when all of it was read"
        await console.until("n import hr:")


async def test_the_next_console_shows_what_was_interrupted(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 20_000, "\n[run]\npage_size = 200\n")
    async with opened(office) as console:
        await console.press("W", "r")
        await console.until("import hr", " of 20,0")
        pid = office.query("SELECT pid FROM runs")[0][0]
        assert pid != os.getpid()
        os.kill(pid, signal.SIGKILL)
        await console.until("run-1 was interrupted in import hr, at")
    async with opened(office, operator="grace") as console:
        await console.until("run-1 was interrupted in import hr, at", "n import hr:", "▲")
        await console.press("W", "n")
        await console.until("the run has ended well", gone=("was interrupted",))
    assert office.query("SELECT result FROM runs ORDER BY id") == [("interrupted",), ("success",)]
    assert office.query("SELECT count(*) FROM objects WHERE type = 'person'") == [(20_000,)]


async def test_closing_the_console_leaves_the_run_going(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 20_000, "\n[run]\npage_size = 500\n")
    async with opened(office) as console:
        await console.press("W", "n")
        await console.until(" of 20,0")
        await console.press("q")
        await console.until("goes on without this console")
        await console.press("enter")
        assert console.app.is_running
        await console.press("q")
        await console.until("goes on without this console")
        await console.press("y")
    async with opened(office) as console:
        await console.until("n detect hr:")
    assert office.query("SELECT result FROM runs") == [("success",)]


async def test_a_run_that_somebody_else_started_is_watched(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office", 20_000, "\n[run]\npage_size = 200\n")
    async with opened(office) as console:
        process = office.start("step", "import", "hr")
        await console.until("stops run-1", "run-1 import hr", " of 20,0")
        await console.press("W", "n")
        await console.hear("run-1 is going on, started by tester")
        await console.until("n detect hr:")
        process.communicate()


async def test_a_gate_is_shown_with_its_arithmetic(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 50)
    async with opened(office) as console:
        await console.press("W", "r")
        await console.until("the run was stopped by a gate", "run-2:", "stopped-deletion-threshold", "held")
        await console.until("n detect hr:")
    assert office.statuses("hr") == {"Normal": office.query("SELECT count(*) FROM objects WHERE system = 'hr'")[0][0]}


async def test_a_locked_store_is_said_and_the_screen_stays_alive(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 1)
    office("run")
    async with opened(office) as console:
        await console.show("6", "rev-1")
        writer = sqlite3.connect(office.folder / "interlock.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        await console.press("W", "K")
        await console.until("Keep 1 item")
        await console.settle()
        await console.type("still needed")
        await console.press("enter")
        await console.until("waits for the store, which another program holds locked")
        await console.press("3")
        await console.until("Objects", "hr", "department")
        await console.press("6")
        writer.execute("ROLLBACK")
        writer.close()
        await console.until("kept")
    assert office.query("SELECT state, decided_by, reason FROM review_items") == [("kept", "ada", "still needed")]


async def test_a_run_that_cannot_start_says_why(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        office.configure("nonsense = 1\n")
        await console.press("W", "n")
        await console.until("the run did not start:", "nonsense")


async def test_a_step_that_cannot_start_says_why_and_not_what_waits(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 2)
    office("run")
    (office.folder / "hr.csv").unlink()
    async with opened(office) as console:
        await console.press("W", "r")
        await console.hear("hr.csv: cannot be read: No such file")
        assert console.said.startswith("the run did not start: ")
        assert "wait in the review" not in console.said


async def test_a_store_that_was_put_back_begins_no_run(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("step", "import", "hr")
    (office.folder / "interlock.db.mark").write_text('[9000, "of an entry that is not there", "2026-01-01T00:00:00Z"]')
    async with opened(office) as console:
        await console.press("W", "n")
        await console.until("the run did not start:", "is an older store than the one that was here")


async def test_the_profile_and_the_next_step_can_be_chosen(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    async with opened(office) as console:
        await console.press("o")
        await console.until("Profile", "nightly")
        await console.press("j", "enter")
        await console.until("profile: nightly")
        await console.press("right_square_bracket", "right_square_bracket")
        await console.until("n sync:")
        await console.press("left_square_bracket")
        await console.until("n detect hr:")
        await console.press("right_square_bracket", "W", "n")
        await console.until("the run has ended well")
    assert office.query("SELECT phase, system FROM steps") == [("sync", "")]


async def test_deletes_are_asked_for_before_they_are_sent(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 2)
    office("run")
    office("review", "approve", "rev-1", "rev-2", "--reason", "left")
    accounts = (office.folder / "directory.ldif").read_text().count("employeeNumber:")
    async with opened(office) as console:
        await console.press("W", "r")
        await console.until("2 approved absences carried out, deletes included", "type 2 to run:")
        await console.settle()
        await console.press("enter")
        await console.until("cancelled: nothing was started")
        await console.press("r")
        await console.until("type 2 to run:")
        await console.settle()
        await console.press("3", "enter")
        await console.until("3 is not 2: nothing was done")
        assert (office.folder / "directory.ldif").read_text().count("employeeNumber:") == accounts
        await console.press("2", "enter")
        await console.until("the run has ended well")
    assert (office.folder / "directory.ldif").read_text().count("employeeNumber:") == accounts - 2


async def test_keys_that_were_on_their_way_confirm_nothing(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 1)
    office("run")
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.press("W")
        await console.press("a", "x", "enter", "1", "enter")
        await asyncio.sleep(0.3)
        await console.until("Approve 1 item")
        await console.press("escape")
        await console.until("cancelled: nothing was decided")
    assert office.query("SELECT state FROM review_items") == [("open",)]


async def test_an_answer_that_comes_after_the_arming_changes_nothing(tmp_path: Path, opened: Open) -> None:
    office = make_office(tmp_path / "office")
    office("run")
    let_leave(office, 1)
    office("run")
    async with opened(office) as console:
        await console.show("6", "rev-1")
        await console.press("W", "K")
        await console.until("Keep 1 item")
        await console.settle()
        console.app.arming._until = 0.0
        await console.type("still needed")
        await console.press("enter")
        await console.until("the console has disarmed itself meanwhile: nothing was decided about 1 item")
    assert office.query("SELECT state FROM review_items") == [("open",)]
