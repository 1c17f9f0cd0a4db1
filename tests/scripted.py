"""A directory server that says what a test wants it to say, over a real socket; and the ways one can be bad in."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from engine.connectors.ldap import ber
from tests.listener import Listener
from tests.slapd import SUFFIX

BIND, SEARCH, MODIFY, ADD, DELETE, RENAME, EXTENDED = 0x60, 0x63, 0x66, 0x68, 0x4A, 0x6C, 0x77
ANSWER = {BIND: 0x61, SEARCH: 0x65, MODIFY: 0x67, ADD: 0x69, DELETE: 0x6B, RENAME: 0x6D, EXTENDED: 0x78}
Answer = bytes | Iterable[bytes | float]
"""Bytes to send, or many of them, with seconds to wait in between."""
Script = Callable[[int, int, int], Answer]
"""Takes a message's id, its operation, and how many of that operation came before; gives what to send."""


def result(number: int, operation: int, code: int = 0, message: str = "", controls: bytes = b"") -> bytes:
    """Encode the result of an operation."""
    parts = [ber.integer(code, ber.ENUMERATED), ber.octets(b""), ber.octets(message.encode())]
    return ber.sequence([ber.integer(number), ber.sequence(parts, ANSWER[operation]), controls])


def referral(number: int, operation: int, url: str) -> bytes:
    """Encode a result that sends whoever asks to another server."""
    parts = [ber.integer(10, ber.ENUMERATED), ber.octets(b""), ber.octets(b"")]
    parts.append(ber.sequence([ber.octets(url.encode())], 0xA3))
    return ber.sequence([ber.integer(number), ber.sequence(parts, ANSWER[operation])])


def entry(number: int, dn: str, attributes: dict[str, list[str]]) -> bytes:
    """Encode an entry that a search found."""
    listed = [
        ber.sequence([ber.octets(name.encode()), ber.sequence([ber.octets(one.encode()) for one in held], ber.SET)])
        for name, held in attributes.items()
    ]
    found = ber.sequence([ber.octets(dn.encode()), ber.sequence(listed)], 0x64)
    return ber.sequence([ber.integer(number), found])


def reference(number: int) -> bytes:
    """Encode where a search could go on."""
    return ber.sequence([ber.integer(number), ber.sequence([ber.octets(b"ldap://elsewhere.example/")], 0x73)])


def intermediate(number: int) -> bytes:
    """Encode an answer that is none yet."""
    return ber.sequence([ber.integer(number), ber.sequence([ber.octets(b"1.2.3", 0x80)], 0x79)])


def page_control(cookie: bytes) -> bytes:
    """Encode the control of one page's answer."""
    value = ber.sequence([ber.integer(0), ber.octets(cookie)])
    return ber.sequence([ber.sequence([ber.octets(b"1.2.840.113556.1.4.319"), ber.octets(value)])], 0xA0)


class Scripted(Listener):
    """Answers every connection by a script; a bind succeeds by itself."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.url = f"ldap://127.0.0.1:{self.port}"
        self._script = script
        self._closing = threading.Event()

    def __exit__(self, *given: object) -> None:
        self._closing.set()
        super().__exit__(*given)

    def serve(self, client: socket.socket) -> None:
        """Answer what is asked on a connection; what is no LDAP, such as the beginning of TLS, is not answered."""
        counts: dict[int, int] = {}
        held = b""
        with suppress(OSError, ber.WireError):
            while data := client.recv(65536):
                held += data
                while (size := _size(held)) is not None:
                    message, held = held[:size], held[size:]
                    identity, operation = ber.inside(message)[:2]
                    number, kind = ber.number(message, identity), operation[0]
                    if kind in ANSWER:
                        self._send(client, self.answer(message, number, kind, counts.get(kind, 0)))
                        counts[kind] = counts.get(kind, 0) + 1

    def answer(self, _message: bytes, number: int, operation: int, before: int) -> Answer:
        """Give what to send for a request."""
        return result(number, BIND) if operation == BIND else self._script(number, operation, before)

    def _send(self, client: socket.socket, answer: Answer) -> None:
        for part in [answer] if isinstance(answer, bytes) else answer:
            if isinstance(part, bytes):
                client.sendall(part)
            elif self._closing.wait(part):
                return


def _size(data: bytes) -> int | None:
    if len(data) < 2 or (data[1] > 127 and len(data) < 2 + (data[1] & 127)):
        return None
    octets = data[1] & 127 if data[1] > 127 else 0
    size = 2 + octets + (int.from_bytes(data[2 : 2 + octets]) if octets else data[1])
    return size if len(data) >= size else None


# ------------------------------------------------------------------------------------------ a directory, and bad ones


PEOPLE = ("ada", "grace", "edsger")


def person(number: int, uid: str, below: str = f"ou=people,{SUFFIX}") -> bytes:
    """Encode one of the people."""
    held = {"objectClass": ["inetOrgPerson"], "uid": [uid], "cn": [uid], "entryUUID": [f"id-{uid}"]}
    return entry(number, f"uid={uid},{below}", held)


def everybody(number: int, *, cookie: bytes = b"") -> bytes:
    """Encode a page of all the people."""
    return b"".join(person(number, uid) for uid in PEOPLE) + _end(number, cookie)


def _end(number: int, cookie: bytes = b"") -> bytes:
    return result(number, SEARCH, controls=page_control(cookie))


def _again(make: Callable[[int], bytes], pause: float = 0.0) -> Iterator[bytes | float]:
    """Send something for ever, made from how many came before."""
    for count in itertools.count():
        yield make(count)
        yield pause


def _drops(data: bytes, pause: float = 0.1) -> Iterator[bytes | float]:
    """Send one byte after the other."""
    for one in data:
        yield bytes([one])
        yield pause


Mode = Callable[[int], Answer]
"""Takes a message's id; gives what is answered instead of what should be."""
LONG = "a reason without an end " * 100

