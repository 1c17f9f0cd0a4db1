"""Encrypt a connection and bind on it, before one deadline: StartTLS (RFC 4511 §4.14), simple bind, SASL."""

import ssl
from itertools import count
from typing import NamedTuple

from engine.connectors.ldap import requests
from engine.connectors.ldap.ber import WireError
from engine.connectors.ldap.kerberos import Ticket, bind_by_ticket
from engine.connectors.ldap.messages import Decoder, Message, Result
from engine.connectors.ldap.wire import Wire
from engine.errors import ConnectionLost

START_TLS = "1.3.6.1.4.1.1466.20037"
MOST_BYTES = 256 * 1024
"""How much may come before a connection is bound; an answer to a bind has some hundred bytes."""
MOST_MESSAGES = 10
"""How many messages may come before the one that is waited for."""


class Credentials(NamedTuple):
    """Whom to bind as; nobody without any of it."""

    bind_dn: str = ""
    password: bytes = b""
    external: bool = False
    """Whether the server knows by itself who we are (SASL EXTERNAL)."""
    ticket: Ticket | None = None
    """Who we are for Kerberos (SASL GSSAPI)."""


def start_tls(wire: Wire, context: ssl.SSLContext, host: str) -> Result | None:
    """Encrypt a connection; give the server's refusal where it has one.

    Raises `ssl.SSLError`, `ConnectionLost`, or `WireError` for what is no LDAP.
    """
    result = _asked(wire, 1, requests.encode_extended(1, START_TLS), "StartTLS")
    if result.code:
        return result
    wire.encrypt(context, host)
    return None


def bind(wire: Wire, who: Credentials) -> Result:
    """Bind, and give what the server answers. Raises `StepFailed` or `WireError`."""
    if who.ticket is not None:
        numbers = count(2)
        encrypted = wire.socket if isinstance(wire.socket, ssl.SSLSocket) else None

        def ask(credentials: bytes) -> Result:
            number = next(numbers)
            return _asked(wire, number, requests.encode_sasl_bind(number, "GSSAPI", credentials), "the bind")

        return bind_by_ticket(who.ticket, encrypted, ask)
    if who.external:
        request = requests.encode_sasl_bind(2, "EXTERNAL", b"")
    else:
        request = requests.encode_simple_bind(2, who.bind_dn, who.password)
    return _asked(wire, 2, request, "the bind")


def _asked(wire: Wire, number: int, request: bytes, what: str) -> Result:
    """Send a request, and wait for its answer and nothing else."""
    decoder = Decoder(MOST_BYTES)
    wire.begin(MOST_BYTES)
    wire.send(request)
    before = 0
    while True:
        for message in (messages := decoder.feed(wire.receive())):
            if message.id == number and isinstance(message, Result):
                if message is not messages[-1] or decoder.held:
                    raise WireError(f"more than the answer came to {what}")  # and would be taken for what comes in TLS
                return message
            before += 1
            _stray(wire, message, before, what)


def _stray(wire: Wire, message: Message, before: int, what: str) -> None:
    """Note a message that nobody asked for. Raises `ConnectionLost` for a farewell, or for too many."""
    if message.id == 0 and isinstance(message, Result):
        raise ConnectionLost(f"{wire.peer} ended the connection: {farewell(message)}")
    if before > MOST_MESSAGES:
        raise wire.refuse(f"sent {before:,} messages and no answer to {what}")
    wire.hear("messages that nobody asked for")


def farewell(message: Result) -> str:
    """Say why a server ends a connection (RFC 4511 §4.4.1)."""
    return message.message.decode(errors="replace") or f"result {message.code}"
