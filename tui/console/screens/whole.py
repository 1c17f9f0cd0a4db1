"""An object, an export or a review item whole; beside it, where there is room, what is staged and its history."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.thing import ThingScreen, open_line
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet


class WholeScreen(ThingScreen):
    """A thing in one column with its transitions at the end, or in two."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_side", "to what stands beside it and back", id="thing.other-side", show=False),
    ]

    def __init__(self, thing: str) -> None:
        super().__init__(thing)
        self._was_broad: bool | None = None

    def body(self) -> ComposeResult:
        """The thing, and what stands beside it."""
        with Container(id="split", classes="whole"):
            sheet = Sheet(id="sheet")
            sheet.add_class("list")
            yield sheet
            yield Sheet(id="detail")

    @property
    def detail(self) -> Sheet:
        """What stands beside it."""
        return self.query_one("#detail", Sheet)

    async def build(self) -> sheets.Build:
        """Read the thing, and give its sheet."""
        return await sheets.read(self.session.workspace, self.thing, with_course=not self.is_broad)

    async def read(self) -> None:
        """Read it, and what stands beside it."""
        self._was_broad = self.is_broad
        await super().read()
        if self.is_broad:
            build = await sheets.course(self.session.workspace, self.thing)
            if self.ready and self.is_attached:
                self.detail.show(build)

    def on_resize(self) -> None:
        """Fit it to another width."""
        super().on_resize()
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Read it anew where it has become another number of columns."""
        if not self.is_attached or self._was_broad in (None, self.is_broad):
            return
        if self.detail.has_focus:
            self.sheet.focus()
        beside(self, self.read, "sheet")

    def action_other_side(self) -> None:
        """Move between the thing and what stands beside it."""
        if self.is_broad:
            (self.sheet if self.detail.has_focus else self.detail).focus()

    @on(Rows.Chosen, "#detail")
    def _follow(self) -> None:
        open_line(self, self.detail.current)

    def action_back(self) -> None:
        """Go from what stands beside it to the thing; from there, back."""
        if self.detail.has_focus:
            self.sheet.focus()
        else:
            super().action_back()
