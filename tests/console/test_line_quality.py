"""The console on lines and terminals that are less than good: broken bytes, no Unicode, few colours, a dead line."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.office import make_office
from tests.terminal import Terminal
from tests.workspace import INTERLOCK, Workspace

Open = Callable[..., Terminal]
COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:[349][0-7]|10[0-7]|[34]8)(?:;\d+)*m")


@pytest.fixture
def office(tmp_path: Path) -> Workspace:
    found = make_office(tmp_path / "office", 20)
    found.env |= {"INTERLOCK_OPERATOR": "ada"}
    return found


@pytest.fixture
def open_console(office: Workspace) -> Iterator[Open]:
    """Open consoles with something else in their environment, and leave none behind."""
    opened: list[Terminal] = []

    def open_one(**env: str) -> Terminal:
        command = ["env", *(f"{name}={value}" for name, value in env.items()), *INTERLOCK]
        opened.append(Terminal(command, size=(80, 24), env=office.env, cwd=office.folder))
        return opened[-1]

    yield open_one
    for terminal in opened:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_bytes_that_are_no_text_are_no_keys_and_end_nothing(open_console: Open) -> None:
    terminal = open_console()
    terminal.wait_for("n import hr:")
    terminal.type(b"\xe9\xff\xfe\xc3(")
    terminal.type(b"\xe2\x97")
    terminal.send("3")
    terminal.wait_for("nothing was imported yet")
    terminal.send("q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "de_DE.ISO-8859-1"}])
def test_a_terminal_without_unicode_gets_ascii_alone(open_console: Open, locale: dict[str, str]) -> None:
    terminal = open_console(**locale)
    terminal.wait_for("n import hr:")
    for key in "23678":
        terminal.answered(terminal.send(key))
        assert terminal.written.isascii()
    terminal.send("?")
    terminal.wait_for("Keys of")
    terminal.send("esc")
    terminal.wait(lambda shown: "Keys of" not in shown, "the screen below")
    terminal.send("q")
    assert terminal.ended() == 0
    assert terminal.written.isascii()


def test_names_are_readable_without_unicode(office: Workspace, open_console: Open) -> None:
    for step in (("import", "hr"), ("sync",)):
        office("step", *step)
    terminal = open_console(LC_ALL="C")
    terminal.wait_for("n evaluate:")
    terminal.send("4")
    terminal.wait_for("Metaverse", "<U+")
    assert terminal.written.isascii()


def test_no_colour_means_none(open_console: Open) -> None:
    terminal = open_console(NO_COLOR="1")
    terminal.wait_for("n import hr:")
    terminal.send("2", "3", "W")
    terminal.wait_for("ARMED")
    assert {found.group() for found in COLOURS.finditer(terminal.written)} <= {"\x1b[39;49m", "\x1b[39m", "\x1b[49m"}


def test_a_terminal_of_sixteen_colours_gets_no_more(open_console: Open) -> None:
    terminal = open_console(TERM="xterm", COLORTERM="")
    terminal.wait_for("n import hr:")
    terminal.send("2", "3", "W")
    terminal.wait_for("ARMED")
    assert not re.search(r"[;\[](?:38|48);[25];", terminal.written)


def test_a_line_that_takes_nothing_any_more_and_then_is_lost_leaves_no_process(open_console: Open) -> None:
    terminal = open_console()
    terminal.wait_for("n import hr:")
    with terminal.stalled():  # nobody reads: what the console writes piles up until it waits for the line
        for number in range(50):
            terminal.resize(*((200, 60), (80, 24))[number % 2])
            time.sleep(0.08)
        terminal.hang_up()
    terminal.ended()


def test_the_terminal_is_given_back(open_console: Open) -> None:
    terminal = open_console()
    terminal.wait_for("n import hr:")
    terminal.send("q")
    assert terminal.ended() == 0
    for on, off in (("25l", "25h"), ("2004h", "2004l"), ("1004h", "1004l"), ("7l", "7h"), ("1049h", "1049l")):
        assert terminal.written.rfind(f"\x1b[?{off}") > terminal.written.rfind(f"\x1b[?{on}")
