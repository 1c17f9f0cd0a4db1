"""Where a table gets its rows from, a page at a time."""

from typing import Any, Protocol

from tui import feed

Row = dict[str, Any]
"""A document of a listing: its `key` (a number), its `place` in the order, and its fields."""


class Source(Protocol):
    """What a table asks of the store."""

    def refuse(self, query: feed.Query) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
        ...

    async def page(self, query: feed.Query, after: Any, skip: int, limit: int) -> list[Row]:
        """Give the rows after a place, leaving some out."""
        ...

    async def count(self, query: feed.Query) -> int:
        """Count the rows of a query."""
        ...

    async def rank(self, query: feed.Query, place: Any) -> int:
        """Count the rows before a place."""
        ...

    async def suggest(self, query: feed.Query, column: str | None, begin: str) -> list[str]:
        """Give columns that begin so, or values of one column."""
        ...

    async def keys(self, query: feed.Query) -> list[int]:
        """List the keys of all rows of a query, in order."""
        ...
