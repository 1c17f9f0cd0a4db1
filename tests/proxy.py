"""A TCP proxy before a real server, that can be as bad as a network."""

import socket
from collections.abc import Callable
from contextlib import suppress

from tests.listener import Listener, cut


class Proxy(Listener):
    """Passes bytes on, until a weather says what else to do with what the server answers.

    `weather` is called with what came from the server, and how many bytes came before on that connection; it gives
    what to pass on, None to cut the connection, or raises `Silence` to keep it open and say no more.
    """

    def __init__(self, port: int, weather: Callable[[bytes, int], bytes | None]) -> None:
        super().__init__()
        self.weather = weather
        self.url = f"ldap://127.0.0.1:{self.port}"
        self._to = port

    def serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            cut(client)
            return
        self._open.append(server)
        self.begin(self.down, client, server)
        self.up(client, server)

    def up(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client says, until it says no more."""
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        cut(server)

    def down(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the server answers, as the weather is."""
        passed = 0
        with suppress(OSError, Silence):
            while data := server.recv(65536):
                kept = self.weather(data, passed)
                passed += len(data)
                if kept is None:
                    break
                client.sendall(kept)
            cut(client)


class Silence(Exception):
    """The connection stays open, and nothing more is heard."""
