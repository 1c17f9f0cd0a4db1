"""LDAP requests after RFC 4511 §4: from what is meant to bytes. It knows no socket."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from engine.connectors.ldap import ber
from engine.connectors.ldap.ber import ENUMERATED, SET
from engine.connectors.ldap.messages import CONTROLS, Control, Controls

ADD, DELETE, REPLACE = 0, 1, 2
"""The operations of a modification (§4.6)."""
SHORT = 256
"""Up to which length, in bytes, the beginnings of attributes are kept."""
BASE, SUBTREE = 0, 2
"""Scopes of a search (§4.5.1.2)."""


def _message(number: int, operation: bytes, controls: Controls) -> bytes:
    parts = [ber.integer(number), operation]
    if controls:
        encoded = [_bare_control(one) if one.value is None else _control(one) for one in controls]
        parts.append(ber.sequence(encoded, CONTROLS))
    return ber.sequence(parts)


def _control(control: Control) -> bytes:
    parts = [ber.octets(control.oid.encode())]
    if control.critical:
        parts.append(ber.boolean(True))
    if control.value is not None:
        parts.append(ber.octets(control.value))
    return ber.sequence(parts)


_bare_control = lru_cache(maxsize=100)(_control)


def _attribute(name: str, values: Sequence[bytes]) -> bytes:
    if len(values) == 1 and len(values[0]) < SHORT:
        return _before_single_value(name, len(values[0])) + values[0]
    return ber.sequence([ber.octets(name.encode()), ber.sequence([ber.octets(value) for value in values], SET)])


@lru_cache(maxsize=10_000)
def _before_single_value(name: str, size: int) -> bytes:
    """Give all that comes before the only value of an attribute: it depends on the value's length alone."""
    placeholder = bytes(size)
    whole = ber.sequence([ber.octets(name.encode()), ber.sequence([ber.octets(placeholder)], SET)])
    return whole[: len(whole) - size]


def encode_search(
    number: int, base: str, scope: int, filter_: bytes, attributes: Sequence[str], controls: Controls = ()
) -> bytes:
    """Encode a search without limits that never follows aliases; the filter is encoded already (§4.5.1)."""
    parts = [
        ber.octets(base.encode()),
        ber.integer(scope, ENUMERATED),
        ber.integer(0, ENUMERATED),
        ber.integer(0),
        ber.integer(0),
        ber.boolean(False),
        filter_,
        ber.sequence([ber.octets(name.encode()) for name in attributes]),
    ]
    return _message(number, ber.sequence(parts, 0x63), controls)


def encode_add(
    number: int, dn: str, attributes: Iterable[tuple[str, Sequence[bytes]]], controls: Controls = ()
) -> bytes:
    """Encode the creation of an entry (§4.7)."""
    listed = ber.sequence([_attribute(name, values) for name, values in attributes])
    return _message(number, ber.sequence([ber.octets(dn.encode()), listed], 0x68), controls)


def encode_modify(
    number: int, dn: str, changes: Iterable[tuple[int, str, Sequence[bytes]]], controls: Controls = ()
) -> bytes:
    """Encode changes of an entry: (operation, attribute, values) each (§4.6)."""
    listed = [
        ber.sequence([ber.integer(operation, ENUMERATED), _attribute(name, values)])
        for operation, name, values in changes
    ]
    return _message(number, ber.sequence([ber.octets(dn.encode()), ber.sequence(listed)], 0x66), controls)


def encode_rename(
    number: int, dn: str, rdn: str, *, delete_old: bool, superior: str | None = None, controls: Controls = ()
) -> bytes:
    """Encode a new RDN, and a new parent where there is one (§4.9)."""
    parts = [ber.octets(dn.encode()), ber.octets(rdn.encode()), ber.boolean(delete_old)]
    if superior is not None:
        parts.append(ber.octets(superior.encode(), 0x80))
    return _message(number, ber.sequence(parts, 0x6C), controls)


def encode_delete(number: int, dn: str, controls: Controls = ()) -> bytes:
    """Encode the deletion of an entry (§4.8)."""
    return _message(number, ber.octets(dn.encode(), 0x4A), controls)


def encode_equality(name: str, value: bytes) -> bytes:
    """Encode the filter `(name=value)` (§4.5.1.7.1)."""
    return ber.sequence([ber.octets(name.encode()), ber.octets(value)], 0xA3)


def encode_simple_bind(number: int, dn: str, password: bytes) -> bytes:
    """Encode a bind with a password; both are empty for nobody (§4.2)."""
    return _bind(number, dn, ber.octets(password, 0x80))


def encode_sasl_bind(number: int, mechanism: str, credentials: bytes) -> bytes:
    """Encode a bind by a mechanism of SASL (§4.2.1)."""
    return _bind(number, "", ber.sequence([ber.octets(mechanism.encode()), ber.octets(credentials)], 0xA3))


def _bind(number: int, dn: str, authentication: bytes) -> bytes:
    return _message(number, ber.sequence([ber.integer(3), ber.octets(dn.encode()), authentication], 0x60), ())


def encode_extended(number: int, name: str) -> bytes:
    """Encode an extended request without a value (§4.12)."""
    return _message(number, ber.sequence([ber.octets(name.encode(), 0x80)], 0x77), ())


def encode_unbind(number: int) -> bytes:
    """Encode the farewell, which has no answer (§4.3)."""
    return _message(number, ber.octets(b"", 0x42), ())
