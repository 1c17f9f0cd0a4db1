"""Choose one of a few: a small box over the screen."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet, SheetLine
from tui.presentation.display import display


class Choice(ModalScreen[str | None]):
    """Gives the option that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "give_up", "back", id="choice.give-up")]

    def __init__(self, title: str, options: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._options = list(options)

    def compose(self) -> ComposeResult:
        """The options under a title."""
        with Vertical(classes="box"):
            yield Label(self._title, markup=False)
            yield Sheet(self._lines, id="options")

    def _lines(self, _width: int) -> list[SheetLine]:
        return [SheetLine([(f" {display(option, 70)}", "")]) for option in self._options]

    def on_mount(self) -> None:
        """Make room for the options."""
        self.query_one(Sheet).styles.height = min(len(self._options), 14)
        self.query_one(Sheet).focus()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        self.dismiss(self._options[event.index])

    def action_give_up(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
