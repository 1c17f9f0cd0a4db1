"""A connection to a server on which nothing waits for ever: bytes in and out, before a deadline, up to a limit."""

import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from engine.connectors.ldap import requests
from engine.connectors.ldap.patience import READABLE, WRITABLE, OutOfPatience, Patience
from engine.errors import ConnectionLost

RECEIVE = 256 * 1024
"""How many bytes are taken from the socket at once."""
SEND = 64 * 1024
"""How many bytes are sent at once; when so many are gone, that is progress."""
MOST_BYTES = 512 * 1024 * 1024
"""How many bytes may come for one operation: a page, a look-up, the answers to a batch of changes."""
BULK = 1024 * 1024
"""How many bytes of one message are progress, though the message is not whole yet."""
FAREWELL = 2**31 - 1
"""The message id of the farewell: nothing else has it."""

Given = TypeVar("Given")


class Severed(ConnectionLost):
    """The connection has ended: the other side closed it, or something on the way did."""


class Wire:
    """A socket with a deadline, which whoever asks something on it sets anew when an answer leads on."""

    def __init__(self, one: socket.socket, peer: str, patience: Patience) -> None:
        """Take a connected socket that does not block, and what the server is called."""
        self.socket = one
        self.peer = peer
        self._patience = patience
        self._limit = MOST_BYTES
        self._came = 0
        self.received = 0
        """How many bytes have come in all."""
        self._heard: Counter[str] = Counter()
        self._room = bytearray(RECEIVE)
        """Where what comes is put: made once, as the answers to what is written are many and small."""

    # -------------------------------------------------------------- one operation

    def begin(self, limit: int = MOST_BYTES) -> None:
        """Begin to wait for an operation, which may take so many bytes."""
        self._limit = limit
        self._came = 0
        self.progressed()

    def progressed(self) -> None:
        """Count anew from here: an answer came that leads on."""
        self._heard.clear()
        self._patience.renew()

    def hear(self, what: str, count: int = 1) -> None:
        """Note what came and does not lead on, such as `messages that nobody asked for`."""
        self._heard[what] += count

    def refuse(self, did: str) -> ConnectionLost:
        """Give the error of what a server does that is not waited for."""
        return ConnectionLost(f"{self.peer} {did}; it was not waited for any longer: look into the server's log")

    # -------------------------------------------------------------- bytes

    def receive(self) -> bytes:
        """Wait for bytes. Raises `ConnectionLost` where none come in time, too many came, or nobody waits any more."""
        came = self._until_ready(partial(self.socket.recv_into, self._room), READABLE, "read from")
        if not came:
            raise Severed(f"{self.peer} closed the connection")
        self._came += came
        self.received += came
        if self._came > self._limit:
            raise self.refuse(f"sent more than {self._limit:,} bytes for one answer; a smaller page_size asks for less")
        return bytes(memoryview(self._room)[:came])

    def send(self, data: bytes) -> None:
        """Send bytes, as fast as the server takes them. Raises `ConnectionLost`."""
        self._patience.renew()
        left = memoryview(data)
        sent = 0
        while left:
            gone = self._until_ready(partial(self.socket.send, left[:SEND]), WRITABLE, "written to")
            left = left[gone:]
            sent += gone
            if sent >= SEND:
                sent = 0
                self._patience.renew()

    def encrypt(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS with a server that proves to be a host.

        Raises `ssl.SSLError` unless chain and host name are right, `ConnectionLost` where it does not answer.
        """
        wrapped = context.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket = wrapped
        self._until_ready(wrapped.do_handshake, READABLE, "encrypted with", raises=ssl.SSLError)

    def close(self) -> None:
        """Say farewell, if that can be sent at once, and close the socket: nobody answers it (RFC 4511 §4.3)."""
        with suppress(OSError, ValueError):
            self.socket.send(requests.encode_unbind(FAREWELL))
        self.socket.close()

    def _until_ready(
        self, act: Callable[[], Given], event: int, verb: str, raises: type[OSError] | tuple[()] = ()
    ) -> Given:
        """Do something with the socket as soon as that does not block."""
        while True:
            try:
                _ = self._patience.left
                try:
                    return act()
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                    self._patience.wait_for(self.socket, _wanted(error, event))
            except OutOfPatience:
                raise ConnectionLost(self._told()) from None
            except (OSError, ValueError) as error:
                if raises and isinstance(error, raises):
                    raise
                raise Severed(f"{self.peer} cannot be {verb}: {error or type(error).__name__}") from error

    def _told(self) -> str:
        """Say what the server did instead of answering, and what can be done."""
        did = " and ".join(f"{count:,} {what}" for what, count in self._heard.items())
        sent = f"sent {did}, and no answer that leads on," if did else "did not answer"
        if not did and self._came:
            sent = f"sent {self._came:,} bytes, and no whole answer,"
        return f"{self.peer} {sent} within {self._patience.seconds:g} s: look into its log, or set a longer timeout"


def _wanted(error: OSError, event: int) -> int:
    """Tell what TLS waits for, which need not be what was asked of it."""
    if isinstance(error, ssl.SSLWantReadError):
        return READABLE
    return WRITABLE if isinstance(error, ssl.SSLWantWriteError) else event
