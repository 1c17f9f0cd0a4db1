"""Help: every key of the screen it was asked on, searchable, made from the bindings; and a tour of the demo."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Label

from tui.console.keys import PLACES, Key, keys_of, place_of
from tui.console.sheets.layout import prose, section
from tui.console.sheets.tour import tour
from tui.console.widgets.sheet import Sheet, SheetLine
from tui.presentation.display import display, fit

KEYS = 16


class HelpScreen(ModalScreen[None]):
    """The keys of a screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark", "close", "back", id="help.close", priority=True),
        Binding("down", "scroll(1)", "down", id="help.down", show=False),
        Binding("up", "scroll(-1)", "up", id="help.up", show=False),
        Binding("pagedown", "scroll(10)", "a page down", id="help.page-down", show=False),
        Binding("pageup", "scroll(-10)", "a page up", id="help.page-up", show=False),
    ]

    def __init__(self, about: Screen[Any], *, with_tour: bool = False) -> None:
        super().__init__()
        self._name = getattr(about, "crumb", lambda: "")()
        self._keys = keys_of(about)
        self._with_tour = with_tour
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """A field to search with, over the keys."""
        with Vertical(classes="box"):
            yield Label(f"Keys of {display(self._name)}: type to search, esc goes back", markup=False)
            yield Input(compact=True, placeholder="search")
            yield Sheet(self._lines, id="help")

    def on_mount(self) -> None:
        """Type at once."""
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self.query_one(Sheet).styles.height = max(self.app.size.height - 7, 6)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits the search."""
        self._wanted = event.value.strip().lower()
        self.query_one(Sheet).show(self._lines)

    def _lines(self, width: int) -> list[SheetLine]:
        lines: list[SheetLine] = []
        if self._with_tour and not self._wanted:
            lines += tour(width)
        for place, title in PLACES.items():
            found = [key for key in self._keys if place_of(key) == place and self._fits(key)]
            if found:
                lines += section(title)
                for key in found:
                    lines += _key(key, width)
        return lines or [SheetLine([(" no key does that here", "dim")])]

    def _fits(self, key: Key) -> bool:
        return self._wanted in f"{key.keys} {key.what} {key.id}".lower()

    def action_scroll(self, rows: int) -> None:
        """Scroll the keys while the field has the cursor."""
        self.query_one(Sheet).action_move(rows)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


def _key(key: Key, width: int) -> list[SheetLine]:
    line = [(" " + fit(key.keys, KEYS), "dim" if key.refused else "accent"), (" " + fit(key.what, 26), "")]
    lines = [SheetLine([*line, (f" {key.id}", "dim")])]
    if key.refused:
        lines += prose("", f"not now: {key.refused}", width, tone="dim")
    return lines
