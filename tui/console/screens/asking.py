"""A line at the foot of a screen that asks for a word: a filter, a file name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.timer import Timer
from textual.widgets import Input, Label

from tui.presentation.pieces import Line

DEBOUNCE_SECONDS = 0.2
Complete = Callable[[str], Awaitable[list[str]]]
"""Gives whole lines that a line may be completed to."""
ANSWERING: Line = [("enter", "accent"), (" takes it  ", ""), ("esc", "accent"), (" gives it up", "")]
"""The keys by which what is asked is answered, for the foot of the screen."""


def _goes_on(line: str, typed: str) -> bool:
    return line.casefold().startswith(typed.casefold()) and len(line) > len(typed)


class Proposals(Suggester):
    """What the line that is typed may be completed to: the first of it stands dimmed behind the cursor."""

    def __init__(self, complete: Complete, told: Callable[[], None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete
        self._told = told
        self.of = ""
        """The line that the proposals are for."""
        self.lines: list[str] = []

    async def get_suggestion(self, value: str) -> str | None:
        """Propose what goes on from what is typed."""
        self.of, self.lines = value, [line for line in await self._complete(value) if line != value]
        self._told()
        return next((line for line in self.lines if _goes_on(line, value)), None)

    async def take(self, typed: str) -> str | None:
        """Give the line that a completion makes of what is typed: as far as all go on alike, else the first."""
        if self.of != typed:
            await self.get_suggestion(typed)
        if not self.lines:
            return None
        common = self.lines[0]
        for line in self.lines[1:]:
            while not line.casefold().startswith(common.casefold()):
                common = common[:-1]
        named = f"{common}:"  # a column whose name another one begins with: that it is meant is more likely
        return named if named in self.lines else common if len(common) > len(typed) else self.lines[0]


class AskLine(Horizontal):
    """Hidden until something is asked; `esc` gives up, `enter` answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "give up", id="ask.give-up", show=False),
        Binding("tab", "complete", "complete", id="ask.complete", show=False),
    ]

    @dataclass
    class Typed(Message):
        """The answer so far, once the typing has paused."""

        purpose: str
        text: str

    @dataclass
    class Answered(Message):
        """The answer, or None where it was given up."""

        purpose: str
        text: str | None

    def __init__(self) -> None:
        super().__init__(id="asked")
        self._purpose = ""
        self._pause: Timer | None = None
        self.proposals: Proposals | None = None

    def compose(self) -> ComposeResult:
        """A label and the field."""
        yield Label("", markup=False)
        field = Input(compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    @dataclass
    class Proposed(Message):
        """There is something else that the line may be completed to."""

    def ask(self, purpose: str, question: str, text: str = "", complete: Complete | None = None) -> None:
        """Ask for a word; the purpose comes back with the answer. `tab` completes it where that is known."""
        self._purpose = purpose
        self.proposals = Proposals(complete, self._propose) if complete else None
        self.query_one(Input).suggester = self.proposals
        self.query_one(Label).update(f" {question} ")
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.add_class("-open")
        self.styles.display = "block"
        self.screen.set_focus(field)  # at once: what is typed next belongs here

    def _propose(self) -> None:
        self.post_message(self.Proposed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what has been typed when the typing pauses."""
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        typed = self.Typed(self._purpose, event.value)
        self._pause = self.set_timer(DEBOUNCE_SECONDS, lambda: self.post_message(typed))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        event.stop()
        self._close(event.value)

    async def action_complete(self) -> None:
        """Complete what is typed."""
        field = self.query_one(Input)
        line = await self.proposals.take(field.value) if self.proposals else None
        if line is not None:
            field.value = line
            field.cursor_position = len(line)

    def action_give_up(self) -> None:
        """Answer nothing."""
        self._close(None)

    def _close(self, text: str | None) -> None:
        if self._pause is not None:
            self._pause.stop()
        self.remove_class("-open")
        self.styles.display = "none"
        self.post_message(self.Answered(self._purpose, text))
