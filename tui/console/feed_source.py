"""The rows of a list, from the store."""

from collections.abc import Callable
from typing import Any

from tui import feed


class FeedSource:
    """The rows of a workspace, which may be another one when its configuration was reloaded."""

    def __init__(
        self, workspace: Callable[[], feed.Workspace], counted: Callable[[feed.Query], int | None] = lambda _: None
    ) -> None:
        self._workspace = workspace
        self._counted = counted
        """Gives the number of rows of a query where it is known: counting a million takes a third of opening a list."""

    def refuse(self, query: feed.Query) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
        feed.lists.refuse(query)

    async def page(self, query: feed.Query, after: Any, skip: int, limit: int) -> list[dict[str, Any]]:
        """Give the rows after a place, leaving some out."""
        return await feed.lists.page(self._workspace(), query, after=after, skip=skip, limit=limit)

    async def count(self, query: feed.Query) -> int:
        """Count the rows of a query."""
        known = self._counted(query)
        return known if known is not None else await feed.lists.count(self._workspace(), query)

    async def rank(self, query: feed.Query, place: Any) -> int:
        """Count the rows before a place."""
        return await feed.lists.rank(self._workspace(), query, place)

    async def suggest(self, query: feed.Query, column: str | None, begin: str) -> list[str]:
        """Give columns and attributes that begin so, or values of one of them."""
        return await feed.lists.suggest(self._workspace(), query.kind, column, begin)

    async def keys(self, query: feed.Query) -> list[int]:
        """List the keys of all rows of a query, in order."""
        return await feed.lists.keys(self._workspace(), query)
