"""Filters for usual formats: bits, telephone numbers, names as they are written, octets as text."""

import base64
import binascii
import importlib
import re
import unicodedata
import uuid
from importlib.util import find_spec

from jinja2 import Undefined

from engine.values.windows import guid_text, sid_text

_PARTICLES = frozenset(
    {
        *("af", "al", "auf", "aus", "d", "da", "das", "de", "dei", "del", "della", "den", "der", "des", "di", "do"),
        *("dos", "du", "e", "el", "ibn", "la", "las", "le", "los", "op", "t", "te", "ten", "ter", "und", "van", "vom"),
        *("von", "y", "zu", "zum", "zur"),
    }
)
"""Words that stay small within a name."""
_NUMBERS = frozenset({"ii", "iii", "iv", "vii", "viii", "xii", "xiii", "xiv", "xv", "xvi"})
"""Roman numbers that are nobody's name."""
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def set_bits(value: object, bits: int) -> int:
    """Give a number with some bits set: 512 with 2 is 514."""
    return _number(value) | bits


def clear_bits(value: object, bits: int) -> int:
    """Give a number without some bits: 514 without 2 is 512."""
    return _number(value) & ~bits


def has_bits(value: object, bits: int) -> bool:
    """Tell whether a number has all of some bits; one that is absent has none."""
    if value is None or isinstance(value, Undefined):
        return False
    return _number(value) & bits == bits


def _number(value: object) -> int:
    if value is None or isinstance(value, Undefined):
        raise ValueError("there is no number: '| default(0)' covers an absent one")
    return int(str(value))


def has_phone() -> bool:
    """Tell whether telephone numbers can be read: the package for it is an extra."""
    return find_spec("phonenumbers") is not None


def phone(value: object, region: str | None = None) -> str:
    """Write a telephone number as E.164 has it; `region` is that of numbers that name none: `030 1234` of `DE`."""
    numbers = importlib.import_module("phonenumbers")
    if region is not None and region not in numbers.SUPPORTED_REGIONS:
        raise ValueError(f"'{region}' is no region of telephone numbers, such as DE or GB")
    try:
        found = numbers.parse(str(value), region)
    except numbers.NumberParseException as error:
        raise ValueError(f"'{value}' is no telephone number: {error}") from None
    if numbers.is_possible_number_with_reason(found) != numbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(f"'{value}' is no telephone number of {region or 'any region'}: too short, or too long")
    return str(numbers.format_number(found, numbers.PhoneNumberFormat.E164))


def normalise(value: object, form: str = "NFC") -> str:
    """Bring a text into a normal form of Unicode, in which equal texts are equal characters."""
    match form:
        case "NFC" | "NFD" | "NFKC" | "NFKD":
            return unicodedata.normalize(form, str(value))
        case _:
            raise ValueError(f"'{form}' is no normal form: use {', '.join(_FORMS)}")


def title_case(value: object) -> str:
    """Write a name as people write it: `MCDONALD` → `McDonald`, `VAN DER BERG` → `van der Berg`, `o'brien` → `O'Brien`.

    A word that has capitals within it was written by somebody who knew, and stays.
    """
    return " ".join("-".join(map(_word, word.split("-"))) for word in str(value).split())


def _word(word: str) -> str:
    if word.lower() in _PARTICLES:
        return word.lower()
    if word.lower() in _NUMBERS:
        return word.upper()
    if word not in (word.lower(), word.upper(), word.capitalize()):
        return word
    head, mark, rest = _apart(word)
    if not mark:
        return _capital(head)
    return ("d" if head in ("d", "D") and word[0] == "d" else _capital(head)) + mark + _capital(rest)


def _apart(word: str) -> tuple[str, str, str]:
    """Split a name at an apostrophe that two parts of it stand beside: `o'brien`, and not `king's`."""
    for mark in "'’":
        head, found, rest = word.partition(mark)
        if found and head and len(rest) > 1:
            return head, found, rest
    return word, "", ""


def _capital(part: str) -> str:
    low = part.lower()
    if low.startswith("mc") and len(low) > 3:
        return f"Mc{_capital(low[2:])}"
    first = low[:1].upper()
    return (first if len(first) == 1 else low[:1]) + low[1:]


def sid(value: object) -> str:
    """Write a Windows security identifier as text: `S-1-5-21-…` (MS-DTYP §2.4.2)."""
    if isinstance(value, str) and re.fullmatch(r"S-\d+(-\d+)+", value):
        return value
    return sid_text(_octets(value))


def guid(value: object) -> str:
    """Write a GUID as Windows does: its first three parts are little-endian (MS-DTYP §2.3.4)."""
    if isinstance(value, str):
        try:
            return str(uuid.UUID(value))
        except ValueError:
            pass  # octets, then
    return guid_text(_octets(value))


def base64_of(value: object) -> str:
    """Write octets, or the UTF-8 of a text, in base64."""
    raw = bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()
    return base64.b64encode(raw).decode()


def _octets(value: object) -> bytes:
    """Give octets; those of an attribute that is not declared as binary stand there in base64."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error:
        raise ValueError("octets are wanted: declare the attribute as binary") from None


FORMATS = {
    "set_bits": set_bits,
    "clear_bits": clear_bits,
    "has_bits": has_bits,
    "phone": phone,
    "normalise": normalise,
    "title_case": title_case,
    "sid": sid,
    "guid": guid,
    "base64": base64_of,
}
