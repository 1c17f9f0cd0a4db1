"""A line at the foot of a screen that asks for a word: a filter, a file name."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Label

DEBOUNCE_SECONDS = 0.2


class AskLine(Horizontal):
    """Hidden until something is asked; `esc` gives up, `enter` answers."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "give up", id="ask.give-up", show=False)]

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

    def compose(self) -> ComposeResult:
        """A label and the field."""
        yield Label("", markup=False)
        field = Input(compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field

    def ask(self, purpose: str, question: str, text: str = "") -> None:
        """Ask for a word; the purpose comes back with the answer."""
        self._purpose = purpose
        self.query_one(Label).update(f" {question} ")
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.add_class("-open")
        self.styles.display = "block"
        self.screen.set_focus(field)  # at once: what is typed next belongs here

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

    def action_give_up(self) -> None:
        """Answer nothing."""
        self._close(None)

    def _close(self, text: str | None) -> None:
        if self._pause is not None:
            self._pause.stop()
        self.remove_class("-open")
        self.styles.display = "none"
        self.post_message(self.Answered(self._purpose, text))
