"""Drive the real console: the real app over a real store, keys in, what is on screen out."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import pytest
from rich.cells import cell_len
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import WorkerCancelled

from tests.workspace import Workspace
from tui.console.app import InterlockApp
from tui.console.screens.confirm import Confirm
from tui.console.screens.listing import ListScreen
from tui.console.session import Session
from tui.console.tty import TerminalSettings, Theme
from tui.presentation import display

SIZE = (120, 40)
DIGITS = {"todo": 0, "line": 1}
TURN = 0.005
"""Seconds after which an idle event loop comes to what it is given."""
Shown = TypeVar("Shown", bound=Screen[Any])


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run tests that are coroutines."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


async def until_idle(min_sleep: float = TURN, max_sleep: float = 1) -> None:
    """Wait until the event loop comes to whatever it is given at once.

    Textual's own pilot waits until the whole process takes no processor time, threads included, or for a second: on a
    machine with other work to do that is a second for each key, three times.
    """
    end = monotonic() + max_sleep
    while True:
        began = monotonic()
        await asyncio.sleep(TURN)
        late = monotonic() - began - TURN
        if late < TURN or monotonic() > end:
            return


@pytest.fixture(autouse=True)
def _idle_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pilot's keys be followed by that; what it does after resizing, which is put off a little, is its own."""
    monkeypatch.setattr("textual.app.wait_for_idle", until_idle)


class Driven:
    """An app at work."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        """What is on screen, a text for each line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(TURN)
        await until_idle()
        await self.wait(lambda: len(self.lines) == self.app.size.height, what=lambda: "the screen to be laid out")

    async def press_until(self, key: str, test: Callable[[], object], most: int = 200) -> None:
        """Press a key again and again, until something is so."""
        for _ in range(most):
            if test():
                return
            await self.press(key)
        raise AssertionError(f"{key} was pressed {most} times in vain; on screen:\n{self.text}")

    async def resize(self, width: int, height: int) -> None:
        """Let the terminal be another size, and wait until the screen has it: it is laid out a little later."""
        await self.pilot.resize_terminal(width, height)
        await self.wait(
            lambda: [cell_len(line) for line in self.lines] == [width] * height,
            what=lambda: f"the screen to be {width} by {height}",
        )

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "*": "asterisk", "!": "exclamation_mark", "-": "minus", ",": "comma"}
        names |= {'"': "quotation_mark", "=": "equals_sign", "/": "slash", ".": "full_stop", "_": "underscore"}
        await self.press(*(names.get(char, char) for char in text))

    async def paste(self, text: str) -> None:
        """Give a text to where one is typed, as a terminal gives what is pasted: at once."""
        driver = self.app._driver
        assert driver is not None
        driver.send_message(Paste(text))
        await self.press()

    async def until(self, *texts: str, seconds: float = 30, gone: tuple[str, ...] = ()) -> None:
        """Wait until the screen shows every one of some texts, and none of some others."""

        def shown() -> bool:
            text = self.text
            unwrapped = " ".join(text.split())  # what is said at the foot may need a second line
            found = all(one in text or one in unwrapped for one in texts)
            return found and not any(one in text for one in gone)

        await self.wait(shown, seconds, lambda: f"{texts} without {gone}")

    async def wait(self, test: Callable[[], bool], seconds: float = 30, what: Callable[[], str] = lambda: "") -> None:
        end, pause = monotonic() + seconds, TURN
        while not test():
            assert monotonic() < end, f"waited in vain for {what()}; on screen:\n{self.text}"
            await self.pilot.pause(pause)
            pause = min(2 * pause, 0.05)  # what is there soon is seen soon, and looking takes time itself

    async def settle(self, seconds: float = 0.25) -> None:
        """Wait until nothing is being read, and the plain keys are accepted by a box that has just come up."""
        await self.pilot.pause(seconds)
        box = self.app.screen
        if isinstance(box, Confirm):
            await self.wait(lambda: not box.too_early)
        while True:
            with suppress(WorkerCancelled):  # another one reads in its place
                await self.app.workers.wait_for_complete()
                break
        await self.pilot.pause()

    async def show(self, digit: str, *texts: str) -> None:
        """Go to a screen and wait for what it shows."""
        await self.press(digit)
        await self.until(*texts)


class Console(Driven):
    """The console at work."""

    app: InterlockApp

    def __init__(self, app: InterlockApp, pilot: Pilot[Any]) -> None:
        super().__init__(app, pilot)

    @property
    def session(self) -> Session:
        """What is open, once anything is."""
        assert self.app.session is not None
        return self.app.session

    def screen(self, kind: type[Shown]) -> Shown:
        """Give the screen that is shown, which is of a kind."""
        shown = self.app.screen
        assert isinstance(shown, kind)
        return shown

    @property
    def row(self) -> dict[str, Any]:
        """What the cursor of the list is on."""
        current = self.screen(ListScreen).table.current
        assert current is not None
        return current

    @property
    def said(self) -> str:
        """What the last line of the screen says."""
        return self.app.message[0] if self.app.message else ""

    async def hear(self, text: str) -> None:
        """Wait until something is said at the foot of the screen."""
        await self.wait(lambda: text in self.said, what=lambda: f"{text!r}; what was said is {self.said!r}")


def _await_launch(app: InterlockApp) -> None:
    """Wait for a run or a plan that the console has started: it goes on without it, and nothing of a test may."""
    for launch in (app.session.launch, app.session.planning) if app.session else ():
        while launch is not None and launch.ended() is None:
            sleep(0.05)


Open = Callable[..., AbstractAsyncContextManager[Console]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Open the console on a workspace's folder, and go to a screen."""

    @asynccontextmanager
    async def open_console(
        folder: Path | Workspace,
        *,
        size: tuple[int, int] = SIZE,
        operator: str = "ada",
        plain: bool = False,
        theme: Theme | None = None,
        restricted: bool = False,
        at: str = "line",
    ) -> AsyncIterator[Console]:
        monkeypatch.setenv("INTERLOCK_OPERATOR", operator)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        place = folder.folder if isinstance(folder, Workspace) else folder
        settings = TerminalSettings(theme=theme, ascii=plain, mouse=False, restricted=restricted)
        app = InterlockApp(place / "interlock.toml", settings)
        display.use_ascii(plain)
        try:
            async with app.run_test(size=size) as pilot:
                console = Console(app, pilot)
                await console.wait(lambda: app.current_mode in ("line", "todo") and app.session is not None)
                if app.current_mode != at:
                    await console.press(str(DIGITS[at]))
                await console.until("Line", "detect" if at == "line" else "To do")
                yield console
        finally:
            display.use_ascii(False)
            _await_launch(app)

    return open_console
