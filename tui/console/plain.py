"""`--plain`: the console for screen readers, every screen as lines of text; only what has changed is told again.

The screens are the console's own, painted on nothing: what they hold is read off, without frames, symbols and colours,
and the row under the cursor begins with `> `. A line that is typed is keys, a command after a `:`, or the answer to
what is asked.
"""

import asyncio
import re
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from io import TextIOWrapper
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, TextIO, cast

from textual.events import Paste
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from tui.console.app import InterlockApp
from tui.console.screens.confirm import Confirm
from tui.console.widgets.rows import Rows
from tui.presentation.glyphs import glyphs

SIZE = (148, 50)
"""As wide as needs no wrapping, and narrow enough that nothing stands beside anything else."""
PATIENCE_SECONDS = 10.0
"""So long is waited for what a key begins to read."""
PAUSE = 0.12
"""Longer than the cursor has to rest on a row before its detail is read."""
MOST_SAME = 0.3
"""A screen of which less stays as it was is told whole."""
NAMES = {"esc": "escape", "pgdn": "pagedown", "pgup": "pageup", ":": "colon", "/": "slash", "?": "question_mark"}
"""What keys are called on screen, and by Textual."""
SCROLLBAR = re.compile(" +[▁▂▃▄▅▆▇█] *$")
BLANKS = re.compile(" {3,}")
FRAME = frozenset("─│╭╮╰╯▔▁▏▕┃━┌┐└┘█▇▆▅▄▃▂ -|+")
SYMBOLS = str.maketrans({**dict.fromkeys("●○◐◆▲▴▾"), "→": "->", "›": ">", "✓": None})
"""What stands beside a word that says the same."""
HELP = """One line is one answer: keys such as 3, j, enter, esc, pgdn, with blanks between several; : and a command; or
what is asked for, where something is asked. An empty line tells the screen whole. ? shows every key, q leaves."""


def run_plainly(app: InterlockApp, typed: TextIO, told: TextIO) -> int:
    """Run a console over lines that are typed, until it is left or there are no more; give its exit status."""
    lines: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=_read, args=(typed, lines), daemon=True).start()

    async def drive(pilot: Pilot[Any]) -> None:
        await Plainly(app, pilot, typed, told).drive(lines)
        if not app._exit:
            app.exit(0)

    status = app.run(headless=True, size=SIZE, auto_pilot=drive)
    return int(status or app.return_code or 0)


def _read(typed: TextIO, lines: "SimpleQueue[str | None]") -> None:
    for line in typed:
        lines.put(line.rstrip("\n"))
    lines.put(None)


