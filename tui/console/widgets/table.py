"""VirtualTable: any number of rows over keyset pages; only what is on screen is read, held and painted."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from textual.geometry import Region
from textual.message import Message
from textual.worker import Worker, WorkerState

from tui import feed
from tui.console.beside import beside
from tui.console.widgets import columns as column_layout
from tui.console.widgets.columns import Column
from tui.console.widgets.marks import Marks
from tui.console.widgets.rows import Rows
from tui.console.widgets.source import Row, Source
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line

BLOCK = 100
"""Rows that are read at once."""
HELD_BLOCKS = 20
"""Blocks that are kept; the memory of a table does not grow beyond them."""
BYTES_PER_SECOND = 1500
"""What a table that changes by itself may send: a slow line is not flooded."""
BYTES_PER_CELL = 2.6
GUTTER = 2
SCROLLBAR = 1
SOON = 0.1
"""Seconds that rows wait for their count, so as to be painted once."""
PATIENCE = 1.0
"""Seconds that a key waits for the rows that it is about."""


class VirtualTable(Rows):
    """Rows of a query, under headings."""

    @dataclass
    class Changed(Message):
        """The number of rows, the marks, or what is being read has changed."""

        table: "VirtualTable"

    @dataclass
    class Trouble(Message):
        """The rows cannot be read."""

        table: "VirtualTable"
        error: BaseException

    def __init__(self, columns: Sequence[Column], query: feed.Query, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.columns = columns
        self.query_shown = query
        self.marks = Marks()
        self.total: int | None = None
        self.source: Source | None = None
        self._blocks: dict[int, list[Row]] = {}
        self._placed: list[column_layout.Placed] = []
        self._placed_for = -1
        self._stale = False
        self._quiet_until = 0.0
        self._rows_read = asyncio.Event()
        self._rows_read.set()
        self.marks_read = asyncio.Event()
        """Whether it is known which rows are marked; whoever lets them be marked beside the loop says so."""
        self.marks_read.set()

    @classmethod
    def width_for(cls, columns: Sequence[Column]) -> int:
        """Give how wide a table has to be that shows all of some columns, with its marks and its scrollbar."""
        return GUTTER + column_layout.needed(columns) + SCROLLBAR

    # What is shown -----------------------------------------------------------------------------------------------

    def heading(self, width: int) -> Line | None:
        """Give the titles of the columns that the width has room for."""
        shown = self.query_shown
        titles = column_layout.titles(self._layout(width), shown.sort, descending=shown.descending)
        return [(" " * GUTTER, "head"), *titles]

    def row(self, index: int, width: int) -> Line:
        """Give a row, or a placeholder while it is being read."""
        document = self.document_at(index)
        if document is None:
            return [(" " * GUTTER + "·", "dim")] if self.length else []
        marked = self.marks.holds(document["key"], index)
        gutter = (glyphs().marked if marked else " ") + " "
        return [(gutter, "mark"), *column_layout.cells(self._layout(width), document)]

    def _layout(self, width: int) -> list[column_layout.Placed]:
        if self._placed_for != width:
            self._placed = column_layout.place(self.columns, width - GUTTER)
            self._placed_for = width
        return self._placed

    def document_at(self, index: int) -> Row | None:
        """Give a row's document, if it has been read."""
        block = self._blocks.get(index // BLOCK, [])
        return block[index % BLOCK] if index % BLOCK < len(block) else None

    @property
    def current(self) -> Row | None:
        """The document under the cursor."""
        return self.document_at(self.cursor) if self.length else None

    @property
    def reading(self) -> bool:
        """Whether rows are being read."""
        return any(worker.node is self and not worker.is_finished for worker in self.app.workers)

    async def unread(self) -> str:
        """Wait a moment until the rows are those of the query and what is marked is known; say what still is not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._rows_read.wait()
                await self.marks_read.wait()
        if not self._rows_read.is_set():
            return "its rows are still being read"
        return "" if self.marks_read.is_set() else "the rows to be marked are still being read"

    # Reading ----------------------------------------------------------------------------------------------------

    def connect(self, source: Source) -> None:
        """Read from a source from now on."""
        self.source = source
        self.ask(self.query_shown)

    def ask(self, query: feed.Query) -> None:
        """Show the rows of another query, from its beginning; what was marked stays marked only if it is the same."""
        if query.terms != self.query_shown.terms:
            self.marks.clear()
        self.query_shown = query
        self._rows_read.clear()
        self.cursor = 0
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh(Region(0, 0, self.inner.width, 1))  # the heading tells what the rows are sorted by
        self.refresh_rows(follow=False)

    def refresh_rows(self, *, follow: bool = True) -> None:
        """Read again what is on screen; by default the row under the cursor stays where it is on screen."""
        if self.source is not None:
            self._stale = False
            self._leave_missing()
            beside(self, partial(self._read_anew, self.source, follow=follow), "rows")

    def data_changed(self) -> None:
        """Read again when the line has had time for what was sent before."""
        self._stale = True
        self.catch_up()

    def catch_up(self) -> None:
        """Read again if something changed and the line is free; called at every tick."""
        if self._stale and monotonic() >= self._quiet_until and not self.reading:
            self.refresh_rows()

    async def _read_anew(self, source: Source, *, follow: bool) -> None:
        query, current = self.query_shown, self.current if follow else None
        shift = 0
        if current is not None and (began := self.cursor) > 0:
            shift = await source.rank(query, current["place"]) - began
        first = max(self.scroll_offset.y + shift, 0)
        wanted = range(first // BLOCK, (first + self.inner.height) // BLOCK + 1)
        blocks: dict[int, list[Row]] = {}
        for number in wanted:
            blocks[number] = await self._block(source, number, blocks)
        counting = asyncio.create_task(source.count(query))
        try:
            if not follow and not (await asyncio.wait([counting], timeout=SOON))[0]:
                self._take(blocks, self._at_least(blocks), shift)
            self._take(blocks, await counting, shift, counted=True)
        finally:
            counting.cancel()

    def _at_least(self, blocks: dict[int, list[Row]]) -> int:
        last = max(blocks)
        return last * BLOCK + len(blocks[last])

    def _take(self, blocks: dict[int, list[Row]], length: int, shift: int, *, counted: bool = False) -> None:
        """Show what was read; rows stand so much further down, wherever the cursor has gone meanwhile."""
        before = self.look()
        first = max(self.scroll_offset.y + shift, 0)
        self._leave_missing()  # it was read for the places before
        self._blocks = dict(blocks)
        self.total = length if counted else None
        self.cursor = max(self.cursor + shift, 0) if self.cursor else 0
        self.marks.shift(shift)
        self.resize_rows(length)
        if first != self.scroll_offset.y:
            self.scroll_to(y=first, animate=False, force=True)
        sent = self.refresh_changed(before)
        self._quiet_until = monotonic() + sent * BYTES_PER_CELL / BYTES_PER_SECOND
        self._rows_read.set()
        self.post_message(self.Moved(self, self.cursor))
        self.post_message(self.Changed(self))
        self._read_missing()

    async def _block(self, source: Source, number: int, known: dict[int, list[Row]]) -> list[Row]:
        """Read a block from the nearest row before it whose place is known."""
        start = number * BLOCK
        before = max((n for n, rows in known.items() if n < number and len(rows) == BLOCK), default=None)
        if before is None:
            return await source.page(self.query_shown, None, start, BLOCK)
        skip = start - (before + 1) * BLOCK
        return await source.page(self.query_shown, known[before][-1]["place"], skip, BLOCK)

    def _read_missing(self) -> None:
        if self._rows_read.is_set() and self.source is not None and self._missing():
            beside(self, partial(self._read, self.source), "missing")

    def _leave_missing(self) -> None:
        self.workers.cancel_group(self, "missing")

    def _missing(self) -> list[int]:
        shown = self.shown
        if not shown:
            return []
        wanted = range(shown.start // BLOCK, (shown.stop - 1) // BLOCK + 1)
        return [number for number in wanted if number not in self._blocks]

    async def _read(self, source: Source) -> None:
        while missing := self._missing():
            rows = await self._block(source, missing[0], self._blocks)
            before = self.look()
            self._blocks[missing[0]] = rows
            self._forget()
            self.refresh_changed(before)
            self.post_message(self.Moved(self, self.cursor))
            if len(rows) < BLOCK and self.total is not None and self._at_least({missing[0]: rows}) < self.total:
                self.resize_rows(self._at_least({missing[0]: rows}))
                self.data_changed()
                return
        self.post_message(self.Changed(self))

    def _forget(self) -> None:
        """Drop the blocks that are farthest from the screen."""
        here = self.scroll_offset.y // BLOCK
        for number in sorted(self._blocks, key=lambda number: abs(number - here))[HELD_BLOCKS:]:
            del self._blocks[number]

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Read what has come on screen."""
        super().watch_scroll_y(old_value, new_value)
        self._read_missing()

    def on_resize(self) -> None:
        """Read what a larger screen has room for."""
        super().on_resize()
        self._read_missing()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell that rows cannot be read."""
        event.stop()
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            self.post_message(self.Trouble(self, event.worker.error))

    # Marks ------------------------------------------------------------------------------------------------------

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; a range that is being marked grows with it."""
        super().move_to(index)
        if self.marks.range_from is not None:
            self.marks.range_to = self.cursor
            self.refresh()
            self.post_message(self.Changed(self))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go to the next."""
        current = self.current
        if current is None:
            return
        self.marks.toggle(current["key"])
        self.refresh_row(self.cursor)
        self.post_message(self.Changed(self))
        if self.cursor + 1 < self.length:
            self.move_to(self.cursor + 1)

    async def mark_range(self) -> None:
        """Begin a range at the cursor, or mark what the range has come to hold."""
        if self.marks.range_from is None:
            self.marks.range_from = self.marks.range_to = self.cursor
        elif self.source is not None:
            drawn = self.marks.drawn  # it grows with the cursor, which goes on meanwhile
            keys = await self.source.keys(self.query_shown)
            self.marks.close_range(keys[drawn.start : drawn.stop])
        self.refresh()
        self.post_message(self.Changed(self))

    async def mark_all(self) -> None:
        """Mark every row in the filter, on screen or not; or none, if all are marked."""
        if self.source is None:
            return
        keys = await self.source.keys(self.query_shown)
        if self.marks.count == len(keys):
            self.marks.clear()
        else:
            self.marks.replace(keys)
        self.refresh()
        self.post_message(self.Changed(self))

    def chosen_keys(self) -> list[int]:
        """Give the keys that an action is about: the marked rows, or the one under the cursor."""
        if self.marks.count:
            return self.marks.keys()
        current: dict[str, Any] | None = self.current
        return [current["key"]] if current else []
