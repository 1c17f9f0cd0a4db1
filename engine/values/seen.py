"""What came, by eight bytes each: enough to tell what may have come more than once."""

from array import array
from collections import Counter
from collections.abc import Hashable

_BITS_EACH = 16
"""How many bits there are for each hash, so that few others fall on one that is taken."""


class Seen:
    """Ids, names and the like that an import has seen."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, one: Hashable) -> None:
        """Take note of one."""
        self._hashes.append(hash(one))

    def suspects(self) -> set[int]:
        """Give the hashes that came more than once.

        Sorting them would take forty bytes for each. So each sets a bit, and only those that find theirs set are
        counted.
        """
        mask = (1 << max(len(self._hashes) * _BITS_EACH, 8).bit_length()) - 1
        is_set = bytearray((mask + 1) >> 3)
        perhaps: set[int] = set()
        for one in self._hashes:
            place, bit = (one & mask) >> 3, 1 << (one & 7)
            if is_set[place] & bit:
                perhaps.add(one)
            else:
                is_set[place] |= bit
        counts = Counter(one for one in self._hashes if one in perhaps)
        return {one for one, count in counts.items() if count > 1}
