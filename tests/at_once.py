"""SQLite in the thread of whoever asks: for programs inside a test's own process.

In the program each connection has a thread, so that the screen and the heartbeat go on while a statement takes long.
No statement takes long in a small store, and handing each over to another thread and back costs more than the
statement. Processes of their own, the console and `Store` in tests keep their threads.
"""

from asyncio import Future
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from aiosqlite.core import set_exception, set_result

from storage.dialects.sqlite import driver


class _Turns:
    """In place of a thread and its queue: does what is put in at once, and tells of it in the loop's next turn."""

    daemon = True

    def start(self) -> None:
        """There is nothing to start."""

    def put_nowait(self, turn: tuple[Future[Any] | None, Callable[[], Any]]) -> None:
        future, work = turn
        tell: Callable[[Future[Any], Any], None] = set_result
        try:
            outcome = work()
        except Exception as error:
            outcome, tell = error, set_exception
        if future is not None:
            future.get_loop().call_soon(tell, future, outcome)


class _Connection(driver._Connection):
    """A connection without a thread."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        turns: Any = _Turns()
        self._tx = self._thread = turns


@contextmanager
def statements_at_once() -> Iterator[None]:
    """Let stores that are opened meanwhile have no threads."""
    with patch.object(driver, "_Connection", _Connection):
        yield
