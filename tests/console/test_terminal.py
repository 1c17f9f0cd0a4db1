"""The console on a real terminal: stepped, resized, detached and attached, hung up in the middle of an export."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.office import make_office
from tests.terminal import Terminal
from tests.tmux import Tmux
from tests.workspace import INTERLOCK, Workspace

PEOPLE = 4000


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    """An office whose export takes some seconds."""
    found = make_office(tmp_path / "office", PEOPLE, "\n[run]\npage_size = 100\n")
    found.env |= {"INTERLOCK_OPERATOR": "ada"}
    return found


@pytest.fixture
def terminal(office: Workspace) -> Iterator[Terminal]:
    """A console on a terminal."""
    found = Terminal(INTERLOCK, size=(80, 24), env=office.env, cwd=office.folder)
    yield found
    try:
        os.kill(found.pid, 9)
        os.waitpid(found.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _finished(office: Workspace) -> list[tuple[str, ...]]:
    for _ in range(600):
        results = office.query("SELECT result FROM runs ORDER BY id")
        if results and all(result is not None for (result,) in results):
            return results
        time.sleep(0.1)
    pytest.fail("the run does not end")


def test_step_resize_and_quit(office: Workspace, terminal: Terminal) -> None:
    terminal.wait_for("n import hr: read 'hr'; nothing of it is known yet")
    terminal.send("W")
    terminal.wait_for("ARMED 10 min")
    terminal.send("n")
    terminal.wait_for("the run has ended well", "n detect hr:")
    terminal.resize(120, 40)
    terminal.wait(
        lambda shown: len(shown.split("\n")) == 40 and "8 Systems" in shown and "│" in shown, "the wide screen"
    )
    terminal.send("3")
    terminal.wait_for("Objects", "cso-1", "E000001")
    terminal.resize(60, 15)
    terminal.wait(lambda shown: len(shown.split("\n")) == 15 and "cso-1" in shown, "the small screen")
    terminal.send("q")
    assert terminal.ended() == 0


def test_the_line_is_lost_in_the_middle_of_an_export(office: Workspace, terminal: Terminal) -> None:
    for step in ("import", "sync", "evaluate"):
        office("step", step, *(["hr"] if step == "import" else []))
    terminal.wait_for("n export directory: write to 'directory': 4,0")
    terminal.send("W", "n")
    terminal.wait_for("stops run-4", " % ")
    terminal.hang_up()
    assert terminal.ended() == 0
    assert _finished(office)[-1] == ("success",)
    assert office.query("PRAGMA integrity_check") == [("ok",)]
    assert (office.folder / "directory.ldif").read_text().count("employeeNumber:") == PEOPLE
    again = Terminal(INTERLOCK, size=(80, 24), env=office.env, cwd=office.folder)
    again.wait_for("n confirm directory: confirm 4,011 exports by reading 'directory' back")
    again.send("q")
    assert again.ended() == 0


def test_what_is_typed_in_one_go_is_taken_in_order(office: Workspace, terminal: Terminal) -> None:
    office("step", "import", "hr")
    terminal.wait_for("n detect hr:")
    terminal.send("3/employee_id:E000012\r")
    terminal.wait_for("filter employee_id:E000012", "1 of 1", "cso-12")


def test_a_killed_console_leaves_the_run_and_the_next_one_watches_it(office: Workspace, terminal: Terminal) -> None:
    terminal.wait_for("n import hr:")
    terminal.send("W", "r")
    terminal.wait_for("stops run-1")
    os.kill(terminal.pid, 9)
    os.waitpid(terminal.pid, 0)
    again = Terminal(INTERLOCK, size=(120, 40), env={**office.env, "INTERLOCK_OPERATOR": "grace"}, cwd=office.folder)
    again.wait_for("stops run-1 at its next page boundary (started by ada)")
    again.send("W", "x")
    again.wait_for("stopped-by-operator", "r that, then")  # the step ends a moment before its run
    again.send("r")
    again.wait_for("stops run-2")
    again.send("ctrl+c", "ctrl+c")
    assert again.ended() == 0
    assert _finished(office) == [("stopped-by-operator",), ("success",)]


def test_sigterm_ends_the_console_cleanly(terminal: Terminal) -> None:
    terminal.wait_for("n import hr:")
    os.kill(terminal.pid, 15)
    assert terminal.ended() == 0
    assert "\x1b[?1049l" in terminal.written


def test_detach_and_attach_in_tmux(office: Workspace) -> None:
    with Tmux(office, (100, 30)) as tmux:
        tmux.shown(lambda text: "n import hr:" in text)
        client = Terminal(tmux.attach, size=(80, 24), env=office.env)
        client.wait_for("n import hr:")
        client.send("W", "r")
        client.wait_for("stops run-1")
        client.hang_up()
        client.ended()
        tmux.shown(lambda text: "stops run-1" in text)
        other = Terminal(tmux.attach, size=(120, 40), env=office.env)
        other.wait_for("stops run-1", "8 Systems")
        other.wait_for("the run has ended well", seconds=60)
        other.send("q")
        other.ended()
    assert _finished(office) == [("success",)]


def test_a_console_that_fails_says_one_sentence_and_gives_the_terminal_back(office: Workspace, tmp_path: Path) -> None:
    """What a hand wrote into the store is more than the program knows: nobody foresaw that."""
    office("step", "import", "hr")
    command = ["sh", "-c", f"stty -a > before; {' '.join(INTERLOCK)}; echo status=$?; stty -a > after"]
    env = {**office.env, "TMPDIR": str(tmp_path)}
    terminal = Terminal(command, size=(200, 24), env=env, cwd=office.folder)
    terminal.wait_for("n detect hr:")
    with sqlite3.connect(office.folder / "interlock.db", timeout=30) as store:
        store.execute("UPDATE runs SET result = ?", ("a\x1b[2Jb\x9b31mc\u202ed\n[bold]e",))
    assert terminal.ended() == 0
    terminal.wait(lambda _: "status=" in terminal.written, "the end")
    _, left, after = terminal.written.rpartition("\x1b[?1049l")
    assert left, "the alternate screen was not left"
    said = after[after.index("interlock: ") :].splitlines()
    assert said[-1] == "status=4"
    assert len(said) == 2
    assert said[0].startswith(
        "interlock: the program itself has failed, and changed nothing that it had not committed: "
    )
    assert r"ValueError: 'a\x1b[2Jb\x9b31mc\u202ed\n[bold]e'" in said[0]
    assert "Traceback" not in terminal.written
    (details,) = tmp_path.glob("interlock-failure-*.txt")
    assert said[0].endswith(str(details))
    assert details.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in details.read_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", details.read_text())
    assert (office.folder / "before").read_text() == (office.folder / "after").read_text()
