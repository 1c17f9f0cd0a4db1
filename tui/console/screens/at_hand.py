"""A list whose rows are few: they are read as a whole, and again when the store has changed."""

from collections.abc import Sequence
from typing import ClassVar

from tui import feed
from tui.console.beside import beside
from tui.console.row_source import RowsAtHand
from tui.console.screens.listing import ListScreen


class AtHandScreen(ListScreen):
    """A list that is filtered and sorted here."""

    THREE = False
    NAMES: ClassVar[Sequence[str]] = ()
    """The columns that can be filtered and sorted by."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[feed.Document] = []

    def connect(self) -> None:
        """Show the rows as soon as they are read."""
        self.table.connect(RowsAtHand(lambda: self.rows, self.NAMES))
        self.read_again()

    def read_again(self) -> None:
        """Read them again."""
        beside(self, self.read_rows, "rows")

    async def read_rows(self) -> None:
        """Read them, and show them where they are still wanted."""
        try:
            self.rows = await self.rows_now()
        except feed.StoreError as error:
            self.say(str(error), "danger")
            return
        if self.ready and self.is_attached:
            self._detail_of = None
            self.table.data_changed()

    async def rows_now(self) -> list[feed.Document]:
        """Give the rows as they are now, each with a `key`. Raises `StoreError`."""
        raise NotImplementedError
