"""LDAP answers after RFC 4511 §4: from bytes to messages. It knows no socket.

What a `Decoder` gives is what ldap3's decoder gives for the same bytes; everything else is a `WireError`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.connectors.ldap import ber
from engine.connectors.ldap.ber import ENUMERATED, OCTET_STRING, SEQUENCE, SET, WireError

MAX_MESSAGE = 80 * 1024 * 1024
"""The largest message that is taken, in bytes."""
CONTROLS = 0xA0
_REFERRALS = 0xA3
_BOUND, _ENTRY, _DONE, _REFERENCE, _EXTENDED, _INTERMEDIATE = 0x61, 0x64, 0x65, 0x73, 0x78, 0x79
_RESULTS = frozenset({_BOUND, _DONE, 0x67, 0x69, 0x6B, 0x6D, _EXTENDED})
_AFTERWARDS = {_BOUND: (0x87, None), _EXTENDED: (0x8A, 0x8B)}
"""What may stand behind a result's own parts: serverSaslCreds (§4.2.2), responseName and responseValue (§4.12)."""

ReadAttributes = Callable[[bytes, int, int], Any]
"""Takes bytes, and where in them a PartialAttributeList starts and the entry ends. Raises `WireError`."""
Attribute = tuple[bytes, list[bytes]]
"""An attribute's description, and its values."""


class Control(NamedTuple):
    """A control of a request or of an answer (RFC 4511 §4.1.11)."""

    oid: str
    critical: bool = False
    value: bytes | None = None


Controls = Sequence[Control]


class Entry(NamedTuple):
    """SearchResultEntry."""

    id: int
    dn: bytes
    attributes: Any
    """A list of `Attribute`, or what the decoder's own reader of attributes makes of them."""
    controls: Controls = ()


class Reference(NamedTuple):
    """SearchResultReference: where the search could go on; nobody follows."""

    id: int
    urls: list[bytes]
    controls: Controls = ()


class Result(NamedTuple):
    """The LDAPResult that ends an operation."""

    id: int
    code: int
    matched: bytes = b""
    message: bytes = b""
    referrals: Sequence[bytes] = ()
    name: bytes | None = None
    """The responseName of an extended response, such as a notice of disconnection, or what a bind has of SASL."""
    value: bytes | None = None
    controls: Controls = ()


class Intermediate(NamedTuple):
    """IntermediateResponse."""

    id: int
    name: bytes | None
    value: bytes | None
    controls: Controls = ()


Message = Entry | Reference | Result | Intermediate
Decode = Callable[[bytes, int, int, ReadAttributes], Message]
"""Takes bytes, where in them the content of a message starts and stops, and what reads attributes."""


class Decoder:
    """Cuts a stream of bytes into messages and decodes them."""

    def __init__(self, limit: int = MAX_MESSAGE, decode: "Decode | None" = None) -> None:
        """Take the size of the largest message in bytes, and what decodes one if not all of it is of interest."""
        self.read_attributes: ReadAttributes = read_attributes
        """Reads the attributes of entries; somebody who wants something else of them puts another here."""
        self._limit = limit
        self._decode = decode or _decode
        self._parts: list[bytes] = []
        self._held = 0
        self._needed = 2

    @property
    def held(self) -> int:
        """How many bytes there are of a message that is not whole yet."""
        return self._held

    def feed(self, data: bytes) -> list[Message]:
        """Take some bytes, and give the messages that are whole now. Raises `WireError`; then no more is read."""
        self._parts.append(data)
        self._held += len(data)
        if self._held < self._needed:
            return []
        whole = data if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = [whole]  # a large message is not held in parts as well
        messages: list[Message] = []
        position = 0
        while (head := self._head(whole, position)) is not None:
            start, stop = head
            self._needed = stop - position
            if stop > len(whole):
                break
            try:
                messages.append(self._decode(whole, start, stop, self.read_attributes))
            except IndexError:
                raise WireError("a value ends after the message") from None
            position = stop
        self._held = len(whole) - position
        self._parts = [whole[position:]] if self._held else []
        return messages

    def _head(self, data: bytes, position: int) -> tuple[int, int] | None:
        """Give where the content of the message at a position starts and stops; None if that cannot be told yet."""
        held = len(data) - position
        if held and data[position] != SEQUENCE:
            raise WireError("what came is no LDAP message")
        octets = 2 + (data[position + 1] & 127 if held > 1 and data[position + 1] > 127 else 0)
        if octets > 6 or (held > 1 and data[position + 1] == 128):
            raise WireError("an indefinite or too long length")
        if held < octets:
            self._needed = octets
            return None
        length = int.from_bytes(data[position + 2 : position + octets]) if octets > 2 else data[position + 1]
        if length > self._limit:
            raise WireError(f"a message of {length:,} bytes; at most {self._limit:,} are taken")
        return position + octets, position + octets + length


def _decode(data: bytes, start: int, stop: int, read: ReadAttributes) -> Message:
    """Decode the message whose content stands between two positions."""
    head = ber.element(data, start, stop)
    number = ber.number(data, head)
    if number < 0:
        raise WireError("a negative message id")
    tag, inner, end = ber.element(data, head[2], stop)
    controls = _controls(data, end, stop) if end < stop else ()
    if tag == _ENTRY:
        name_tag, first, after = ber.element(data, inner, end)
        if name_tag != OCTET_STRING:
            raise WireError("an entry without a name")
        return Entry(number, data[first:after], read(data, after, end), controls)
    if tag in _RESULTS:
        return _result(data, number, ber.elements(data, inner, end), controls, _AFTERWARDS.get(tag, (None, None)))
    if tag == _REFERENCE and end > inner:
        return Reference(number, ber.strings(data, inner, end), controls)
    if tag == _INTERMEDIATE:
        found = _optional(data, ber.elements(data, inner, end), (0x80, 0x81))
        return Intermediate(number, found[0], found[1], controls)
    raise WireError(f"an answer of an unknown kind (tag {tag:#04x})")


