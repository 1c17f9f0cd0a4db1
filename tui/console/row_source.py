"""Rows that are at hand as a whole: filtered, sorted and given to a table like those of the store."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tui import feed
from tui.console.widgets.source import Row


class RowsAtHand:
    """Rows with a `key`, of which some columns can be filtered and sorted by."""

    def __init__(self, rows: Callable[[], Sequence[Row]], columns: Sequence[str]) -> None:
        self._rows = rows
        self._columns = columns

    def _found(self, query: feed.Query) -> list[Row]:
        rows = [row for row in self._rows() if all(self._holds(row, term) != term.inverted for term in query.terms)]
        if (column := query.sort) is not None:
            self._refuse_unknown(column)
            rows.sort(key=lambda row: (row[column] is not None, row[column] or 0))
        if query.descending:
            rows.reverse()
        return [{**row, "place": place} for place, row in enumerate(rows)]

    def _holds(self, row: Row, term: feed.Term) -> bool:
        """Tell whether a row holds a text, in one of its columns or in any."""
        if term.column is not None:
            self._refuse_unknown(term.column)
        found = [row[name] for name in ([term.column] if term.column else self._columns)]
        texts = ["" if one is None else str(one) for one in found]
        if term.pattern:
            return any(feed.compiled(term.text).search(text) for text in texts)
        return term.text.casefold() in " ".join(texts).casefold()

    def _refuse_unknown(self, column: str) -> None:
        if column not in self._columns:
            raise feed.UnknownColumn(f"no column '{column}' here; there are: {', '.join(self._columns)}")

    def refuse(self, query: feed.Query) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
        for term in query.terms:
            if term.column is not None:
                self._refuse_unknown(term.column)
            if term.pattern:
                feed.compiled(term.text)

    async def page(self, query: feed.Query, after: Any, skip: int, limit: int) -> list[Row]:
        """Give the rows after a place, leaving some out."""
        rows = [row for row in self._found(query) if after is None or row["place"] > after]
        return rows[skip : skip + limit]

    async def count(self, query: feed.Query) -> int:
        """Count the rows of a query."""
        return len(self._found(query))

    async def rank(self, query: feed.Query, place: Any) -> int:
        """Count the rows before a place."""
        return sum(row["place"] < place for row in self._found(query))

    async def suggest(self, query: feed.Query, column: str | None, begin: str) -> list[str]:  # noqa: ARG002
        """Give columns that begin so, or values of one column, the most frequent first."""
        known: Iterable[str] = self._columns
        if column is not None:
            found = Counter(str(row[column]) for row in self._rows() if column in self._columns and row[column])
            known = (value for value, _ in found.most_common())
        return [one for one in known if one.casefold().startswith(begin.casefold())]

    async def keys(self, query: feed.Query) -> list[int]:
        """List the keys of all rows of a query, in order."""
        return [row["key"] for row in self._found(query)]
