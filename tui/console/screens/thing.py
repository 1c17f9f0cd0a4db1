"""One thing whole: an object, an export, a review item, a run; and one value whole."""

from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.base import ConsoleScreen
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet, SheetLine
from tui.presentation.display import display

NO_OBJECT = "there is nothing here to explain: it is no object"


class SheetScreen(ConsoleScreen):
    """A screen that is one sheet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_line", "copy", id="sheet.copy"),
        Binding("x", "explain", "why it is so, or that there is nothing to explain", id="sheet.explain", show=False),
    ]

    def body(self) -> ComposeResult:
        """The sheet."""
        yield Sheet(id="sheet")

    @property
    def sheet(self) -> Sheet:
        """The sheet."""
        return self.query_one("#sheet", Sheet)

    def on_mount(self) -> None:
        """Let keys go to the sheet."""
        super().on_mount()
        self.set_focus(self.sheet)  # at once: what asks for a word next is to have it then

    @on(Rows.Chosen, "#sheet")
    def _chosen(self) -> None:
        open_line(self, self.sheet.current)

    def action_copy_line(self) -> None:
        """Copy the value on the line, or the line."""
        line = self.focused.current if isinstance(self.focused, Sheet) else self.sheet.current
        if line is not None:
            text = line.whole or "".join(piece for piece, _ in line.line).strip()
            self.app.copy_to_clipboard(display(text))
            self.say(f"copied: {display(text, 60)}", "good")

    def action_explain(self) -> None:
        """Say that there is nothing to explain, as the lists do; a sheet about an object knows better."""
        self.say(NO_OBJECT)


class LiveSheetScreen(SheetScreen):
    """A sheet that follows the store."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = -1

    def fresh(self) -> None:
        """Read it again if the store has changed since."""
        super().fresh()
        if self.ready and self._seen != self.session.data_version:
            self._seen = self.session.data_version
            beside(self, self.read, "sheet")

    async def read(self) -> None:
        """Read it, and show it where it is still wanted."""
        try:
            build = await self.build()
        except feed.StoreError as error:
            build = partial(sheets.words, f"cannot be read: {error}")
        if self.ready and self.is_attached:
            self.sheet.show(build)

    async def build(self) -> sheets.Build:
        """Read what is shown, and give its sheet. Raises `StoreError`."""
        raise NotImplementedError


class ThingScreen(LiveSheetScreen):
    """A thing by its id."""

    def __init__(self, thing: str) -> None:
        super().__init__()
        self.thing = thing
        self.called = thing
        """What a person calls it, as soon as that is read."""

    def crumb(self) -> str:
        """Its name and its id."""
        return self.called

    async def read(self) -> None:
        """Read what it is called, too."""
        with suppress(feed.StoreError):
            self.called = await feed.called(self.session.workspace, self.thing)
        await super().read()
        self.show_frame()

    async def build(self) -> sheets.Build:
        """Read the thing, and give its sheet."""
        return await sheets.read(self.session.workspace, self.thing)


class ValueScreen(SheetScreen):
    """A value that was too long for its line, whole."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self._value = value

    def crumb(self) -> str:
        """How long it is."""
        return f"value of {len(self._value):,} characters"

    def on_mount(self) -> None:
        """Show it, wrapped."""
        super().on_mount()
        self.sheet.show(partial(_wrapped, self._value))


def _wrapped(value: str, width: int) -> list[SheetLine]:
    room = max(width - 2, 1)
    lines = []
    for part in value.split("\n"):
        shown = display(part)
        for start in range(0, max(len(shown), 1), room):
            lines.append(SheetLine([(f" {shown[start : start + room]}", "")]))
    return lines


def open_line(screen: ConsoleScreen, line: SheetLine | None) -> None:
    """Open what a line leads to: another thing, or the whole of its value."""
    if line is None:
        return
    if line.link is not None:
        screen.console_app.open_thing(line.link)
    elif line.whole is not None:
        screen.app.push_screen(ValueScreen(line.whole))
