"""The part of BER (X.690) that LDAP allows (RFC 4511 §5.1): definite lengths, primitive strings, one-byte tags."""

from collections.abc import Sequence

BOOLEAN, INTEGER, OCTET_STRING, ENUMERATED = 0x01, 0x02, 0x04, 0x0A
SEQUENCE, SET = 0x30, 0x31

Element = tuple[int, int, int]
"""A value inside some bytes: its tag, where it starts, where it stops."""


class WireError(ValueError):
    """Bytes are not what RFC 4511 allows, or hold something that we do not read."""


def tlv(tag: int, content: bytes) -> bytes:
    """Encode one value: tag, length, content."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 128 | len(octets))) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Encode a whole number, negative ones as well."""
    return tlv(tag, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, signed=True))


def boolean(value: bool) -> bytes:
    """Encode a truth value."""
    return b"\x01\x01\xff" if value else b"\x01\x01\x00"


def octets(value: bytes, tag: int = OCTET_STRING) -> bytes:
    """Encode a string of bytes."""
    return tlv(tag, value)


def sequence(parts: Sequence[bytes], tag: int = SEQUENCE) -> bytes:
    """Encode a sequence of what is encoded already."""
    return tlv(tag, b"".join(parts))


def long_length(data: bytes, position: int, first: int) -> tuple[int, int]:
    """Read a length of more than one octet: the length, and where the content starts.

    `position` stands behind the first octet, which is at least 128.
    """
    count = first & 127
    if not 0 < count <= 4:
        raise WireError("an indefinite or too long length")
    stop = position + count
    if stop > len(data):
        raise WireError("a value ends before its length says")
    return int.from_bytes(data[position:stop]), stop


def element(data: bytes, position: int, limit: int) -> Element:
    """Read the head of the value at a position; it has to stop at the limit at the latest. Raises `WireError`."""
    if position + 2 > limit:
        raise WireError("a value is missing")
    tag, length = data[position], data[position + 1]
    position += 2
    if tag & 31 == 31:
        raise WireError("a tag of more than one octet")
    if length > 127:
        length, position = long_length(data, position, length)
    stop = position + length
    if stop > limit:
        raise WireError("a value ends after what it is part of")
    return tag, position, stop


def elements(data: bytes, position: int, limit: int) -> list[Element]:
    """Read the heads of all the values between two positions. Raises `WireError`."""
    found = []
    while position < limit:
        one = element(data, position, limit)
        found.append(one)
        position = one[2]
    return found


def strings(data: bytes, position: int, limit: int) -> list[bytes]:
    """Read a row of OCTET STRINGs, and nothing else. Raises `WireError`."""
    found = []
    for tag, start, stop in elements(data, position, limit):
        if tag != OCTET_STRING:
            raise WireError("a value that is no string")
        found.append(data[start:stop])
    return found


def number(data: bytes, one: Element, tag: int = INTEGER) -> int:
    """Read a whole number of at most four octets. Raises `WireError`."""
    kind, start, stop = one
    if kind != tag or not 0 < stop - start <= 4:
        raise WireError("a value that is no number, or too large a one")
    return int.from_bytes(data[start:stop], signed=True)


def text(data: bytes, one: Element, tag: int = OCTET_STRING) -> bytes:
    """Read a string of bytes. Raises `WireError`."""
    kind, start, stop = one
    if kind != tag:
        raise WireError("a value that is no string")
    return data[start:stop]


def truth(data: bytes, one: Element) -> bool:
    """Read a truth value. Raises `WireError`."""
    kind, start, stop = one
    if kind != BOOLEAN or stop - start != 1:
        raise WireError("a value that is no truth value")
    return data[start] != 0


def inside(data: bytes, tag: int = SEQUENCE) -> list[Element]:
    """Read the heads of what stands in a sequence that is all of some bytes. Raises `WireError`."""
    kind, start, stop = element(data, 0, len(data))
    if kind != tag or stop != len(data):
        raise WireError("not one sequence")
    return elements(data, start, stop)
