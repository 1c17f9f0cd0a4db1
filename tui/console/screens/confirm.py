"""Ask before something is changed: a reason, a number to type, and what it will do; the way out is the default."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui import feed
from tui.console.widgets.sheet import Sheet, SheetLine
from tui.presentation.display import display
from tui.presentation.pieces import Line

AROUND = 12
"""Lines of the screen that are left for all but what it touches: fields, border, and something of what is below."""
QUIET_SECONDS = 0.4
"""Keys that come sooner were on their way before the box was: they are dropped."""


class Asked(NamedTuple):
    """What is asked, and what it will do."""

    title: str
    lines: Sequence[Line]
    verb: str
    """What `enter` does in the end: approve, keep, …"""
    number: int | None = None
    """The number that has to be typed, where the matter is grave."""
    reason: bool = True
    """Whether a reason is wanted."""
    extra: tuple[str, str] | None = None
    """One more word that is wanted: its name, and what stands there at first."""
    extra_is: Callable[[str], object] | None = None
    """Reads that word. Raises `DecisionRefused` where it is none of those that are wanted."""
    said: str = ""
    """The reason that was given before, where the matter was refused: it stands there at first."""


class Answer(NamedTuple):
    """What the operator gave."""

    reason: str
    extra: str = ""


class Confirm(ModalScreen[Answer | None]):
    """Gives the answer, or None: `esc`, or `enter` in an empty field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="confirm.cancel"),
        Binding("up", "look(-1)", "a line up in what it touches", id="confirm.up", show=False),
        Binding("down", "look(1)", "a line down in what it touches", id="confirm.down", show=False),
        Binding("pageup", "leaf(-1)", "a page up in what it touches", id="confirm.page-up", show=False),
        Binding("pagedown", "leaf(1)", "a page down in what it touches", id="confirm.page-down", show=False),
    ]

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked
        self._shown_at = float("inf")

    def compose(self) -> ComposeResult:
        """What it will do, then the fields."""
        asked = self._asked
        with Vertical(classes="box -danger" if asked.number is not None else "box"):
            yield Label(asked.title, markup=False)
            yield Sheet(lambda _width: [SheetLine(line) for line in asked.lines], id="what")
            if asked.reason:
                yield from _field("reason", "why: ", asked.said)
            if asked.extra:
                yield from _field("extra", f"{asked.extra[0]}: ", asked.extra[1])
            if asked.number is not None:
                yield from _field("number", f"type {asked.number} to {asked.verb}: ")
            yield Label(self._way_out(), id="way-out", markup=False)

    def _way_out(self) -> str:
        more = "; pgdn shows the rest of it" if len(self._asked.lines) > self._room else ""
        return f"esc cancels; nothing is done until every line is filled in{more}"

    @property
    def _room(self) -> int:
        """How many lines of what it touches are on screen at once."""
        return max(self.app.size.height - AROUND, 4)

    def action_look(self, lines: int) -> None:
        """Scroll in the list of what it touches, while the cursor stays in its field."""
        what = self.query_one("#what", Sheet)
        what.scroll_to(y=what.scroll_offset.y + lines, animate=False, force=True)

    def action_leaf(self, pages: int) -> None:
        """Scroll by a page likewise."""
        self.action_look(pages * max(self.query_one("#what", Sheet).inner.height - 1, 1))

    def on_mount(self) -> None:
        """Put the cursor into the first field."""
        self._fit()
        for field in self.query(Input):
            field.cursor_blink = False
        self.query(Input).first().focus()
        self.call_after_refresh(self._now_shown)

    def _fit(self) -> None:
        """Show as much of what it touches as the screen has room for, and leave the rest to be scrolled."""
        self.query_one("#what", Sheet).styles.height = min(max(len(self._asked.lines), 1), self._room)
        if not (way_out := self.query_one("#way-out", Label)).has_class("-wrong"):
            way_out.update(self._way_out())

    def on_resize(self) -> None:
        """Fit it to another screen."""
        self._fit()

    def _now_shown(self) -> None:
        self._shown_at = monotonic()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Drop what was typed before the box could be seen."""
        asked = self._asked
        if self.too_early and event.value not in ("", asked.said, *(asked.extra or ())):
            with event.input.prevent(Input.Changed):
                event.input.value = ""
            self._now_shown()

    @property
    def too_early(self) -> bool:
        """Whether keys are dropped that came before the box could be seen."""
        return monotonic() - self._shown_at < QUIET_SECONDS or self._shown_at == float("inf")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the next field, or do it: an empty field cancels, a wrong number is refused."""
        event.stop()
        if self.too_early:
            return
        if not event.value.strip():
            self.dismiss(None)
            return
        fields = list(self.query(Input))
        if event.input is not fields[-1]:
            fields[fields.index(event.input) + 1].focus()
            return
        self._finish({field.id or "": field.value.strip() for field in fields})

    def _finish(self, given: dict[str, str]) -> None:
        for name, value in given.items():
            if not value:
                self.query_one(f"#{name}", Input).focus()
                return
        count = self._asked.number
        if count is not None and given["number"].replace(",", "") != str(count):
            self._refuse("number", f"{display(given['number'], 20)} is not {count:,}")
            self.query_one("#number", Input).value = ""
            return
        reads = {"reason": feed.refuse_no_reason, "extra": self._asked.extra_is}
        for name, read in reads.items():
            if read is None or name not in given:
                continue
            try:
                read(given[name])
            except feed.DecisionRefused as error:
                self._refuse(name, str(error))
                return
        self.dismiss(Answer(given.get("reason", ""), given.get("extra", "")))

    def _refuse(self, field: str, why: str) -> None:
        """Say what is wrong with what was typed, which stays, and where to mend it."""
        self.query_one("#way-out", Label).add_class("-wrong")
        self.query_one("#way-out", Label).update(f"{display(why, 300)}: nothing was done. esc cancels")
        self.query_one(f"#{field}", Input).focus()

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)


def _field(name: str, label: str, value: str = "") -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label, markup=False)
        yield Input(value, id=name, compact=True, select_on_focus=bool(value))


class Question(ModalScreen[bool]):
    """A yes that is one key, and nothing else is; for what destroys nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "yes", id="question.yes"),
        Binding("escape,n,enter,q", "no", "no", id="question.no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="box"):
            yield Label(display(self._question), markup=False)
            yield Label("y does it; n, enter or esc does not", markup=False)

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Leave it."""
        self.dismiss(False)
