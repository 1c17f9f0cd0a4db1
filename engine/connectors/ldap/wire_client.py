"""Our own reader and writer on the socket of a bound connection, with many operations in flight."""

import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import compile_filter, parse_filter
from ldap3.utils.asn1 import encode as ldap3_encode

from engine.connectors.ldap import requests
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.connecting import close
from engine.connectors.ldap.link import Add, Delete, Modify, Rename, Request, Search, Unfit
from engine.connectors.ldap.messages import Decoder, Message, Result
from engine.errors import ConnectionLost

RECEIVE = 256 * 1024
"""How many bytes are taken from the socket at once."""
_FIRST = 1_000
"""The first message id: behind those that ldap3 used for binding."""


class FastLink:
    """A `DirectoryLink` that speaks RFC 4511 itself."""

    kind = "Interlock's own reader and writer"

    def __init__(self, connection: Any, timeout: float) -> None:
        """Take a bound connection of ldap3, whose socket nobody else reads; `timeout` in seconds for each answer."""
        self._connection = connection
        self._socket = connection.socket
        self._timeout = timeout
        self._number = _FIRST
        self._decoder = Decoder()
        self._room = bytearray(RECEIVE)
        """Where what comes is put: made once, as the answers to what is written are many and small."""

    def start(self, search: Search) -> int:
        number = self._next()
        self._decoder.read_attributes = search.read_attributes
        filter_ = compiled(search.filter)
        attributes = list(search.attributes)
        self._send(requests.encode_search(number, search.base, search.scope, filter_, attributes, search.controls))
        return number

    def answers(self, number: int) -> Iterator[list[Message]]:
        while True:
            batch = self._receive()
            if any(message.id != number for message in batch):
                batch = [message for message in batch if self._belongs(message, number)]
            if batch:
                yield batch
                if type(batch[-1]) is Result:
                    return

    def execute(self, requests: Iterable[Request], in_flight: int) -> Iterator[tuple[int, Result]]:
        waiting: dict[int, int] = {}
        left = enumerate(requests)
        more = True
        while more or waiting:
            if more and len(waiting) <= in_flight // 2:
                more = self._fill(left, in_flight, waiting)
                continue
            for message in self._receive():
                if message.id in waiting and isinstance(message, Result):
                    yield waiting.pop(message.id), message
                else:
                    self._belongs(message, message.id)

    def close(self) -> None:
        close(self._connection)

    def _fill(self, left: Iterator[tuple[int, Request]], in_flight: int, waiting: dict[int, int]) -> bool:
        """Send as many requests as may be in flight; tell whether there are more."""
        encoded = []
        for index, request in islice(left, in_flight - len(waiting)):
            number = self._next()
            waiting[number] = index
            encoded.append(encode(number, request))
        if encoded:
            self._send(b"".join(encoded))
        return len(waiting) == in_flight

    def _next(self) -> int:
        self._number = self._number + 1 if self._number < 2**31 - 1 else _FIRST
        return self._number

    def _belongs(self, message: Message, number: int) -> bool:
        """Tell an answer from the rest of one that was given up. Raises `ConnectionLost` for the server's farewell."""
        if message.id == 0 and isinstance(message, Result):
            reason = message.message.decode(errors="replace") or f"result {message.code}"
            raise ConnectionLost(f"the server ended the connection: {reason}")
        return message.id == number

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(data)
        except (OSError, AttributeError) as error:
            raise ConnectionLost(f"the server cannot be written to: {error or type(error).__name__}") from error

    def _receive(self) -> list[Message]:
        """Wait for whole messages. Raises `ConnectionLost` when none came in time, `Unfit` for what cannot be read."""
        until = time.monotonic() + self._timeout
        while True:
            left = until - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
                came = self._socket.recv_into(self._room)
            except TimeoutError as error:
                raise ConnectionLost(f"the server did not answer within {self._timeout:g} s") from error
            except (OSError, AttributeError) as error:
                raise ConnectionLost(f"the server cannot be read from: {error or type(error).__name__}") from error
            if not came:
                raise ConnectionLost("the server closed the connection")
            try:
                if messages := self._decoder.feed(bytes(memoryview(self._room)[:came])):
                    return messages
            except WireError as error:
                raise Unfit(str(error)) from error


@lru_cache(maxsize=64)
def compiled(text: str) -> bytes:
    """Encode a filter (RFC 4515) as ldap3 does. Raises `ValueError` for what is no filter."""
    try:
        node = parse_filter(text, None, False, False, None, False).elements[0]
        encoded: bytes = ldap3_encode(compile_filter(node))
    except LDAPException as error:
        raise ValueError(f"'{text}' is no filter: {error}") from error
    return encoded


def encode(number: int, request: Request) -> bytes:
    """Encode a request as the message of a number."""
    match request:
        case Add(dn, attributes, controls):
            return requests.encode_add(number, dn, attributes, controls)
        case Modify(dn, changes, controls):
            return requests.encode_modify(number, dn, changes, controls)
        case Rename(dn, rdn, delete_old, superior, controls):
            return requests.encode_rename(number, dn, rdn, delete_old=delete_old, superior=superior, controls=controls)
        case Delete(dn, controls):
            return requests.encode_delete(number, dn, controls)