AT_ANY_TIME: dict[str, Mode] = {
    "silence": lambda _: [60.0],
    "a drip": lambda number: _drops(result(number, BIND, 0, LONG)),
    "bytes without end": lambda _: _again(lambda count: b"\0" * 65536 if count else b"\x30\x84\x04\xff\xff\xff\x02"),
    "a message too large": lambda _: _again(lambda count: b"\0" * 65536 if count else b"\x30\x84\x7f\xff\xff\xff\x02"),
    "foreign ids": lambda number: _again(lambda count: result(number + 1000 + count, SEARCH), 0.1),
    "a flood of foreign ids": lambda number: _again(lambda count: result(number + 1000 + count, SEARCH) * 100),
    "intermediate messages": lambda number: _again(lambda _: intermediate(number), 0.1),
    "a flood of intermediate messages": lambda number: _again(lambda _: intermediate(number) * 100),
    "garbage": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "garbage in a message": lambda number: ber.sequence([ber.integer(number), ber.octets(b"\xff" * 50, 0x64)]),
    "an odd answer": lambda number: ber.sequence([ber.integer(number), ber.octets(b"", 0x7F)]),
    "a farewell": lambda _: result(0, EXTENDED, 52, "going down for tea"),
    "busy": lambda number: result(number, BIND, 51, "too much to do"),
}
"""What a server can do whatever it is asked; each of them a line."""
TO_A_SEARCH: dict[str, Mode] = {
    "references": lambda number: _again(lambda _: reference(number), 0.1),
    "a flood of references": lambda number: _again(lambda _: reference(number) * 100),
    "empty pages": lambda number: _end(number, b"cookie %d" % number),
    "empty pages of one cookie": lambda number: _end(number, b"always"),
    "slow empty pages": lambda number: [0.2, _end(number, b"cookie %d" % number)],
    "one page again and again": lambda number: everybody(number, cookie=b"cookie %d" % number),
    "one page of one cookie": lambda number: everybody(number, cookie=b"always"),
    "an endless page": lambda number: _again(lambda count: person(number, f"p{count}")),
    "an endless page of one entry": lambda number: _again(lambda _: person(number, "ada") * 50),
    "an entry in drops": lambda number: _drops(person(number, "ada" * 100)),
    "people, then silence": lambda number: [person(number, "ada"), 60.0],
    "people, then a drip": lambda number: itertools.chain([person(number, "ada")], _drops(_end(number, b"c" * 200))),
    "a cookie that is none": lambda number: result(number, SEARCH, controls=page_control(b"")[:-3] + b"\x04\x7f\x01"),
    "a page that ends twice": lambda number: everybody(number) + _end(number) + intermediate(number),
}
"""What it can do when it is searched."""
TO_A_BIND: dict[str, Mode] = {
    "a referral": lambda number: referral(number, BIND, "ldap://elsewhere.example/"),
    "more than the answer": lambda number: result(number, BIND) + result(number, BIND),
    "a number that is no result": lambda number: result(number, BIND, 4711),
}
"""What it can do when somebody binds, or wants to encrypt."""


class Directory(Scripted):
    """A directory of three people that can be made to do something else, from then on."""

    def __init__(self) -> None:
        super().__init__(lambda *_: b"")
        self.mode: Mode | None = None
        self.at = SEARCH
        """Which operation the mode is for; searches for the root entry are answered all the same."""
        self.reached = threading.Event()
        """Whether anybody has met the mode."""

    def turn(self, mode: Mode | None, at: int = SEARCH) -> None:
        """Do something else from now on."""
        self.reached.clear()
        self.mode, self.at = mode, at

    def cut(self) -> None:
        """End every connection, so that whoever waits for ever does not."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def answer(self, message: bytes, number: int, operation: int, before: int) -> Answer:
        start, stop = ber.inside(message)[1][1:]
        root = operation == SEARCH and ber.text(message, ber.elements(message, start, stop)[0]) == b""
        if self.mode is not None and operation == self.at and not root:
            self.reached.set()
            return self.mode(number)
        if root:
            held = {"supportedControl": ["1.2.840.113556.1.4.319"], "namingContexts": [SUFFIX]}
            return entry(number, "", held) + result(number, SEARCH)
        return everybody(number) if operation == SEARCH else result(number, operation)
