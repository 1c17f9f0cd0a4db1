"""The console asks of the terminal what it can do, and gives it back as it was."""

import asyncio
import contextlib
import io
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from tui.console import tty

UTF8 = {"LANG": "en_GB.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, "ansi-dark"),
        ({"NO_COLOR": ""}, None),
        ({"COLORTERM": ""}, None),
        ({"COLORTERM": "", "TERM": "tmux-256color"}, None),
        ({"COLORTERM": "", "TERM": "xterm"}, "ansi-dark"),
        ({"COLORTERM": "", "TERM": "screen"}, "ansi-dark"),
        ({"COLORTERM": "", "TERM": "linux"}, "ansi-dark"),
        ({"COLORTERM": "", "TERM": "vt100"}, "ansi-dark"),
        ({"COLORTERM": "", "TERM": ""}, "ansi-dark"),
        ({"COLORTERM": "", "TERM": "alacritty"}, None),
        ({"COLORTERM": "", "TERM": "xterm-ghostty"}, None),
        ({"COLORTERM": "", "TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, None),
        ({"TEXTUAL_COLOR_SYSTEM": "standard"}, "ansi-dark"),
        ({"NO_COLOR": "1", "COLORFGBG": "0;15"}, "ansi-light"),
        ({"NO_COLOR": "1", "COLORFGBG": "15;0"}, "ansi-dark"),
    ],
)
def test_few_colours_or_none_take_the_terminals_own(said, theme):
    assert tty.prepare({**UTF8, **said}).theme == theme


@pytest.mark.parametrize(
    ("said", "is_ascii"),
    [
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LC_CTYPE": "UTF-8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "de_DE"}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "POSIX"}, True),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, False),
        ({"LC_CTYPE": "C", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "de_DE.UTF-8"}, False),
        ({}, False),
        ({"TERM": "vt220"}, True),
    ],
)
def test_what_is_not_utf8_is_ascii(said, is_ascii):
    assert tty.prepare({"TERM": "xterm-256color", **said}).ascii is is_ascii


@pytest.mark.parametrize(
    ("locale", "is_ascii"), [({"LANG": "C"}, True), ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False), ({}, False)]
)
def test_what_python_makes_of_the_c_locale_is_not_taken_for_the_operators_wish(locale, is_ascii):
    env = {
        name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8")
    }
    program = "from tui.console import tty; print(tty.prepare().ascii)"
    said = subprocess.check_output([sys.executable, "-c", program], env={**env, **locale}, text=True)
    assert said == f"{is_ascii}\n"


def test_a_line_over_ssh_gets_fewer_frames_and_no_mouse():
    here, there = dict(UTF8), {**UTF8, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
    assert tty.prepare(here).mouse
    assert not tty.prepare(there).mouse
    assert "TEXTUAL_FPS" not in here
    assert there["TEXTUAL_FPS"] == "15"
    assert here["TEXTUAL_ANIMATIONS"] == there["TEXTUAL_ANIMATIONS"] == "none"


def test_what_the_operator_has_set_for_textual_stays_but_no_frozen_size():
    environ = {**UTF8, "SSH_CONNECTION": "x", "TEXTUAL_FPS": "5", "TEXTUAL_ANIMATIONS": "full", "COLUMNS": "80"}
    tty.prepare(environ)
    assert environ["TEXTUAL_FPS"] == "5"
    assert environ["TEXTUAL_ANIMATIONS"] == "full"
    assert "COLUMNS" not in environ


def test_textual_is_not_imported_before_its_settings_are_made():
    modules = "from tui.console import tty, launch, plots; from tui.presentation import display, glyphs"
    program = f"import sys; {modules}; sys.exit('textual' in sys.modules)"
    assert subprocess.call([sys.executable, "-c", program]) == 0


def test_an_ascii_stream_gets_ascii_of_the_same_width():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    tty.speak_ascii(stream)
    stream.write("┌─┐│█▂▓ é 李 e\u0301 ok ● ▸")
    stream.flush()
    assert raw.getvalue() == b"+-+|### ? ?? e ok * >"


def test_a_stream_that_cannot_change_stays():
    tty.speak_ascii(io.StringIO())


def test_a_terminal_is_restored():
    there, here = pty.openpty()
    with os.fdopen(here, "w") as stream:
        before = tty.modes(stream)
        changed = termios.tcgetattr(here)
        changed[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(here, termios.TCSANOW, changed)
        tty.restore(stream, before)
        assert tty.modes(stream) == before
        said = os.read(there, 4096)
    os.close(there)
    for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1003l", b"\x1b[?1006l", b"\x1b[<u"):
        assert sequence in said


def test_restoring_what_is_gone_is_no_error():
    there, here = pty.openpty()
    os.close(there)
    stream = os.fdopen(here, "w")
    tty.restore(stream, tty.modes(stream))
    with contextlib.suppress(OSError):
        stream.close()
    tty.restore(stream)
    assert tty.modes(io.StringIO()) is None


LISTENER = """
import asyncio, os, signal, sys
from tui.console import tty

async def main():
    ended = asyncio.Event()
    tty.listen_for_hangup(asyncio.get_running_loop(), ended.set)
    os.kill(os.getpid(), signal.Signals[sys.argv[1]])
    os.kill(os.getpid(), signal.Signals[sys.argv[1]])
    if sys.argv[2] == "stuck":
        signal.alarm(1)
        while True:
            await asyncio.sleep(10)
    await ended.wait()
    if sys.argv[1] == "SIGHUP":
        assert os.read(0, 1) == b""
    print("said to nobody after a hangup", flush=True)

asyncio.run(main())
sys.exit(7)
"""


@pytest.mark.parametrize(("name", "said"), [("SIGHUP", b""), ("SIGTERM", b"said to nobody after a hangup\n")])
def test_a_lost_line_and_a_request_to_go_end_the_console_in_order(name, said):
    done = subprocess.run([sys.executable, "-c", LISTENER, name, "ends"], capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (7, said, b"")


def test_a_console_that_hangs_after_a_hangup_is_ended_all_the_same():
    command = [sys.executable, "-c", LISTENER, "SIGHUP", "stuck"]
    assert subprocess.run(command, check=False, timeout=30).returncode == -signal.SIGALRM


def test_the_loop_is_closed_when_the_signal_comes_late():
    loop = asyncio.new_event_loop()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    tty.listen_for_hangup(loop, lambda: None)
    loop.close()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.alarm(0) > 0
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGHUP, before[1])
