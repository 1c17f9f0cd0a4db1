"""The console starts read-only; arming lets keys change things, for some minutes."""

from math import ceil
from time import monotonic

from tui.presentation.pieces import Line


class Arming:
    """Whether keys may change anything, and what the badge says of it."""

    def __init__(self) -> None:
        self._until = 0.0
        self._shown = 0

    @property
    def armed(self) -> bool:
        """Whether keys may change anything."""
        return monotonic() < self._until

    @property
    def minutes_left(self) -> int:
        """The minutes that are left, the one that has begun included."""
        return max(ceil((self._until - monotonic()) / 60), 0)

    @property
    def badge_is_old(self) -> bool:
        """Whether the badge would say something else by now."""
        return self.minutes_left != self._shown

    def turn(self, minutes: int) -> None:
        """Arm for some minutes, or disarm."""
        self._until = 0.0 if self.armed else monotonic() + 60 * minutes

    def badge(self) -> Line:
        """Give the badge."""
        self._shown = self.minutes_left
        return [(f"ARMED {self._shown} min", "chosen")] if self._shown else [("read-only", "dim")]
