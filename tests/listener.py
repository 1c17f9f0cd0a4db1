"""What every server made by a test has in common: connections over loopback, and an end that waits for nobody."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self


class Listener:
    """Takes connections while it is entered; each is served by a thread of its own, and cut when it is left."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.port = self.address[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listener, *self._open]:
            cut(one)
        for thread in self._threads:
            thread.join()

    def serve(self, client: socket.socket) -> None:
        """Serve one connection; an `OSError` is its end."""
        raise NotImplementedError

    def begin(self, run: Callable[..., None], *given: Any) -> None:
        """Run something in a thread that is waited for; an `OSError` ends it."""
        self._threads.append(threading.Thread(target=_until_cut, args=(run, *given)))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self.connections += 1
            self._open.append(client)
            self.begin(self.serve, client)


def _until_cut(run: Callable[..., None], *given: Any) -> None:
    with suppress(OSError):
        run(*given)


def cut(one: socket.socket) -> None:
    """Close a connection, whoever waits for it."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
