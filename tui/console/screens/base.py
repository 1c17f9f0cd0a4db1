"""What every screen of the console shares: its frame, its keys, and how a key that is refused says why."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from tui.console.app_keys import TABS
from tui.console.keys import hints
from tui.console.restricted import WHY_NO_FILES
from tui.console.screens.confirm import Answer, Asked, Confirm
from tui.console.session import Session
from tui.console.sheets.layout import MOST_LINES, broken
from tui.console.shell import Shell
from tui.console.widgets.lines import Lines
from tui.console.widgets.painting import cut, spread, width_of
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

Parameters = ParamSpec("Parameters")
SomeScreen = TypeVar("SomeScreen", bound="ConsoleScreen")

SHORT = {"Metaverse": "Meta", "Transitions": "Trans"}
SHORTER = SHORT | {"Objects": "Obj", "Systems": "Sys"}
SHORTEST = SHORTER | {"Exports": "Exp", "Review": "Rev"}
LEAST = SHORTEST | {"Metaverse": "MV", "Transitions": "Tr"}
"""What they are called where there is little room, and ever less."""
NARROW = 96


def guarded(
    action: Callable[Concatenate[SomeScreen, Parameters], Any],
) -> Callable[Concatenate[SomeScreen, Parameters], Any]:
    """Let an action be refused, with the reason said, where what it is about is still being read or `why_not` says so.

    The keys that were pressed after it wait for it.
    """

    @functools.wraps(action)
    async def asked(screen: SomeScreen, *arguments: Parameters.args, **named: Parameters.kwargs) -> Any:
        reason = await screen.unread() or screen.why_not(action.__name__.removeprefix("action_"))
        if reason:
            screen.console_app.say(reason, "warn")
            return None
        return action(screen, *arguments, **named)

    return cast("Callable[Concatenate[SomeScreen, Parameters], Any]", asked)


class ConsoleScreen(Screen[None]):
    """A screen between the tabs above and the status below."""

    TITLE: ClassVar[str] = ""
    WRITES: ClassVar[frozenset[str]] = frozenset()
    """Actions that change something, and so need an armed console."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="back", show=False),
    ]

    @property
    def console_app(self) -> Shell:
        """The app, as what it is."""
        return cast("Shell", self.app)

    @property
    def session(self) -> Session:
        """What the console has open."""
        found = self.console_app.session
        if found is None:
            raise RuntimeError("a screen was opened before the workspace")
        return found

    def compose(self) -> ComposeResult:
        """Put the frame around the body."""
        yield Lines(id="tabs")
        yield Lines(id="crumbs")
        yield from self.body()
        yield Lines(id="status")
        yield Lines(id="keys")

    def body(self) -> ComposeResult:
        """Give what the screen is about."""
        yield from ()

    def __init__(self) -> None:
        super().__init__()
        # Textual would parse every style sheet anew, twice, for a screen that it has not seen: 40 ms for nothing
        self._css_update_count = self.app._css_update_count

    ready = False
    """Whether everything on the screen is there."""

    @property
    def is_broad(self) -> bool:
        """Whether two things stand beside each other."""
        return not self.classes.isdisjoint(("-broad", "-vast"))

    # The frame ----------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show ASCII borders where the terminal has no others."""
        self.set_class(self.console_app.ascii, "-ascii")
        self.ready = True

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was shown."""
        self.fresh()

    def on_descendant_focus(self) -> None:
        """Tell the keys of what has the focus now."""
        self.show_frame()

    def on_resize(self) -> None:
        """Fit the frame to another width."""
        self.call_after_refresh(self.show_frame)

    def fresh(self) -> None:
        """Show what is new; called whenever something has changed, and when the screen comes up."""
        self.show_frame()

    def tick(self) -> None:
        """Do what time alone asks for; called four times a second."""

    def show_frame(self) -> None:
        """Paint tabs, breadcrumb, status and keys; what has not changed is not sent."""
        if not self.ready or not self.is_attached or not self.size.width:
            return
        width = self.size.width
        self.query_one("#tabs", Lines).show([self._tabs(width)])
        self.query_one("#crumbs", Lines).show([spread(self._crumbs(), self.told(), width)])
        self.query_one("#status", Lines).show([self._status(width)])
        foot = self._foot(width)
        keys = self.query_one("#keys", Lines)
        if len(foot) != len(keys.lines):
            keys.styles.height = len(foot)
        keys.show(foot)

    def _tabs(self, width: int) -> Line:
        current, waiting = self.console_app.current_mode, self.session.waiting
        for names, narrow in (({}, False), (SHORT, True), (SHORTER, True), (SHORTEST, True), (LEAST, True)):
            line = _tabs(current, waiting, names, narrow=narrow)
            if width_of(line) <= width:
                break
        return cut(line, width)

    def _crumbs(self) -> Line:
        names = [screen.crumb() for screen in self.app.screen_stack if isinstance(screen, ConsoleScreen)]
        line: Line = []
        for index, name in enumerate(names):
            last = index == len(names) - 1
            line.append((display(name, 60), "strong" if last else "dim"))
            if not last:
                line.append((f" {glyphs().separator} ", "dim"))
        return line

    def crumb(self) -> str:
        """Give the screen's part of the breadcrumb."""
        return self.TITLE

    def told(self) -> Line:
        """Give what stands at the right of the breadcrumb."""
        return []

    def _status(self, width: int) -> Line:
        session, app = self.session, self.console_app
        left: Line = [
            (display(session.config.resolve().parent.name, 24), "strong"),
            (f"  {display(session.operator, 20)}{f' {session.shown_role}' if session.shown_role else ''}  ", ""),
            *app.mode_badge(),
        ]
        return spread(left, [*_on_disk(session, width), *_run_state(session), *app.freshness()], width)

    def _foot(self, width: int) -> list[Line]:
        """Give the keys, or what is to be said instead of them, over as many lines as that takes."""
        if message := self.console_app.message:
            text, tone = message
            return [[(part.rstrip(" "), tone)] for part in broken(display(text, width * MOST_LINES), width)]
        return [self.hints(width)]

    def hints(self, width: int) -> Line:
        """Give the keys of this screen."""
        return hints(self, width)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what went wrong beside the loop, which would otherwise leave an empty place and no word."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.say(f"{type(event.worker.error).__name__}: {event.worker.error}", "danger")

    # Keys ---------------------------------------------------------------------------------------------------------

    async def unread(self) -> str:
        """Wait a moment for what an action would be about, if that is being read; say so if it still is then."""
        return ""

    def why_not(self, action: str) -> str:
        """Say why an action is refused now; nothing if it is not."""
        if action == "write" and self.console_app.restricted:
            return WHY_NO_FILES
        if (action in self.WRITES or action == "arm") and (reason := self.session.lacks(action)):
            return reason
        if action in self.WRITES and not self.console_app.armed:
            return "the console is read-only: W arms it"
        return ""

    def action_back(self) -> None:
        """Go back along the breadcrumb."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def ask(self, asked: Asked, cancelled: str, done: Callable[[Answer], None]) -> None:
        """Ask before something is changed; nothing is done if it is cancelled, or took longer than the arming."""

        def answered(answer: Answer | None) -> None:
            if answer is None:
                self.say(f"cancelled: {cancelled}")
            elif not self.console_app.armed:
                self.say(f"the console has disarmed itself meanwhile: {cancelled}", "warn")
            else:
                done(answer)

        self.app.push_screen(Confirm(asked), answered)

    def act(self, doing: str, work: Callable[[], Awaitable[str]]) -> None:
        """Carry a change out beside the loop, and say what became of it."""
        self.console_app.act(doing, work)

    def say(self, text: str, tone: str = "") -> None:
        """Tell what became of what the operator did."""
        self.console_app.say(text, tone)


def leave_heights(*widgets: Widget) -> None:
    """Leave the heights of widgets to the style sheet; where none is set, to take it back would lay out all anew."""
    for widget in widgets:
        if widget.styles.inline.has_rule("height"):
            widget.styles.height = None


def _tabs(current: str, waiting: Mapping[str, int], names: Mapping[str, str], *, narrow: bool) -> Line:
    """Name the screens with their digits; in brackets, how many things wait there: a digit is told from a number."""
    line: Line = []
    for number, (screen, name) in enumerate(TABS.items()):
        chosen, count = screen == current, waiting.get(screen, 0)
        told = f"({_short(count, narrow=narrow)})" if count else ""
        blank = "" if narrow else " "
        line += [
            (f"{number}", "chosen" if chosen else "accent"),
            (
                f" {names.get(name, name)}{blank if told else ''}{told}{blank}",
                "chosen" if chosen else "warn" if count else "",
            ),
            (" ", ""),
        ]
    return line[:-1]


def _short(count: int, *, narrow: bool) -> str:
    """Write a number in few cells where there is little room."""
    return f"{count // 1000:,}k" if narrow and count >= 1000 else f"{count:,}"


def _on_disk(session: Session, width: int) -> Line:
    """Say that the files of the configuration say something else than what is used here."""
    disk = session.disk
    if disk is None or not disk.differs:
        return []
    what = "wrong" if disk.problems else "changed"
    told = f"configuration {what} on disk: :config  " if width >= NARROW else f"{what}: :config  "
    return [(told, "danger" if disk.problems else "warn")]


def _run_state(session: Session) -> Line:
    run = session.running
    if run is None:
        return []
    steps = [step for step in session.snapshot.steps if step.run_id == run.id] if session.snapshot else []
    step = steps[-1] if steps else None
    if step is None:
        return [(f"run-{run.id} begins  ", "good")]
    name = f"{step.phase} {step.system}".strip()
    percent = f" {100 * step.done // step.total} %" if step.total else f" {step.done:,}"
    return [(f"run-{run.id} {display(name, 24)}{percent}  ", "good")]
