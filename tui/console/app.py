"""The console: one app over one workspace. It paints before anything heavy is loaded; its loop only paints."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from tui.console import tty
from tui.console.app_keys import APP_KEYS
from tui.console.arming import Arming
from tui.console.breakpoints import breakpoints
from tui.console.opening import OpeningScreen
from tui.console.themes import THEMES, theme_for
from tui.console.typeahead import KeyByKey
from tui.console.ways import Ways
from tui.presentation.last_resort import sentence_of
from tui.presentation.pieces import Line

if TYPE_CHECKING:
    from tui.console.remembered import Remembered
    from tui.console.screens.base import ConsoleScreen
    from tui.console.session import Session

BREAKPOINTS: list[tuple[int, str]] | None = breakpoints()
USAGE = 2
NO_START = 4
POLL_SECONDS = 0.25
PATIENCE_SECONDS = 0.7
"""After this long a change that has not been made is said to wait for the store."""
TWICE_SECONDS = 2.0
COLLECTING = 20_000, 5, 5
"""After how many objects, and rounds, Python looks for those that hold each other, as closed screens do.

With the numbers that it starts with, which suit what is loaded and stays, it would hardly ever look among the old.
"""


class InterlockApp(Ways, KeyByKey[int], inherit_bindings=False):
    """The operator's console."""

    CSS_PATH = "interlock.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = APP_KEYS

    def __init__(self, config: Path, settings: tty.TerminalSettings | None = None) -> None:
        super().__init__(ansi_color=(settings.theme or "").startswith("ansi") if settings else False)
        self.config = config
        self.settings = settings or tty.TerminalSettings(theme=None, ascii=False, mouse=False)
        self.session: Session | None = None
        self.message: tuple[str, str] | None = None
        self.failure = ""
        self.frozen_at: str | None = None
        self.arming = Arming()
        self._polling = False
        self._interrupted_at = -TWICE_SECONDS

    @cached_property
    def remembered(self) -> "Remembered":
        """What is kept for whoever uses the console; of a restricted one, which writes no files, till it is closed."""
        from tui.console import remembered  # noqa: PLC0415 - loaded with the screens

        return remembered.Remembered(None if self.restricted else remembered.place(), self.config)

    @property
    def restricted(self) -> bool:
        """Whether the console reaches nothing but itself."""
        return self.settings.restricted

    @property
    def ascii(self) -> bool:
        """Whether the terminal shows ASCII alone."""
        return self.settings.ascii

    # Opening ------------------------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """Paint something at once; the store is opened behind it."""
        return OpeningScreen(self.config)

    def on_mount(self) -> None:
        """Choose the colours, then open the workspace."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(self.settings.theme)
        self.set_class(self.ascii, "-ascii")  # the boxes over the screens have no other way to know
        tty.listen_for_hangup(asyncio.get_running_loop(), self._hang_up)
        self.call_after_refresh(lambda: self.run_worker(self._open(), name="open", exit_on_error=False))

    async def _open(self) -> None:
        """Load what the console needs in a thread, so that keys and resizing are answered meanwhile."""
        loaded = await asyncio.to_thread(_load, self.config)
        if isinstance(loaded, Exception):
            self.failure = str(loaded)
            self.exit(USAGE if type(loaded).__name__ == "ConfigurationError" else NO_START)
            return
        self.session = loaded.session
        console = self.session.workspace.config.console
        self.theme = theme_for(self.settings.theme if self.settings.theme else console.theme)
        self.set_keymap(console.keys)
        await self.session.poll(counting=False)
        for name, screen in loaded.screens.items():
            self.add_mode(name, screen)
        await self.switch_mode("todo" if await self.session.read_todo() else "line")
        gc.freeze()  # what was loaded stays: looking through it again takes longer than opening a screen
        gc.set_threshold(*COLLECTING)
        self.set_interval(POLL_SECONDS, self._tick)
        await self._tick()  # count, now that there is something on screen
        if loaded.key_slips:
            self.say(f"[console.keys]: {'; '.join(loaded.key_slips)}", "danger")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """End with the reason if the console cannot be opened; say it if anything else goes wrong beside the loop."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        if event.worker.name == "open":
            self.failure = sentence_of(error)
            self.exit(NO_START)
        else:
            self.say(f"{type(error).__name__}: {error}", "danger")

    def _handle_exception(self, error: Exception) -> None:
        """End with one sentence for whatever nobody foresaw, where Textual would show a traceback with its values."""
        if self._exception is None:  # what follows from the first is not told
            self._exception = error
            self._exception_event.set()
            self.failure = sentence_of(error)
        self._return_code = NO_START
        self._close_messages_no_wait()

    async def on_unmount(self) -> None:
        """Let go of the store; a run goes on without the console."""
        if self.session is not None:
            await self.session.close()

    def _hang_up(self) -> None:
        self.exit(0)

    # Keeping up ---------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Use the configuration as its files have it by now."""
        self.act("reload", self._reload)

    async def _reload(self) -> str:
        session = cast("Session", self.session)
        await session.reload()
        console = session.workspace.config.console
        self.theme = theme_for(self.settings.theme if self.settings.theme else console.theme)
        self.set_keymap(console.keys)
        self._on_screen(lambda screen: screen.fresh())
        return "the configuration was reloaded: what its files say is used here"

    async def _tick(self) -> None:
        if self.session is None or self._polling or self.frozen_at:
            return
        self._polling = True
        try:
            await self.keep_up()
        finally:
            self._polling = False

    async def keep_up(self) -> None:
        """Read what has changed in the store, and let the screen that is shown show it."""
        session = cast("Session", self.session)
        ended = session.ended_launch()
        if ended is not None:
            self.say(*ended)  # before anything is waited for: what a key says meanwhile is said after it
        changed = await session.poll()
        if ended is None and changed and session.trouble:
            self.say(session.trouble, "danger")
        elif ended is None and changed and self.message is not None and self.message[1] == "accent":
            self.message = None  # it told what was about to happen, and now it has
        if changed or self.arming.badge_is_old:
            self._on_screen(lambda screen: screen.fresh())
        self._on_screen(lambda screen: screen.tick())

    def _on_screen(self, call: Callable[["ConsoleScreen"], None]) -> None:
        for screen in reversed(self.screen_stack):
            if getattr(screen, "ready", False):
                with suppress(NoMatches):  # the console is being closed: the parts of a screen go before it does
                    call(cast("ConsoleScreen", screen))
                return

    # Writing ------------------------------------------------------------------------------------------------------

    @property
    def armed(self) -> bool:
        """Whether keys may change anything."""
        return self.arming.armed

    def mode_badge(self) -> Line:
        """Say whether keys may change anything, and for how long."""
        return self.arming.badge()

    def action_arm(self) -> None:
        """Let keys change things for some minutes, or no longer."""
        if self.session is None:
            return
        if reason := self.session.lacks("arm"):
            self.say(reason, "warn")
            return
        minutes = self.session.workspace.config.console.arm_minutes
        self.arming.turn(minutes)
        if self.armed:
            self.say(f"armed for {minutes} minutes; W again disarms", "warn")
        else:
            self.say("read-only again")

    def act(self, doing: str, work: Callable[[], Awaitable[str]]) -> None:
        """Carry out a change beside the loop, and say what became of it; `work` gives the sentence to say."""
        self.run_worker(self._act(doing, work), group="act", exit_on_error=False)

    async def _act(self, doing: str, work: Callable[[], Awaitable[str]]) -> None:
        waiting = self.set_timer(
            PATIENCE_SECONDS,
            lambda: self.say(f"{doing}: waits for the store, which another program holds locked", "warn"),
        )
        try:
            said, tone = await work(), "good"
        except Exception as error:  # refused, or the store's error: whatever it is, the operator is told
            said, tone = str(error) or type(error).__name__, "danger"
        finally:
            waiting.stop()
        self.say(said, tone)
        await self.keep_up()

    # Words --------------------------------------------------------------------------------------------------------

    def say(self, text: str, tone: str = "") -> None:
        """Tell something at the foot of the screen; it stays until the next key."""
        self.message = (text, tone)
        self._on_screen(lambda screen: screen.show_frame())

    def before_key(self) -> None:
        """Take the last message away with the next key."""
        if self.message is not None:
            self.message = None
            self._on_screen(lambda screen: screen.show_frame())

    def freshness(self) -> Line:
        """Say how old the facts on screen are."""
        if self.frozen_at:
            return [(f"FROZEN at {self.frozen_at}", "chosen")]
        if self.session is not None and self.session.trouble:
            return [(f"as of {self.session.seen_at}", "danger")]
        return [("live", "dim")]

    # Keys ---------------------------------------------------------------------------------------------------------

    def action_show_screen(self, name: str) -> None:
        """Show one of the ten screens, as it was left; where it is shown already, without what is open over it."""
        if self.session is None or self.screen.is_modal:
            return
        if name == self.current_mode:
            self.run_worker(self.close_all(), group="find", exit_on_error=False)
        else:
            self.switch_mode(name)

    def action_freeze(self) -> None:
        """Stop following the store, or follow it again."""
        if self.session is None:
            return
        self.frozen_at = None if self.frozen_at else self.session.seen_at
        self._on_screen(lambda screen: screen.show_frame())

    def action_help(self) -> None:
        """Show what every key does."""
        if self.session is not None:
            from tui.console.screens.help import HelpScreen  # noqa: PLC0415
            from tui.demo.workspace import MARK  # noqa: PLC0415 - loaded with the screens

            self.push_screen(HelpScreen(self.screen, with_tour=(self.config.parent / MARK).exists()))

    def action_palette(self) -> None:
        """Open the command line."""
        if self.session is not None:
            from tui.console.palette import open_palette  # noqa: PLC0415 - loaded with the screens

            open_palette(self)

    def action_search(self) -> None:
        """Open the search across everything."""
        if self.session is not None:
            from tui.console.palette import open_search  # noqa: PLC0415 - loaded with the screens

            open_search(self)

    def action_leave(self) -> None:
        """Quit; if a run is going on, say that it continues and ask once."""
        run = self.session.running if self.session else None
        if run is None:
            self.exit(0)
            return
        from tui.console.screens.confirm import Question  # noqa: PLC0415 - loaded with the screens

        question = Question(f"run-{run.id} goes on without this console. Quit?")
        self.push_screen(question, lambda yes: self.exit(0) if yes else None)

    def action_interrupt(self) -> None:
        """Quit at the second time."""
        if monotonic() - self._interrupted_at < TWICE_SECONDS:
            self.exit(0)
        self._interrupted_at = monotonic()
        self.say("ctrl+c once more quits; a run that is going on continues")


class Loaded(NamedTuple):
    """What the console works with once it is open."""

    session: "Session"
    screens: "dict[str, type[Screen[None]]]"
    key_slips: list[str]
    """What is wrong with the keys that the configuration names."""


def _load(config: Path) -> Loaded | Exception:
    """Import what the console needs and open the workspace: most of a second that nothing on screen waits for."""
    from tui import feed  # noqa: PLC0415
    from tui.console import key_reference  # noqa: PLC0415
    from tui.console.screens import SCREENS  # noqa: PLC0415
    from tui.console.session import Session  # noqa: PLC0415

    try:
        session = Session(config)
        return Loaded(session, SCREENS, key_reference.slips(session.workspace.config.console.keys))
    except (feed.ConfigurationError, feed.StoreError) as error:
        return error
