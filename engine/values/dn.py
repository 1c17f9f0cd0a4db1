"""Distinguished names after RFC 4514: parse, escape, compare."""

import re
import string
from contextlib import suppress
from functools import lru_cache

from engine.values.attribute_descriptions import usual
from engine.values.folding import folded

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+")
"""An attribute type: a short name or a numeric OID (RFC 4512 §1.4)."""

Rdn = list[tuple[str, str]]
"""One relative distinguished name: (attribute type, unescaped value) pairs, more than one if multi-valued."""

_SPECIAL = frozenset('"+,;<>\\')
_ESCAPABLE = _SPECIAL | frozenset(" #=")
_PLAIN = re.compile(r"""(?![ #])[^"+,;<>\\\0]*(?<! )""")
"""What needs no escape."""
_SIMPLE_RDN = re.compile(r"[A-Za-z][A-Za-z0-9-]*=[A-Za-z0-9._@-]+(?: [A-Za-z0-9._@-]+)*", re.ASCII)
"""An RDN that is its own normal form but for its case."""
_HEX = frozenset(string.hexdigits)
_ESCAPED_OR = {mark: re.compile(rf"\\.|[{marks}]", re.DOTALL) for mark, marks in ((",", ",;"), ("+", "+"))}


class InvalidDn(ValueError):
    """The text is not a distinguished name."""


def escape(value: str) -> str:
    """Escape a value so that it can stand in a DN (RFC 4514 §2.4)."""
    if _PLAIN.fullmatch(value):
        return value
    plain = "".join(f"\\{char}" if char in _SPECIAL else char for char in value).replace("\0", "\\00")
    if plain.endswith(" ") and len(value) > 1:
        plain = plain[:-1] + "\\ "
    if plain[:1] in (" ", "#"):
        plain = "\\" + plain
    return plain


def parse(dn: str) -> list[Rdn]:
    """Split a DN into its RDNs, the object's own first. Raises `InvalidDn`."""
    if not dn.strip():
        return []
    rdns: list[Rdn] = []
    for part in split(dn, ","):
        rdns.append([_pair(ava, dn) for ava in split(part, "+")])
    return rdns


def split(text: str, separator: str) -> list[str]:
    """Split at every separator that no backslash escapes; old DNs have semicolons for commas (RFC 2253 §4)."""
    if "\\" not in text:
        return (text.replace(";", ",") if separator == "," else text).split(separator)
    parts, start = [], 0
    for found in _ESCAPED_OR[separator].finditer(text):
        if not found[0].startswith("\\"):
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    return parts


def _pair(ava: str, dn: str) -> tuple[str, str]:
    name, equals, value = ava.partition("=")
    name = name.strip()
    if not equals or not _TYPE.fullmatch(name):
        raise InvalidDn(f"'{dn}' is not a distinguished name: '{ava.strip()}' has no 'type=value'")
    return name, _unescape(_strip(value), dn)


def _strip(value: str) -> str:
    """Take off the white space around a value, but not an escaped space at its end."""
    value = value.lstrip(" ")
    bare = value.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and len(bare) < len(value) else bare


def _unescape(value: str, dn: str) -> str:
    if value.startswith("#"):
        return _from_hex(value)
    if "\\" not in value:
        return value
    out = bytearray()
    index = 0
    while index < len(value):
        char = value[index]
        if char != "\\":
            out += char.encode()
            index += 1
        elif value[index + 1 : index + 2] in _ESCAPABLE and index + 1 < len(value):
            out += value[index + 1].encode()
            index += 2
        elif len(value) >= index + 3 and set(value[index + 1 : index + 3]) <= _HEX:
            out.append(int(value[index + 1 : index + 3], 16))
            index += 3
        else:
            raise InvalidDn(f"'{dn}' is not a distinguished name: a backslash in '{value}' escapes nothing")
    return out.decode(errors="replace")


@lru_cache(maxsize=4096)
def _parent_key(parent: str) -> str:
    return ",".join(_rdn_key(rdn) for rdn in parse(parent))


def _from_hex(value: str) -> str:
    """Read a value given as the BER encoding of a string (RFC 4514 §2.4); anything else stays as it is."""
    try:
        raw = bytes.fromhex(value[1:])
    except ValueError:
        return value
    return raw[2:].decode(errors="replace") if len(raw) >= 2 and raw[1] == len(raw) - 2 else value


