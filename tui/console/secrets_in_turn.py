"""The secret variables of a program, which are asked for one after the other and kept in this process alone."""

import os
from collections.abc import Sequence


class SecretsInTurn:
    """Which of them are to be asked for, and whose turn it is."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._typed: set[str] = set()
        """Those that were answered here, and so may be answered anew."""
        self._turn = 0

    def want(self, names: Sequence[str]) -> None:
        """Begin with those that are not set; where all are, with the first."""
        missing = [name for name in names if not os.environ.get(name) or name in self._typed]
        self._names, self._turn = missing or list(names[:1]), 0

    @property
    def current(self) -> str:
        """Whose turn it is."""
        return self._names[self._turn]

    def take(self, answer: str) -> None:
        """Keep an answer."""
        if answer:
            os.environ[self.current] = answer
            self._typed.add(self.current)

    def go_on(self) -> bool:
        """Go to the next; give no where there is none, and begin with the first again."""
        self._turn = (self._turn + 1) % max(len(self._names), 1)
        return self._turn > 0

    def go_back(self) -> bool:
        """Go to the one before; give no where this is the first."""
        if self._turn == 0:
            return False
        self._turn -= 1
        return True
