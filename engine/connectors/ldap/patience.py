"""How long a server is waited for: a deadline that progress sets anew, and a stop that ends every wait."""

import select
import socket
import threading
from time import monotonic

from engine.errors import ConnectionLost

READABLE, WRITABLE = select.POLLIN, select.POLLOUT
SLICE = 0.2
"""Seconds after which a wait looks whether anybody still wants it: a stop is heard this fast."""


class OutOfPatience(Exception):
    """The deadline has passed."""


class Abandoned(ConnectionLost):
    """Nobody waits for the server any more."""


class Patience:
    """Waits for sockets up to a deadline, in any thread, until the `stop` that it shares with others is set."""

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        """Take how many seconds may pass without progress, and what ends every wait at once."""
        self.seconds = seconds
        self.stop = stop
        self.fixed = False
        """Whether nothing counts as progress, because all that is done together has one deadline."""
        self._until = monotonic() + seconds

    def renew(self) -> None:
        """Begin to count anew: something was asked, or came."""
        if not self.fixed:
            self._until = monotonic() + self.seconds

    @property
    def left(self) -> float:
        """The seconds that are left. Raises `Abandoned`, or `OutOfPatience` where none are."""
        if self.stop.is_set():
            raise Abandoned("it was not waited for any longer: somebody stopped it")
        left = self._until - monotonic()
        if left <= 0:
            raise OutOfPatience
        return left

    def wait_for(self, one: socket.socket, event: int) -> None:
        """Wait until a socket is `READABLE` or `WRITABLE`, or broken. Raises what `left` raises."""
        poll = select.poll()
        poll.register(one, event)
        while not poll.poll(min(self.left, SLICE) * 1000):
            pass

    def wait_until(self, done: threading.Event) -> None:
        """Wait until another thread is done. Raises what `left` raises."""
        while not done.wait(min(self.left, SLICE)):
            pass
