"""Our own reader and writer on a bound connection, with many operations in flight."""

from collections.abc import Iterable, Iterator
from itertools import islice

from engine.connectors.ldap import requests
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.binding import farewell
from engine.connectors.ldap.filters import compiled
from engine.connectors.ldap.link import Add, Delete, Modify, Rename, Request, Search, Unfit
from engine.connectors.ldap.messages import Decoder, Entry, Intermediate, Message, Result
from engine.connectors.ldap.wire import BULK, Wire
from engine.errors import ConnectionLost

_FIRST = 1_000
"""The first message id: behind those of StartTLS and the bind."""


class FastLink:
    """A `DirectoryLink` that speaks RFC 4511 itself."""

    kind = "Interlock's own reader and writer"

    def __init__(self, wire: Wire) -> None:
        """Take a bound connection that nobody else reads."""
        self._wire = wire
        self._number = _FIRST
        self._allowed = 0
        self._decoder = Decoder()

    @property
    def received(self) -> int:
        return self._wire.received

    def start(self, search: Search) -> int:
        number = self._next()
        self._decoder.read_attributes = search.read_attributes
        self._allowed = search.allowed
        filter_ = compiled(search.filter)
        attributes = list(search.attributes)
        self._wire.send(requests.encode_search(number, search.base, search.scope, filter_, attributes, search.controls))
        return number

    def answers(self, number: int) -> Iterator[list[Message]]:
        wire, came = self._wire, 0
        wire.begin()
        while True:
            batch = self._receive()
            if any(message.id != number for message in batch):
                batch = [message for message in batch if self._belongs(message, number)]
            came += len(batch)
            if came > self._allowed:
                raise wire.refuse(f"sent more than {self._allowed:,} entries for one answer")
            if batch:
                yield batch
                if type(batch[-1]) is Result:
                    return
                self._judge(batch)

    def _judge(self, batch: list[Message]) -> None:
        """Wait longer if entries came; note what else did, which may go on for ever."""
        if any(type(message) is Entry for message in batch):
            self._wire.progressed()
            return
        for message in batch:
            name = "intermediate messages" if isinstance(message, Intermediate) else "references to other servers"
            self._wire.hear(name)

    def execute(self, requests: Iterable[Request], in_flight: int) -> Iterator[tuple[int, Result]]:
        waiting: dict[int, int] = {}
        left = enumerate(requests)
        more = True
        self._wire.begin()
        while more or waiting:
            if more and len(waiting) <= in_flight // 2:
                more = self._fill(left, in_flight, waiting)
                continue
            for message in self._receive():
                if message.id in waiting and isinstance(message, Result):
                    yield waiting.pop(message.id), message
                    self._wire.begin()
                else:
                    self._belongs(message, message.id)

    def close(self) -> None:
        self._wire.close()

    def _fill(self, left: Iterator[tuple[int, Request]], in_flight: int, waiting: dict[int, int]) -> bool:
        """Send as many requests as may be in flight; tell whether there are more."""
        encoded = []
        for index, request in islice(left, in_flight - len(waiting)):
            number = self._next()
            waiting[number] = index
            encoded.append(encode(number, request))
        if encoded:
            self._wire.send(b"".join(encoded))
        return len(waiting) == in_flight

    def _next(self) -> int:
        self._number = self._number + 1 if self._number < 2**31 - 1 else _FIRST
        return self._number

    def _belongs(self, message: Message, number: int) -> bool:
        """Tell an answer from the rest of one that was given up. Raises `ConnectionLost` for the server's farewell."""
        if message.id == 0 and isinstance(message, Result):
            raise ConnectionLost(f"{self._wire.peer} ended the connection: {farewell(message)}")
        if message.id != number:
            self._wire.hear("messages that nobody asked for")
        return message.id == number

    def _receive(self) -> list[Message]:
        """Wait for whole messages. Raises `ConnectionLost` when none came in time, `Unfit` for what cannot be read."""
        held = 0
        while True:
            came = self._wire.receive()
            try:
                if messages := self._decoder.feed(came):
                    return messages
            except WireError as error:
                raise Unfit(str(error)) from error
            if self._decoder.held - held > BULK:
                held = self._decoder.held
                self._wire.progressed()


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
