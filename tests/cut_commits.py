"""A proxy before a PostgreSQL server that cuts a connection around one of its commits."""

import socket
from contextlib import suppress

from tests.listener import cut
from tests.proxy import Proxy

COMMIT = b"COMMIT\0"


class CommitCutter(Proxy):
    """Passes everything on, and cuts the connection whose commit is the nth of all.

    Either the server never gets that commit, or it carries it out and its answer is lost.
    """

    def __init__(self, port: int, number: int, *, after: bool) -> None:
        super().__init__(port, lambda data, _: data)
        self.has_cut = False
        """Whether it came to that many."""
        self._number = number
        self._after = after
        self._seen = 0
        self._unanswered: set[socket.socket] = set()

    def up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self._seen += COMMIT in data
                if COMMIT in data and self._seen == self._number:
                    self.has_cut = True
                    if not self._after:
                        break
                    self._unanswered.add(client)
                server.sendall(data)
        cut(server)

    def down(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(65536)) and client not in self._unanswered:
                client.sendall(data)
        cut(client)
