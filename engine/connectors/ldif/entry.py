"""An entry of LDIF, and the quick way to read nearly all of them."""

import binascii
import re
from functools import lru_cache
from typing import NamedTuple

from engine.connectors.ldif.doubts import why_two
from engine.values import dn

_DESCRIPTION = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*(;[A-Za-z0-9._=-]+)*")
"""An attribute description (RFC 2849 `AttributeDescription`), with the signs that servers allow besides."""
_PERHAPS_HIDDEN = re.compile(rb"\n[^\n]{0,2}dn:", re.IGNORECASE)
"""A line behind the first that may be the first one of another entry."""


class Entry(NamedTuple):
    """One entry: its DN, and its attributes in lower case with raw values in their order."""

    dn: str
    attributes: dict[str, list[bytes]]
    line: int
    spelling: dict[str, str]
    """Attribute names as they were written, by their lower-case form."""
    wrong: str = ""
    """What is wrong with its DN."""
    cut: bool = False
    """Whether the file ends in it, before the end of a line."""
    is_change: bool = False
    """Whether it is written as a change record that adds it."""
    torn: str = ""
    """Why another entry may stand in it."""
    size: int = 0
    """How many bytes its lines have."""
    fingerprint: bytes | None = None
    """That of its lines, where somebody asked for it."""

    def first(self, name: str) -> str | None:
        """Give the first value of an attribute as text, if it has one."""
        found = self.attributes.get(name.lower())
        return found[0].decode(errors="replace") if found else None


@lru_cache(maxsize=4096)
def is_description(name: bytes) -> bool:
    """Tell whether a line may begin so."""
    return _DESCRIPTION.fullmatch(name) is not None


def quick_entry(text: bytes, line: int, fingerprint: bytes | None = None) -> Entry | None:
    """Read a record whose lines end with line feeds, the last one left out, and that begins at a line.

    None where anything is unusual about it: the thorough way is `parse_entry`, which also says what is wrong.
    """
    if not text.startswith(b"dn:") or b"\n#" in text:
        return None
    if b"dn:" in text[3:].lower() and _PERHAPS_HIDDEN.search(text):
        return None
    attributes: dict[str, list[bytes]] = {}
    spelling: dict[str, str] = {}
    try:
        for part in text.replace(b"\n ", b"").split(b"\n"):
            written, colon, rest = part.partition(b":")
            name, spelled = _named(written)
            if not colon:
                return None
            value = rest.lstrip(b" ") if rest.startswith(b" ") else _not_spaced(rest)
            if name in attributes:
                attributes[name].append(value)
            else:
                attributes[name] = [value]
            spelling[name] = spelled
    except _Unusual:
        return None
    raw = attributes.pop("dn")
    del spelling["dn"]
    if len(raw) > 1:
        return None
    entry_dn, wrong = dn.from_bytes(raw[0])
    torn, size = why_two(attributes), len(text) + 1
    return Entry(entry_dn, attributes, line, spelling, wrong, torn=torn, size=size, fingerprint=fingerprint)


class _Unusual(Exception):
    """Raised for what the quick way does not read."""


@lru_cache(maxsize=4096)
def _named(written: bytes) -> tuple[str, str]:
    """Give the name of an attribute in lower case, and as it is written. Raises `_Unusual`, also for no name at all."""
    if not is_description(written) or written.lower() == b"changetype":
        raise _Unusual
    spelled = written.decode()
    return spelled.lower(), spelled


def _not_spaced(rest: bytes) -> bytes:
    """Give a value that follows its colon at once, or another one, behind which it is in base64. Raises `_Unusual`."""
    if rest.startswith(b"<"):
        raise _Unusual
    if not rest.startswith(b":"):
        return rest
    try:
        return binascii.a2b_base64(rest[1:].strip(), strict_mode=True)
    except binascii.Error:
        raise _Unusual from None
