"""The filter and the order of a list: typed, completed, kept under a name; what is wrong with them is said."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on

from tui import feed
from tui.console.beside import beside
from tui.console.completing import completions
from tui.console.remembered import LONGEST_NAME
from tui.console.screens.asking import ANSWERING, AskLine, Proposals
from tui.console.screens.base import ConsoleScreen
from tui.console.screens.choice import Choice
from tui.console.widgets.columns import Column, Order
from tui.console.widgets.painting import cut
from tui.console.widgets.table import VirtualTable
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.pieces import Line


class Filtering(ConsoleScreen):
    """A list that can be filtered and sorted."""

    KIND: ClassVar[str]
    COLUMNS: ClassVar[Sequence[Column]]
    ERRORS: ClassVar[str] = ""
    """The filter that `!` sets: what went wrong, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._unknown: list[str] = []
        """What is said of attributes in the filter that nothing has."""

    @property
    def table(self) -> VirtualTable:
        """The table."""
        return self.query_one("#table", VirtualTable)

    @property
    def filter_line(self) -> str:
        """The filter as it is typed."""
        return self._filter

    # The filter -------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.query_one(AskLine).ask("filter", "filter:", self._filter, self.complete)

    async def complete(self, line: str) -> list[str]:
        """Give what a line of a filter may be completed to; nothing where the store cannot be read just now."""
        table = self.table
        if table.source is None:
            return []
        try:
            return await completions(line, table.source, table.query_shown)
        except feed.StoreError:
            return []

    @on(AskLine.Proposed)
    def _proposed(self) -> None:
        self.show_frame()

    @on(AskLine.Typed)
    def _typed(self, event: AskLine.Typed) -> None:
        if event.purpose == "filter":
            self.set_filter(event.text)

    def set_filter(self, text: str) -> None:
        """Show only what the filter lets through."""
        if text == self._filter:
            return
        query = self.table.query_shown._replace(terms=self.terms(text))
        try:
            if self.table.source is not None:
                self.table.source.refuse(query)
        except (feed.UnknownColumn, feed.InvalidPattern) as error:
            self.say(f"{error}; the list is as it was", "warn")
            return
        self._filter, self._unknown = text, []
        self.table.ask(query)
        self.show_frame()

    def terms(self, text: str) -> tuple[feed.Term, ...]:
        """Give the terms of a filter, with those that the screen adds."""
        return feed.lists.parse_filter(text)

    def action_errors(self) -> None:
        """Show what went wrong only, or everything again."""
        if not self.ERRORS:
            self.say("this list has no errors of its own: see Runs, 7")
            return
        self.set_filter("" if self._filter == self.ERRORS else self.ERRORS)

    def hints(self, width: int) -> Line:
        """Tell what the line that is typed may be completed to, and what enter and esc do."""
        asked = self.query_one(AskLine)
        if not asked.has_class("-open"):
            return super().hints(width)
        return cut([*_proposed(asked.proposals), *ANSWERING], width)

    def say_unknown(self) -> None:
        """Say of the attributes in the filter which of them nothing has; called where nothing was found."""
        if self._filter and not self._unknown:
            beside(self, self._read_unknown, "unknown")

    async def _read_unknown(self) -> None:
        query = self.table.query_shown
        try:
            found = await feed.lists.unknown_attributes(self.session.workspace, query)
        except (feed.StoreError, KeyError):
            return
        if found and query == self.table.query_shown:
            self._unknown = found
            self.told_unknown()

    def told_unknown(self) -> None:
        """Show what was found out."""

    # Filters by name --------------------------------------------------------------------------------------------------

    @property
    def saved_filters(self) -> dict[str, str]:
        """The filters of this kind of list that are kept: name → line."""
        return self.console_app.remembered.filters(self.KIND)

    def save_filter(self, name: str) -> None:
        """Keep the filter under a name."""
        name = " ".join(name.split())
        if not self._filter:
            self.say("there is no filter to save: / sets one", "warn")
        elif not 0 < len(name) <= LONGEST_NAME:
            self.say(f"a name has 1 to {LONGEST_NAME} characters", "warn")
        else:
            keep = partial(self.console_app.remembered.save_filter, self.KIND, name, self._filter)
            self._remember(keep, f"saved: {name} is {self._filter}")

    def forget_filter(self, name: str) -> None:
        """Forget a filter."""
        if name not in self.saved_filters:
            self.say(f"no filter of this list is called {display(name, 40)}", "warn")
            return
        forget = partial(self.console_app.remembered.forget_filter, self.KIND, name)
        self._remember(forget, f"forgotten: {name}")

    def _remember(self, work: partial[None], said: str) -> None:
        try:
            work()
        except OSError as error:
            self.say(f"only till this console is closed: {error}", "warn")
        else:
            self.say(said, "good")

    def choose_filter(self) -> None:
        """Choose one of the filters that are kept."""
        found = {f"{name}: {line}": line for name, line in self.saved_filters.items()}
        if not found:
            self.say("no filter of this list is saved: set one with /, then :save NAME")
            return
        self.app.push_screen(
            Choice("Filters of this list (:forget NAME forgets one)", list(found)),
            lambda chosen: self.set_filter(found[chosen]) if chosen else None,
        )

    # The order --------------------------------------------------------------------------------------------------------

    @property
    def orders(self) -> dict[str, Column]:
        """What the rows can be sorted by, in words."""
        return {
            f"{column.called}, {column.order.told(descending=column.order is Order.TIMES)}": column
            for column in self.COLUMNS
            if column.sortable
        }

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        orders = self.orders
        self.app.push_screen(
            Choice("Sort by (S turns it round)", list(orders)),
            lambda chosen: self.sort_by(orders[chosen]) if chosen else None,
        )

    def sort_by(self, column: Column) -> None:
        """Sort by a column: times from the newest on, all else from the beginning."""
        descending = column.order is Order.TIMES
        self.table.ask(self.table.query_shown._replace(sort=column.name, descending=descending))
        self.show_frame()

    def action_reverse(self) -> None:
        """Turn the order round."""
        query = self.table.query_shown
        self.table.ask(query._replace(descending=not query.descending, sort=query.sort or "id"))
        self.show_frame()

    def told_order(self) -> Line:
        """Say by what the rows are sorted."""
        query = self.table.query_shown
        column = next((one for one in self.COLUMNS if one.name == query.sort), None)
        if column is None:
            return []
        return [(f"by {column.called}, {column.order.told(descending=query.descending)}  ", "accent")]


def _proposed(proposals: Proposals | None) -> Line:
    """Show the ends of what a line may be completed to."""
    if proposals is None or not proposals.lines:
        return []
    ends = [display(_end(line), 24) for line in proposals.lines]
    return [("tab", "accent"), (f" {'  '.join(ends[:6])}{f'  {glyphs().ellipsis}' if len(ends) > 6 else ''}   ", "dim")]


def _end(line: str) -> str:
    """Give the last value of a filter's line, or the column that none is given of yet."""
    last = feed.lists.parse_filter(line)[-1]
    return last.text or f"{last.column}:"
