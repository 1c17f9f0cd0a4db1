"""A directory server that says what a test wants it to say, over a real socket."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from engine.connectors.ldap import ber

BIND, SEARCH, MODIFY, ADD, DELETE, RENAME = 0x60, 0x63, 0x66, 0x68, 0x4A, 0x6C
ANSWER = {BIND: 0x61, SEARCH: 0x65, MODIFY: 0x67, ADD: 0x69, DELETE: 0x6B, RENAME: 0x6D}
Script = Callable[[int, int, int], bytes]
"""Takes a message's id, its operation, and how many of that operation came before; gives the bytes to send."""


def result(number: int, operation: int, code: int = 0, message: str = "", controls: bytes = b"") -> bytes:
    """Encode the result of an operation."""
    parts = [ber.integer(code, ber.ENUMERATED), ber.octets(b""), ber.octets(message.encode())]
    return ber.sequence([ber.integer(number), ber.sequence(parts, ANSWER[operation]), controls])


def entry(number: int, dn: str, attributes: dict[str, list[str]]) -> bytes:
    """Encode an entry that a search found."""
    listed = [
        ber.sequence([ber.octets(name.encode()), ber.sequence([ber.octets(one.encode()) for one in held], ber.SET)])
        for name, held in attributes.items()
    ]
    found = ber.sequence([ber.octets(dn.encode()), ber.sequence(listed)], 0x64)
    return ber.sequence([ber.integer(number), found])


def page_control(cookie: bytes) -> bytes:
    """Encode the control of one page's answer."""
    value = ber.sequence([ber.integer(0), ber.octets(cookie)])
    return ber.sequence([ber.sequence([ber.octets(b"1.2.840.113556.1.4.319"), ber.octets(value)])], 0xA0)


class Scripted:
    """Answers every connection by a script; a bind succeeds by itself."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldap://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        counts: dict[int, int] = {}
        held = b""
        with suppress(OSError):
            while data := client.recv(65536):
                held += data
                while (size := _size(held)) is not None:
                    message, held = held[:size], held[size:]
                    identity, operation = ber.inside(message)[:2]
                    number, kind = ber.number(message, identity), operation[0]
                    if kind == BIND:
                        client.sendall(result(number, BIND))
                    elif kind in ANSWER:
                        client.sendall(self._script(number, kind, counts.get(kind, 0)))
                        counts[kind] = counts.get(kind, 0) + 1


def _size(data: bytes) -> int | None:
    if len(data) < 2 or (data[1] > 127 and len(data) < 2 + (data[1] & 127)):
        return None
    octets = data[1] & 127 if data[1] > 127 else 0
    size = 2 + octets + (int.from_bytes(data[2 : 2 + octets]) if octets else data[1])
    return size if len(data) >= size else None
