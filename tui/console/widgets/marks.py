"""What is marked in a table: keys, and a range while it is being drawn."""

from collections.abc import Iterable


class Marks:
    """The marked keys, whether or not their rows are on screen."""

    def __init__(self) -> None:
        self._keys: set[int] = set()
        self.range_from: int | None = None
        self.range_to = 0

    @property
    def count(self) -> int:
        """How many are marked, those of an open range not counted."""
        return len(self._keys)

    @property
    def drawn(self) -> range:
        """The indexes in the range that is being drawn."""
        if self.range_from is None:
            return range(0)
        return range(min(self.range_from, self.range_to), max(self.range_from, self.range_to) + 1)

    def holds(self, key: int, index: int) -> bool:
        """Tell whether a row is shown as marked."""
        return key in self._keys or index in self.drawn

    def toggle(self, key: int) -> None:
        """Mark a key, or take its mark away; a range being drawn is given up."""
        self.range_from = None
        self._keys ^= {key}

    def close_range(self, keys: Iterable[int]) -> None:
        """Mark what the range holds."""
        self._keys |= set(keys)
        self.range_from = None

    def shift(self, rows: int) -> None:
        """Let the range that is being drawn stay on its rows, which stand so much further down."""
        if self.range_from is not None:
            self.range_from, self.range_to = max(self.range_from + rows, 0), max(self.range_to + rows, 0)

    def replace(self, keys: Iterable[int]) -> None:
        """Mark exactly these."""
        self._keys = set(keys)
        self.range_from = None

    def clear(self) -> None:
        """Mark nothing."""
        self.replace(())

    def keys(self) -> list[int]:
        """Give the marked keys in their order."""
        return sorted(self._keys)
