"""Try an expression over one object, while it is typed."""

from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens import by_hand
from tui.console.screens.asking import ANSWERING, AskLine
from tui.console.screens.by_hand import BY_HAND
from tui.console.screens.explaining import ExplainedScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import runs
from tui.console.sheets.layout import section
from tui.console.sheets.trying import EXAMPLE, tried
from tui.console.widgets.painting import cut
from tui.presentation.pieces import Line


class ObjectScreen(ExplainedScreen):
    """One object whole; `=` tries an expression over it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("equals_sign", "try", "try an expression", id="object.try"),
        *BY_HAND,
    ]

    def __init__(self, thing: str, error: dict[str, Any] | None = None) -> None:
        super().__init__(thing)
        self._error = error

    async def build(self) -> sheets.Build:
        """Give its sheet, below the error by which it was found."""
        found = await super().build()
        return found if self._error is None else partial(_below, self._error, found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Joins are made on objects of systems: on a person their keys are not there."""
        return super().check_action(action, parameters) and (action != "decide" or self.thing.startswith("cso-"))

    def action_decide(self, verb: str) -> None:
        """Begin a decision by hand."""
        by_hand.decide(self, verb, self.thing, self._error["message"] if self._error else "")

    def action_try(self) -> None:
        """Ask for an expression."""
        self.app.push_screen(TryScreen(self.thing, self.called))


def _below(error: dict[str, Any], found: sheets.Build, width: int) -> list[sheets.SheetLine]:
    """Show an object below what went wrong with it."""
    head = [*section("What went wrong"), *runs.error(error, width), *section("The object")]
    return [*head[1:], *found(width)]


class TryScreen(SheetScreen):
    """What comes of an expression over an object; nothing is written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("equals_sign", "ask", "another expression", id="try.ask")]

    def __init__(self, thing: str, called: str) -> None:
        super().__init__()
        self._thing, self._called = thing, called
        self._text = ""

    def crumb(self) -> str:
        """Over what."""
        return f"an expression over {self._called}"

    def body(self) -> ComposeResult:
        """The sheet, and the line to type in."""
        yield from super().body()
        yield AskLine()

    def on_mount(self) -> None:
        """Ask at once."""
        super().on_mount()
        self.sheet.show(partial(sheets.words, EXAMPLE))
        self.call_after_refresh(self.action_ask)  # the sheet is about to get the focus

    def hints(self, width: int) -> Line:
        """Tell what enter and esc do while an expression is typed."""
        return cut(ANSWERING, width) if self.query_one(AskLine).has_class("-open") else super().hints(width)

    def action_ask(self) -> None:
        """Ask for an expression; the last one can be changed."""
        self.query_one(AskLine).ask("try", "expression:", self._text)

    @on(AskLine.Typed)
    def _typed(self, event: AskLine.Typed) -> None:
        self._try(event.text)

    @on(AskLine.Answered)
    def _answered(self, event: AskLine.Answered) -> None:
        self.sheet.focus()
        if event.text is not None:
            self._try(event.text)

    def _try(self, text: str) -> None:
        if text.strip() and text != self._text:
            self._text = text
            beside(self, self._evaluate, "try")

    async def _evaluate(self) -> None:
        try:
            found = await feed.try_expression(self.session.workspace, self._text, self._thing)
        except (feed.InvalidExpression, feed.UnknownId, feed.StoreError) as error:
            build = partial(sheets.words, str(error))
        else:
            build = partial(tried, found)
        if self.ready:
            self.sheet.show(build)
