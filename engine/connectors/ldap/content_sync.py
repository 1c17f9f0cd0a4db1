"""Content synchronisation (RFC 4533), refreshOnly: what the controls and messages of its refresh say."""

import uuid
from typing import NamedTuple

from engine.connectors.ldap import ber
from engine.connectors.ldap.messages import Control, Controls

REQUEST = "1.3.6.1.4.1.4203.1.9.1.1"
_STATE = "1.3.6.1.4.1.4203.1.9.1.2"
_DONE = "1.3.6.1.4.1.4203.1.9.1.3"
INFO = b"1.3.6.1.4.1.4203.1.9.1.4"
_REFRESH_ONLY = 1
_PRESENT_PHASE, _ID_SET = 0xA2, 0xA3
PRESENT, ADD, MODIFY, DELETE = range(4)
"""What an entry's state can be (§2.3)."""


class Info(NamedTuple):
    """A Sync Info message (§2.5): the entries it says were deleted, or that it lists those that are still there."""

    deleted: list[str]
    present: bool


class Done(NamedTuple):
    """The Sync Done control (§2.4)."""

    cookie: str | None
    deletes: bool
    """Whether what was deleted has been said; else only what is still there."""


def request(cookie: str) -> Control:
    """Give the control that asks for what changed since a cookie (§2.2)."""
    parts = [ber.integer(_REFRESH_ONLY, ber.ENUMERATED), ber.octets(cookie.encode())]
    return Control(REQUEST, critical=True, value=ber.sequence(parts))


def state(controls: Controls) -> tuple[int, str] | None:
    """Give an entry's state and its entryUUID; None where it has none. Raises `WireError`."""
    for control in controls:
        if control.oid == _STATE and control.value is not None:
            heads = ber.inside(control.value)
            if len(heads) < 2:
                raise ber.WireError("a sync state without an id")
            return ber.number(control.value, heads[0], ber.ENUMERATED), _uuid(ber.text(control.value, heads[1]))
    return None


def info(value: bytes) -> Info:
    """Read the value of a Sync Info message. Raises `WireError`."""
    tag, start, stop = ber.element(value, 0, len(value))
    if tag == _PRESENT_PHASE:
        return Info([], present=True)
    if tag != _ID_SET:
        return Info([], present=False)
    deletes, ids = False, list[str]()
    for one in ber.elements(value, start, stop):
        if one[0] == ber.BOOLEAN:
            deletes = ber.truth(value, one)
        elif one[0] == ber.SET:
            ids = [_uuid(raw) for raw in ber.strings(value, one[1], one[2])]
    return Info(ids if deletes else [], present=not deletes)


def done(controls: Controls) -> Done | None:
    """Read the Sync Done control; None where the server sent none. Raises `WireError`."""
    for control in controls:
        if control.oid == _DONE:
            value = control.value or ber.sequence([])
            cookie, deletes = None, False
            for one in ber.inside(value):
                if one[0] == ber.OCTET_STRING:
                    cookie = ber.text(value, one).decode(errors="replace")
                elif one[0] == ber.BOOLEAN:
                    deletes = ber.truth(value, one)
            return Done(cookie, deletes)
    return None


def _uuid(raw: bytes) -> str:
    if len(raw) != 16:
        raise ber.WireError("an entryUUID that is none")
    return str(uuid.UUID(bytes=raw))