def outline(data: bytes, start: int, stop: int, _read: ReadAttributes) -> Message:
    """Tell only whose a message is and of what kind. Raises `WireError`."""
    head = ber.element(data, start, stop)
    number = ber.number(data, head)
    tag = ber.element(data, head[2], stop)[0]
    if tag == _ENTRY:
        return Entry(number, b"", ())
    if tag == _REFERENCE:
        return Reference(number, [])
    return Intermediate(number, None, None) if tag == _INTERMEDIATE else Result(number, 0)


def read_attributes(data: bytes, position: int, limit: int) -> list[Attribute]:
    """Decode a PartialAttributeList (§4.5.2).

    This is where the time goes, and so it is one loop: calls for each attribute take a seventh to a third longer.
    Raises `WireError`, or `IndexError` where the bytes end too early.
    """
    tag, position, stop = ber.element(data, position, limit)
    if tag != SEQUENCE or stop != limit:
        raise WireError("an entry without a list of attributes")
    found: list[Attribute] = []
    append = found.append
    while position < limit:
        tag, length = data[position], data[position + 1]
        if tag == SEQUENCE and data[position + 3] < length < 128 and data[position + 2] == OCTET_STRING:
            # one short value under a short name: nearly all of them
            start = position + 4
            end = start + data[position + 3]
            size = data[end + 1]
            stop = end + 2 + size
            if (
                size > 1
                and stop == position + 2 + length <= limit
                and data[end] == SET
                and data[end + 2] == OCTET_STRING
                and data[end + 3] == size - 2
            ):
                append((data[start:end], [data[end + 4 : stop]]))
                position = stop
                continue
        position += 2
        if length > 127:
            length, position = ber.long_length(data, position, length)
        end = position + length
        size = data[position + 1]
        start = position + 2
        if tag != SEQUENCE or end > limit or length < 4 or size > 127 or data[position] != OCTET_STRING:
            append(_odd_attribute(data, tag, position, end, limit))
            position = end
            continue
        position = start + size
        name = data[start:position]
        tag, length = data[position], data[position + 1]
        position += 2
        if length > 127:
            length, position = ber.long_length(data, position, length)
        if tag != SET or position + length != end:
            raise WireError("an attribute without its values")
        values = []
        while position < end:
            tag, length = data[position], data[position + 1]
            position += 2
            if length > 127:
                length, position = ber.long_length(data, position, length)
            start = position
            position += length
            if tag != OCTET_STRING or position > end:
                raise WireError("a value that is no string, or ends after its attribute")
            values.append(data[start:position])
        append((name, values))
    return found


def _odd_attribute(data: bytes, tag: int, start: int, end: int, limit: int) -> Attribute:
    """Decode an attribute whose head is not the usual one."""
    if tag != SEQUENCE or end > limit:
        raise WireError("an attribute that is none, or ends after its entry")
    heads = ber.elements(data, start, end)
    if len(heads) != 2 or heads[1][0] != SET:
        raise WireError("an attribute without its values")
    return ber.text(data, heads[0]), ber.strings(data, heads[1][1], heads[1][2])


def _result(
    data: bytes, number: int, heads: list[ber.Element], controls: Controls, tags: tuple[int | None, int | None]
) -> Result:
    """Decode an LDAPResult (§4.1.9), or the response around one with two strings behind it that may be missing."""
    if len(heads) < 3:
        raise WireError("a result without its code and texts")
    code = ber.number(data, heads[0], ENUMERATED)
    matched, message = ber.text(data, heads[1]), ber.text(data, heads[2])
    rest = heads[3:]
    referrals: list[bytes] = []
    if rest and rest[0][0] == _REFERRALS:
        referrals = ber.strings(data, rest[0][1], rest[0][2])
        rest = rest[1:]
        if not referrals:
            raise WireError("a referral to nowhere")
    name, value = _optional(data, rest, tags)
    return Result(number, code, matched, message, referrals, name, value, controls)


def _optional(
    data: bytes, heads: Sequence[ber.Element], tags: tuple[int | None, int | None]
) -> tuple[bytes | None, bytes | None]:
    """Decode two strings, each of which may be missing, and nothing else."""
    found: list[bytes | None] = []
    left = list(heads)
    for tag in tags:
        found.append(ber.text(data, left.pop(0), tag) if tag is not None and left and left[0][0] == tag else None)
    if left:
        raise WireError("something unknown at the end of an answer")
    return found[0], found[1]


def _controls(data: bytes, position: int, limit: int) -> Controls:
    tag, start, stop = ber.element(data, position, limit)
    if tag != CONTROLS or stop != limit:
        raise WireError("something unknown behind an answer")
    return tuple(_read_control(data, one) for one in ber.elements(data, start, stop))


def _read_control(data: bytes, one: ber.Element) -> Control:
    heads = ber.elements(data, one[1], one[2])
    if one[0] != SEQUENCE or not heads:
        raise WireError("a control that is none")
    rest = heads[1:]
    critical = bool(rest and rest[0][0] == ber.BOOLEAN) and ber.truth(data, rest.pop(0))
    value = ber.text(data, rest.pop(0)) if rest else None
    if rest:
        raise WireError("something unknown in a control")
    try:
        return Control(ber.text(data, heads[0]).decode("ascii"), critical, value)
    except UnicodeDecodeError:
        raise WireError("a control without an object identifier") from None