class Plainly:
    """One console as lines of text."""

    def __init__(self, app: InterlockApp, pilot: Pilot[Any], typed: TextIO, told: TextIO) -> None:
        self._app = app
        self._pilot = pilot
        self._typed = typed
        self._told = told
        self._before: tuple[Screen[Any] | None, list[str]] = (None, [])

    async def drive(self, lines: "SimpleQueue[str | None]") -> None:
        """Tell the screen, and take line after line."""
        await self._wait(lambda: self._app.session is not None and self._app.current_mode in ("todo", "line"))
        if self._app.session is None:
            return
        self._say([HELP])
        while True:
            await self._settle()
            if not self._app.is_running or self._app._exit:
                return
            field = self._app.focused
            with unseen(self._typed, wanted=isinstance(field, Input) and field.password):
                self._tell()
                line = await self._next(lines)
            if line is None:
                return
            await self._take(line)

    async def _next(self, lines: "SimpleQueue[str | None]") -> str | None:
        """Give the next line, while the console follows the store."""
        while lines.empty():
            await asyncio.sleep(0.05)
            if self._app._exit:
                return None
        return lines.get()

    async def _take(self, line: str) -> None:
        field = self._app.focused
        if not line.strip() and not isinstance(field, Input):
            self._before = (None, [])
        elif isinstance(field, Input):
            await self._answer(field, line)
        elif line.startswith((":", "/")) and len(line) > 1:
            await self._pilot.press(NAMES[line[0]])
            await self._settle()
            if isinstance(self._app.focused, Input):
                await self._answer(self._app.focused, line[1:])
        else:
            for key in [line] if line == " " else line.split():
                await self._pilot.press(NAMES.get(key, key))

    async def _answer(self, field: Input, line: str) -> None:
        """Give a line to what asks for one; `esc` gives up."""
        if line.strip() == "esc":
            await self._pilot.press("escape")
            return
        screen = self._app.screen
        await self._wait(lambda: not (isinstance(screen, Confirm) and screen.too_early))
        field.value = ""
        driver = self._app._driver
        if line and driver is not None:
            driver.send_message(Paste(line))
        await self._settle()
        await self._pilot.press("enter")

    async def _settle(self) -> None:
        """Wait until what was begun is read."""
        await self._pilot.pause(PAUSE)
        await self._wait(lambda: all(worker.is_finished for worker in self._app.workers))
        await self._pilot.pause(PAUSE)

    async def _wait(self, test: Any) -> None:
        end = monotonic() + PATIENCE_SECONDS
        while not test() and monotonic() < end and not self._app._exit:  # noqa: ASYNC110 - of many things, any changes it
            await asyncio.sleep(0.02)

    # Telling ----------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell what has changed, or all of another screen."""
        screen = self._app.screen
        lines = list(lines_of(screen))
        before_screen, before = self._before
        self._before = (screen, lines)
        matcher = SequenceMatcher(None, before, lines, autojunk=False)
        if screen is not before_screen or matcher.ratio() < MOST_SAME:
            self._say(lines)
            return
        changed = [lines[first:last] for tag, _, _, first, last in matcher.get_opcodes() if tag != "equal"]
        self._say([line for part in changed for line in part])

    def _say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._told.write(line + "\n")
        self._told.write("\n")
        self._told.flush()


@contextmanager
def unseen(typed: TextIO, *, wanted: bool) -> Iterator[None]:
    """Let a terminal not show what is typed, where it is a password."""
    if not wanted or not typed.isatty():
        yield
        return
    before = termios.tcgetattr(typed)
    hidden = [*before[:3], before[3] & ~termios.ECHO | termios.ECHONL, *before[4:]]
    termios.tcsetattr(typed, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(typed, termios.TCSADRAIN, before)


def lines_of(screen: Screen[Any]) -> Iterator[str]:
    """Read a screen off: its lines without frames and empty ones, that of the cursor marked."""
    size = screen.app.size
    area = Region(0, 0, size.width, size.height)
    if isinstance(screen, ModalScreen) and (boxes := screen.query(".box, #--container")):
        area = boxes.first().region
    cursor = _cursor(screen)
    for y, strip in enumerate(screen._compositor.render_strips()):
        if not area.y <= y < area.bottom:
            continue
        text = strip.crop(area.x, area.right).text
        marked = "marked  " if text.startswith(glyphs().marked) else ""
        text = BLANKS.sub("  ", SCROLLBAR.sub("", text).strip(" │|▏▕┃").translate(SYMBOLS)).strip()
        if text and not set(text) <= FRAME:
            yield f"{'> ' if y == cursor else ''}{marked}{text}"


def _cursor(screen: Screen[Any]) -> int | None:
    """Give the line of the screen that the cursor stands on."""
    found = screen.focused
    if not isinstance(found, Rows) or not found.length:
        return None
    region = found.content_region
    return region.y + found.head + found.cursor - round(found.scroll_offset.y)


def open_plainly(app: InterlockApp) -> int:
    """Run a console over standard input and output; what is no text there, or cannot be told there, is a `?`."""
    typed, told = cast("TextIOWrapper", sys.__stdin__), cast("TextIOWrapper", sys.__stdout__)
    for stream in (typed, told):
        stream.reconfigure(errors="replace")
    return run_plainly(app, typed, told)
