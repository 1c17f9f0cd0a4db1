"""ldap3's own reader and writer behind the same seam: slower, and there where ours does not apply."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from engine.connectors.ldap import ber, requests
from engine.connectors.ldap.link import MOST, Add, Delete, Modify, Rename, Request, Search
from engine.connectors.ldap.messages import Control, Decoder, Entry, Intermediate, Message, Reference, Result, outline
from engine.connectors.ldap.wire import BULK, Wire
from engine.errors import ConnectionLost

_VERBS = {
    requests.ADD: ldap3.MODIFY_ADD,
    requests.DELETE: ldap3.MODIFY_DELETE,
    requests.REPLACE: ldap3.MODIFY_REPLACE,
}
_BY_LDAP3 = (
    *(LDAPException, PyAsn1Error, OSError, LookupError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError, AssertionError),
)
"""What ldap3 raises when a connection breaks, or when it cannot read what came."""
MOST_BYTES = 64 * 1024 * 1024
"""How many bytes may come for one operation: ldap3 holds all of an answer at once, in several forms."""


class Ldap3Link:
    """A `DirectoryLink` that leaves everything to ldap3, one operation after the other."""

    kind = "ldap3"

    def __init__(self, wire: Wire) -> None:
        """Take a bound connection that nobody else reads."""
        self._socket = _Socket(wire)
        self._connection = _borrowing(self._socket)
        self._searches: list[Search] = []

    @property
    def received(self) -> int:
        return self._socket.received

    def start(self, search: Search) -> int:
        self._searches.append(search)
        return len(self._searches) - 1

    def answers(self, number: int) -> Iterator[list[Message]]:
        search = self._searches[number]
        self._socket.begin(search.allowed)
        scope = ldap3.BASE if search.scope == requests.BASE else ldap3.SUBTREE
        try:
            self._connection.search(
                search.base,
                search.filter,
                scope,
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(search.attributes),
                controls=_given(search.controls),
            )
            found = [_message(number, one) for one in self._connection.response or []]
            result = _result(number, self._connection.result)
        except _BY_LDAP3 as error:
            raise self._lost(error) from error
        yield [*found, result]

    def execute(self, requests: Iterable[Request], in_flight: int) -> Iterator[tuple[int, Result]]:
        for index, request in enumerate(requests):
            self._socket.begin()
            try:
                self._send(request)
                result = _result(index, self._connection.result)
            except _BY_LDAP3 as error:
                raise self._lost(error) from error
            yield index, result

    def close(self) -> None:
        self._socket.close()

    def _lost(self, error: Exception) -> ConnectionLost:
        told = f"{self._socket.peer} sent what is not understood, or broke off: {error or type(error).__name__}"
        return ConnectionLost(f"{told}; look into its log, or correct url")

    def _send(self, request: Request) -> None:
        connection = self._connection
        match request:
            case Add(dn, attributes, controls):
                connection.add(dn, attributes=dict(attributes), controls=_given(controls))
            case Modify(dn, changes, controls):
                told: dict[str, list[tuple[str, list[bytes]]]] = {}
                for verb, name, values in changes:
                    told.setdefault(name, []).append((_VERBS[verb], values))
                connection.modify(dn, told, controls=_given(controls))
            case Rename(dn, rdn, delete_old, superior, controls):
                connection.modify_dn(
                    dn, rdn, delete_old_dn=delete_old, new_superior=superior, controls=_given(controls)
                )
            case Delete(dn, controls):
                connection.delete(dn, controls=_given(controls))


class _Socket:
    """What ldap3 takes for a socket: a wire, with an eye on whether what comes leads on."""

    def __init__(self, wire: Wire) -> None:
        self.peer = wire.peer
        self._wire = wire
        self._decoder = Decoder(decode=outline)
        self._allowed = MOST
        self._held = 0

    def begin(self, allowed: int = MOST) -> None:
        """Begin to wait for an operation that so many messages may answer."""
        self._wire.begin(MOST_BYTES)
        self._allowed = allowed

    @property
    def received(self) -> int:
        """How many bytes have come in all."""
        return self._wire.received

    def recv(self, _size: int) -> bytes:
        """Give what comes. Raises `ConnectionLost` as the wire does, and where too many messages came."""
        came = self._wire.receive()
        try:
            messages = self._decoder.feed(came)
        except ber.WireError as error:
            raise self._wire.refuse(f"sent what is no LDAP message ({error})") from error
        self._allowed -= len(messages)
        if self._allowed < 0:
            raise self._wire.refuse("sent more entries for one answer than were asked for")
        if any(isinstance(one, Entry) for one in messages) or self._decoder.held - self._held > BULK:
            self._wire.progressed()
        elif messages:
            self._wire.hear("messages without an entry", len(messages))
        self._held = self._decoder.held
        return came

    def sendall(self, data: bytes) -> None:
        """Send bytes. Raises `ConnectionLost`."""
        self._wire.send(data)

    def shutdown(self, _how: int) -> None:
        """Leave it to `close`, which says farewell."""

    def close(self) -> None:
        """Let go of the connection."""
        self._wire.close()


def _borrowing(socket: _Socket) -> Any:
    """Give a connection of ldap3, with the synchronous strategy, on a socket that is connected and bound already."""
    connection = ldap3.Connection(
        ldap3.Server("bound.invalid", get_info=ldap3.NONE),  # never looked up: there is a socket
        client_strategy=ldap3.SYNC,
        check_names=False,
        auto_referrals=False,
        auto_encode=False,
        return_empty_attributes=False,
    )
    connection.socket = socket
    connection.closed, connection.listening, connection.bound = False, True, True
    connection.strategy._outstanding = {}
    return connection


def _given(controls: Sequence[Control]) -> list[tuple[str, bool, bytes | None]] | None:
    return [(control.oid, control.critical, control.value) for control in controls] or None


def _message(number: int, one: dict[str, Any]) -> Message:
    controls = _read(one.get("controls"))
    match one["type"]:
        case "searchResEntry":
            held = [(name.encode(), list(values)) for name, values in one["raw_attributes"].items()]
            return Entry(number, bytes(one["raw_dn"]), held, controls)
        case "searchResRef":
            return Reference(number, [url.encode() for url in one["uri"]], controls)
        case _:
            name, value = one.get("responseName"), one.get("responseValue")
            return Intermediate(number, name.encode() if isinstance(name, str) else name, value, controls)


def _result(number: int, result: dict[str, Any]) -> Result:
    return Result(
        number,
        int(result["result"]),
        str(result.get("dn") or "").encode(),
        str(result.get("message") or "").encode(),
        [url.encode() for url in result.get("referrals") or ()],
        controls=_read(result.get("controls")),
    )


def _read(controls: dict[str, Any] | None) -> tuple[Control, ...]:
    """Give controls with their values as they were sent; those of pages are decoded by ldap3, and encoded again."""
    found = []
    for oid, one in (controls or {}).items():
        value = one["value"]
        if isinstance(value, dict) and "cookie" in value and "size" in value:
            value = ber.sequence([ber.integer(value["size"]), ber.octets(value["cookie"])])
        found.append(Control(oid, bool(one["criticality"]), value if isinstance(value, bytes) else None))
    return tuple(found)
