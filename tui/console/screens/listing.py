"""What every list shares: a table of any length, a filter, a sort, copying, writing, and what stands beside it."""

from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.breakpoints import breakpoints
from tui.console.feed_source import FeedSource
from tui.console.screens import explaining
from tui.console.screens.asking import AskLine
from tui.console.screens.base import leave_heights
from tui.console.screens.taking_along import TakingAlong
from tui.console.screens.thing import open_line
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet
from tui.console.widgets.table import VirtualTable
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

HEADING = 1
"""Lines above the rows of a list."""
MOST_ROWS, LEAST_ROWS = 60, 4
"""How much of the height a list takes at most, in percent, and at least, in lines, above its detail."""
AGAIN_SECONDS = 2.0
"""Seconds after which rows that could not be read are asked for again."""
DETAIL_PAUSE = 0.08
"""Seconds the cursor has to rest on a row before its detail is read."""


class ListScreen(TakingAlong):
    """A table, with the thing under its cursor beside it; on wide terminals what is staged of it, and its history."""

    EMPTY: ClassVar[str] = "nothing here"
    THREE: ClassVar[bool] = True
    """Whether a third column stands there where the terminal is wide enough."""
    NO_THING: ClassVar[str] = "it is about no object in the store"
    """What stands in that column beside a row that is about no thing of its own."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", id="list.filter"),
        Binding("exclamation_mark", "errors", "errors only", id="list.errors", show=False),
        Binding("s", "sort", "sort", id="list.sort"),
        Binding("S", "reverse", "reverse the order", id="list.reverse", show=False),
        Binding("c", "copy_name", "copy the name", id="list.copy", show=False),
        Binding("C", "copy_row", "copy the row", id="list.copy-row", show=False),
        Binding("e", "write", "write to a file", id="list.write", show=False),
        Binding("x", "explain", "why it is so", id="list.explain", show=False),
        Binding("y", "raw", "as it is stored", id="list.raw", show=False),
        Binding("tab", "other_side", "to what stands beside it and back", id="list.other-side", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._seen = -1
        self._unread = False
        """Whether the rows could not be read when they were asked for last."""
        self._rest: Timer | None = None
        self._detail_of: str | None = None
        self._detail_row: dict[str, Any] | None = None
        """The row that the detail was read for, as it was then."""
        self._had_third: bool | None = None
        self._led_from = self._led_with = ""

    def body(self) -> ComposeResult:
        """The table, the detail, and the line that asks."""
        with Container(id="split", classes="three" if self.THREE else None):
            table = self.table_of()
            table.add_class("list")
            table.styles.min_width = VirtualTable.width_for(table.columns)
            self.HORIZONTAL_BREAKPOINTS = breakpoints(VirtualTable.width_for(table.columns))
            yield table
            yield Sheet(id="detail")
            if self.THREE:
                yield Sheet(id="third")
        yield AskLine()

    def table_of(self) -> VirtualTable:
        """Make the table."""
        return VirtualTable(self.COLUMNS, self.first_query(), id="table")

    def first_query(self) -> feed.Query:
        """Give what the list shows at first."""
        return feed.Query(self.KIND)

    @property
    def detail(self) -> Sheet:
        """The detail beside it."""
        return self.query_one("#detail", Sheet)

    @property
    def has_third(self) -> bool:
        """Whether a third column is shown."""
        return self.THREE and self.has_class("-vast")

    @property
    def third(self) -> Sheet:
        """The third column."""
        return self.query_one("#third", Sheet)

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.table.focus()
        self.connect()

    def connect(self) -> None:
        """Give the table its rows."""
        self.table.connect(FeedSource(lambda: self.session.workspace, self.session.counted))

    def fresh(self) -> None:
        """Read again if the store has changed since."""
        super().fresh()
        if self.ready and (self._unread or self._seen != self.session.data_version):
            if self._unread or self._seen >= 0:
                self.read_again()
            self._seen = self.session.data_version

    def read_again(self) -> None:
        """Read the rows and the detail again."""
        self._unread = False
        self.table.data_changed()
        self._detail_of = None

    def tick(self) -> None:
        """Let the table catch up when the line is free."""
        self.table.catch_up()

    async def unread(self) -> str:
        """Wait for the rows of the filter, and for what is to be marked."""
        return await self.table.unread()

    def told(self) -> Line:
        """Say how many rows there are, which filter and sort hold, and how many are marked."""
        table = self.table
        line: Line = []
        if self._filter:
            line.append((f"filter {display(self._filter, max(self.size.width // 2, 30))}  ", "accent"))
        line += self.told_order()
        if table.marks.range_from is not None:
            line.append((f"range of {len(table.marks.drawn):,}: v marks it  ", "mark"))
        total = glyphs().ellipsis if table.total is None else f"{table.total:,}"
        if table.marks.count:
            line.append((f"{table.marks.count:,} of {total} marked", "mark"))
        elif table.length:
            line.append((f"{table.cursor + 1:,} of {total}", "dim"))
        else:
            line.append(("reading" if table.total is None else "0 rows", "dim"))
        return line

    @on(VirtualTable.Changed)
    def _table_changed(self) -> None:
        self.show_frame()
        self._share_height()
        if self.table.total == 0:
            self._detail_of = None
            self.detail.show(self._nothing)
            if self.THREE:
                self.third.show(lambda _width: [])
            self.say_unknown()

    def on_resize(self) -> None:
        """Share the room anew as well."""
        super().on_resize()
        self.call_after_refresh(self._share_height)
        self.call_after_refresh(self._share_width)

    def _share_width(self) -> None:
        """Read anew what stands beside the list where that has become another number of columns."""
        if not self.is_attached or self._had_third in (None, self.has_third):
            return
        if self.THREE and self.third.has_focus:
            self.table.focus()
        self._detail_of = None
        self._show_detail()

    def _share_height(self) -> None:
        """Give the list as many lines as it has rows where it stands above its detail, and the detail the rest."""
        if not self.ready or not self.is_attached:
            return
        room = self.query_one("#split").size.height
        if self.is_broad or not room:
            leave_heights(self.table, self.detail)
            return
        if self.table.total is None:
            return  # laid out once, when it is counted: a layout is what opening a screen costs most for
        rows = self.table.total + HEADING
        self.table.styles.height = max(min(rows, room * MOST_ROWS // 100), LEAST_ROWS)
        self.detail.styles.height = "1fr"

    def _nothing(self, width: int) -> list[sheets.SheetLine]:
        lines = [line for said in self._unknown for line in sheets.words(said, width)]
        return lines + sheets.words("nothing matches the filter; esc clears it" if self._filter else self.EMPTY, width)

    def told_unknown(self) -> None:
        """Show it where nothing was found."""
        self.detail.show(self._nothing)

    @on(VirtualTable.Trouble)
    def _trouble(self, event: VirtualTable.Trouble) -> None:
        self._unread = True
        self.say(f"cannot be read: {event.error}", "danger")
        self.set_timer(AGAIN_SECONDS, self._ask_again)

    def _ask_again(self) -> None:
        if self._unread and self.is_current:
            self.read_again()

    # The detail ---------------------------------------------------------------------------------------------------

    @on(Rows.Moved, "#table")
    def _moved(self) -> None:
        self.show_frame()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(DETAIL_PAUSE, self._show_detail)

    def _show_detail(self) -> None:
        document = self.table.current
        if document is not None and (document["id"] != self._detail_of or document != self._detail_row):
            self._detail_of, self._detail_row, self._had_third = document["id"], document, self.has_third
            beside(self, partial(self._read_detail, document), "detail")

    async def _read_detail(self, document: dict[str, Any]) -> None:
        build = await self.detail_of(document)
        if self.ready:
            self.detail.show(build)
        if self.has_third:
            build = await self.third_of(document)
            if self.ready:
                self.third.show(build)

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """Give the sheet for a row."""
        return await sheets.read(self.session.workspace, document["id"], with_course=not self.has_third)

    async def third_of(self, document: dict[str, Any]) -> sheets.Build:
        """Give what is staged of what a row is about, and its history."""
        if (thing := self.thing_of(document)) is None:
            return partial(sheets.words, self.NO_THING)
        return await sheets.course(self.session.workspace, thing)

    def action_other_side(self) -> None:
        """Move from the table to its detail, from there to the third column where there is one, and back."""
        sides: list[Rows] = [self.table, self.detail, *([self.third] if self.has_third else [])]
        at = next((place for place, side in enumerate(sides) if side.has_focus), 0)
        sides[(at + 1) % len(sides)].focus()

    @on(Rows.Chosen, "#table")
    def _open(self) -> None:
        document = self.table.current
        if document is not None:
            self.open_row(document)

    @on(Rows.Chosen, "#detail")
    def _follow(self) -> None:
        open_line(self, self.detail.current)

    @on(Rows.Chosen, "#third")
    def _follow_third(self) -> None:
        open_line(self, self.third.current)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open what a row is about."""
        self.console_app.open_thing(document["id"])

    def thing_of(self, document: dict[str, Any]) -> str | None:
        """Give the id of what a row is about; None where that is no thing of its own."""
        return str(document["id"])

    def action_explain(self) -> None:
        """Tell why what the row is about is as it is."""
        if (document := self.table.current) is not None:
            explaining.explain(self, self.thing_of(document))

    def action_raw(self) -> None:
        """Show what the row is about as it is stored."""
        if (document := self.table.current) is not None:
            explaining.show_raw(self, self.thing_of(document))

    def lead_here(self, line: str, back_to: str) -> None:
        """Show what another screen leads to, to which `esc` goes back for as long as nobody has changed the filter."""
        self.set_filter(line)
        self._led_from, self._led_with = back_to, line

    def action_back(self) -> None:
        """Go back to the screen that led here; else clear the filter; without one, go back along the breadcrumb."""
        if self.detail.has_focus or (self.has_third and self.third.has_focus):
            self.table.focus()
        elif self._led_from and self._filter == self._led_with:
            back_to, self._led_from = self._led_from, ""
            self.set_filter("")
            self.app.switch_mode(back_to)
        elif self._filter:
            self.set_filter("")
        else:
            super().action_back()
