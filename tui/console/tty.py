"""What has to be known of a terminal before the console opens on it, and put right when it closes.

Nothing here imports Textual: it reads these variables when it is imported.
"""

import codecs
import contextlib
import os
import signal
import sys
import termios
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping, MutableMapping
from types import FrameType
from typing import Any, Literal, NamedTuple, TextIO

from rich.cells import cell_len

from tui.presentation.display import display

Theme = Literal["dark", "light", "ansi-dark", "ansi-light"]

FRAMES_OVER_SSH = "15"
SECONDS_TO_END = 5
_WITH_256_COLOURS = frozenset({"256color", "kitty"})
"""Ends of TERM by which rich knows more than 16 colours; whatever else has them says so in COLORTERM."""
_MODERN = frozenset({"alacritty", "contour", "foot", "ghostty", "rio", "wezterm"})
"""Terminals with many colours that a server does not know of, as SSH does not hand COLORTERM on."""
_HARDWARE = frozenset({"vt52", "vt100", "vt102", "vt220", "vt320", "ansi"})
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})

RESTORE = (
    "\x1b[<u"  # the kitty keyboard protocol, before the screen that it belongs to is left
    "\x1b[?2026l\x1b[?2048l\x1b[?2004l"  # synchronised output, resize reports, bracketed paste
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # every way to report the mouse
    "\x1b[?1004l\x1b[?7h\x1b[0m"  # focus reports, line wrap, colours
    "\x1b[?1049l\x1b[?25h"  # the alternate screen, the cursor
)
_DRAWN = {
    **dict.fromkeys("─━╌╍┄┅┈┉═▔▁⎯", "-"),
    **dict.fromkeys("│┃╎╏┆┇┊┋║▏▎▍▌▐▕", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    **dict.fromkeys("█▇▆▅▄▃▂▀▊▋▉▓▒░■", "#"),
    **dict.fromkeys("●•◉", "*"),
    **dict.fromkeys("▶▸►›", ">"),
    **dict.fromkeys("◀◂◄‹", "<"),
    "…": ".",
}


class TerminalSettings(NamedTuple):
    """What the terminal and its surroundings ask for; the configuration may say otherwise, but for an ansi theme."""

    theme: Theme | None
    """An ansi one where `NO_COLOR` is set or there are 16 colours only; None where any will do."""
    ascii: bool
    mouse: bool
    restricted: bool = False
    """Whether the console must reach nothing but itself."""


def is_usable(environ: Mapping[str, str]) -> bool:
    """Tell whether the console can open: all three streams are one terminal that can be painted on.

    Textual reads standard input, asks standard output for its size and writes to standard error.
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    known = environ.get("TERM", "").lower() not in ("dumb", "unknown")
    return known and all(stream is not None and stream.isatty() for stream in streams)


def prepare(environ: MutableMapping[str, str] = os.environ) -> TerminalSettings:
    """Set what Textual reads from the environment, and tell what the terminal asks for.

    Call it before Textual is imported. What the operator has set for Textual stays.
    """
    over_ssh = bool(environ.get("SSH_CONNECTION"))
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if over_ssh:
        environ.setdefault("TEXTUAL_FPS", FRAMES_OVER_SSH)
    for name in ("COLUMNS", "LINES"):  # exported, they would freeze the size that the console believes in
        environ.pop(name, None)
    if not environ.get("COLORTERM") and _MODERN & set(environ.get("TERM", "").lower().split("-")):
        environ.setdefault("TEXTUAL_COLOR_SYSTEM", "256")
    return TerminalSettings(_theme(environ), ascii=not _shows_unicode(environ), mouse=not over_ssh)


def _theme(environ: Mapping[str, str]) -> Theme | None:
    if not environ.get("NO_COLOR") and _has_many_colours(environ):
        return None
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "ansi-light" if background in ("7", "15") else "ansi-dark"


def _has_many_colours(environ: Mapping[str, str]) -> bool:
    """Tell whether there are more than 16 colours, just as rich will."""
    forced = environ.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if forced != "auto":
        return forced in ("256", "truecolor")
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return True
    return environ.get("TERM", "").strip().lower().rpartition("-")[2] in _WITH_256_COLOURS


def _shows_unicode(environ: Mapping[str, str]) -> bool:
    """Tell whether the locale that the operator has set is a UTF-8 one.

    Where none is set at all, as in containers, only a hardware terminal is taken for an ASCII one.
    """
    everything, kind, language = (environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    if sys.flags.utf8_mode and kind in _COERCED and language in ("C", "POSIX"):
        kind = ""  # not set by the operator: Python does this for itself in the C locale (PEP 538)
    found = everything or kind or language
    if not found:
        return environ.get("TERM", "").lower() not in _HARDWARE
    return "utf8" in found.lower().replace("-", "")


def speak_ascii(stream: TextIO | None) -> None:
    """Let nothing but ASCII out of a stream: whatever else is drawn becomes something of the same width."""
    codecs.register_error("interlock-ascii", _replace)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="ascii", errors="interlock-ascii")


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_DRAWN.get(char, "?" * cell_len(char)) for char in text), error.end


def modes(stream: TextIO | None) -> list[Any] | None:
    """Give the line modes of a terminal as they are now, for `restore`; None where it is none."""
    try:
        return termios.tcgetattr(stream.fileno()) if stream else None
    except (OSError, ValueError, termios.error):
        return None


def restore(stream: TextIO | None, before: list[Any] | None = None) -> None:
    """Give a terminal back after a crash: out of the alternate screen, no mouse, cursor and line modes as before.

    Not for a console that has closed properly: it would take back what the shell has set.
    """
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError, termios.error):
        stream.write(RESTORE)
        stream.flush()
        if before is not None:
            termios.tcsetattr(stream.fileno(), termios.TCSADRAIN, before)


def complain(text: str) -> None:
    """Write one line to standard error, where the console could not open or has closed."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"interlock: {display(text)}\n")


def listen_for_hangup(loop: AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` once on the loop when the line is lost (SIGHUP) or the process is asked to go (SIGTERM).

    Call it in the main thread. Where the process has not ended some seconds later, because it waits for a line that
    takes nothing any more, it ends all the same.
    """
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        # not a handler of the loop: that one is not heard while the loop waits for the line
        if number == signal.SIGHUP:
            _write_nowhere()
        heard.append(number)
        if len(heard) > 1:
            return
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS_TO_END)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the console has ended already
            loop.call_soon_threadsafe(end)

    signal.signal(signal.SIGHUP, hear)
    signal.signal(signal.SIGTERM, hear)


def _write_nowhere() -> None:
    """Put the standard streams on nothing, so that nothing fails or waits for a line that is gone."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
