"""A TCP proxy before a real server, that can be as bad as a network."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class Proxy:
    """Passes bytes on, until a weather says what else to do with what the server answers.

    `weather` is called with what came from the server, and how many bytes came before on that connection; it gives
    what to pass on, None to cut the connection, or raises `Silence` to keep it open and say no more.
    """

    def __init__(self, port: int, weather: Callable[[bytes, int], bytes | None]) -> None:
        self.weather = weather
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.url = f"ldap://127.0.0.1:{self.address[1]}"
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listener, *self._open]:
            cut(one)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.socket()
                self._open += [client, server]
                try:
                    server.connect(("127.0.0.1", self._to))
                except OSError:
                    cut(client)
                    continue
                for target in (self._up, self._down):
                    self._threads.append(threading.Thread(target=target, args=(client, server)))
                    self._threads[-1].start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        cut(server)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
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


def cut(one: socket.socket) -> None:
    """Close a connection, whoever waits for it."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
