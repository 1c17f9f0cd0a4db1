"""A table of changes, such as a trigger writes: which keys were changed since a number, be they there or gone."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, func, select

from engine.connectors.sql.options import ChangeTableOptions

OVERLAP = 1_000
"""So many numbers before the last one are read once more: transactions end in another order than they number."""
AT_ONCE = 200
"""How many keys are looked up by one statement."""
Key = tuple[Any, ...]
"""The values of a key, as the driver has them."""


class ChangeTable:
    """The changes of one type."""

    def __init__(self, table: Table, options: ChangeTableOptions) -> None:
        self._number = table.columns[options.sequence]
        self._key = [table.columns[name] for name in options.key]

    def last(self, connection: Connection) -> int:
        """Give the number of the newest change; 0 where there was none yet."""
        return int(connection.execute(select(func.max(self._number))).scalar() or 0)

    def keys_since(self, connection: Connection, number: int) -> Iterator[list[Key]]:
        """Give the keys that were changed since a number, some at a time, each once."""
        query = select(*self._key).where(self._number > number - OVERLAP).distinct().order_by(*self._key)
        found = [tuple(row) for row in connection.execute(query)]
        for start in range(0, len(found), AT_ONCE):
            yield found[start : start + AT_ONCE]