@lru_cache(maxsize=16_384)
def key(dn: str) -> str:
    """Give the form in which equal DNs are equal texts: names of attributes, case, spaces and escapes normalised.

    Values are compared as the usual naming attributes are, by caseIgnoreMatch (RFC 4518).
    """
    own, comma, above = dn.partition(",")
    if _SIMPLE_RDN.fullmatch(own):  # in which no backslash stands that could escape the comma
        name, _, value = own.lower().partition("=")
        return f"{usual(name)}={value},{_parent_key(above)}" if comma else f"{usual(name)}={value}"
    parts = split(dn, ",")
    own = _rdn_key([_pair(ava, dn) for ava in split(parts[0], "+")])
    return f"{own},{_parent_key(','.join(parts[1:]))}" if len(parts) > 1 else own


def _rdn_key(rdn: Rdn) -> str:
    return "+".join(sorted(f"{usual(name)}={_value_key(value)}" for name, value in rdn))


def _value_key(value: str) -> str:
    return escape(" ".join(folded(value).split()))


def from_bytes(raw: bytes) -> tuple[str, str]:
    """Read a DN as a directory gives it; and what is wrong with it, where it is not UTF-8: bad bytes are escaped."""
    try:
        return raw.decode(), ""
    except UnicodeDecodeError:
        text = raw.decode(errors="surrogateescape")
        shown = "".join(f"\\{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in text)
        return shown, f"the DN '{shown}' is not UTF-8; rename the entry"


def parent(dn: str) -> str:
    """Give the DN of the parent as it is written, empty for the root."""
    own, _, above = dn.partition(",")
    if "\\" not in own and ";" not in dn:
        return above
    return ",".join(split(dn, ",")[1:])


def rdn(dn: str) -> str:
    """Give the object's own RDN as it is written."""
    own = dn.partition(",")[0]
    if "\\" not in own and ";" not in own:
        return own
    return split(dn, ",")[0]


def own_rdn(dn: str) -> Rdn:
    """Give the object's own RDN. Raises `InvalidDn`, also where there is none."""
    written = rdn(dn)
    if _SIMPLE_RDN.fullmatch(written):
        name, _, value = written.partition("=")
        return [(name, value)]
    rdns = parse(written)
    if not rdns:
        raise InvalidDn("the DN is empty")
    return rdns[0]


def rdn_names(dn: str) -> list[str]:
    """Give the attribute types that the object's own RDN names; none for what is no DN."""
    try:
        return [name for name, _ in own_rdn(dn)]
    except InvalidDn:
        return []


def depth(dn: str) -> int:
    """Count the RDNs."""
    if dn and "\\" not in dn:
        return dn.count(",") + dn.count(";") + 1
    return len(split(dn, ",")) if dn else 0


def is_within(dn_key: str, base_key: str) -> bool:
    """Tell whether a DN is a base or stands below it; both in the form that `key` gives."""
    if not base_key or dn_key == base_key:
        return True
    above = dn_key.removesuffix("," + base_key)
    escaped = (len(above) - len(above.rstrip("\\"))) % 2
    return above != dn_key and not escaped


def check(dn: str) -> None:
    """Raise `InvalidDn` for a DN that no entry can have: unparsable, or with an empty RDN value."""
    own, comma, above = dn.partition(",")
    if not comma or not _SIMPLE_RDN.fullmatch(own):
        _check_whole(dn)
    elif "\\" not in above:
        _check_whole(above)
    elif not _is_sound(above):
        _check_whole(dn)


def _is_sound(dn: str) -> bool:
    with suppress(InvalidDn):
        _check_whole(dn)
        return True
    return False


@lru_cache(maxsize=4096)
def _check_whole(dn: str) -> None:
    rdns = parse(dn)
    if not rdns:
        raise InvalidDn("the DN is empty")
    for pairs in rdns:
        for name, value in pairs:
            if not value.strip():
                raise InvalidDn(f"'{dn}' has an empty value for '{name}'")
            if "\0" in value:
                raise InvalidDn(f"'{dn}' has a NUL byte in '{name}'")
