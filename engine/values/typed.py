"""Typed values: from what a system gives to canonical JSON, to what an expression sees, and their equality.

Canonical JSON forms: text, decimal, date and datetime as text (ISO 8601, datetimes in UTC), binary as base64,
integer and boolean as themselves. An attribute is always a list of values; one without values is absent.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, NamedTuple

from engine.values import zones
from storage.records import Attributes

MAX_LENGTH = 1_000_000
"""The longest text a value may have, in characters."""

MAX_DIGITS = 1_000
"""The longest decimal, in digits on either side of its point."""

_GENERALIZED_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)", re.ASCII
)

TRUE = frozenset({"true", "yes", "1", "on"})
FALSE = frozenset({"false", "no", "0", "off"})


class InvalidValue(ValueError):
    """A value does not have its attribute's type."""


class AttributeType(NamedTuple):
    """What kind of values an attribute holds, and whether more than one."""

    kind: str
    multi: bool = False

    def __str__(self) -> str:
        return self.kind + ("[]" if self.multi else "")


TEXT = AttributeType("text")


def _text(raw: str) -> str:
    if len(raw) > MAX_LENGTH:
        raise InvalidValue(f"is {len(raw):,} characters long; at most {MAX_LENGTH:,} are taken")
    if "\0" in raw:
        raise InvalidValue("holds a NUL byte")
    if not raw.isascii():
        try:
            raw.encode()
        except UnicodeEncodeError:
            raise InvalidValue("holds half of a character (a lone surrogate)") from None
    return raw


def _integer(raw: str) -> int:
    try:
        value = int(raw) if "_" not in raw else None
    except ValueError:
        value = None
    if value is None:
        raise InvalidValue(f"'{_short(raw)}' is not an integer")
    if not -(2**63) <= value < 2**63:
        raise InvalidValue(f"'{_short(raw)}' is beyond 64 bits")
    return value


def _decimal(raw: str) -> str:
    try:
        value = Decimal(raw) if "_" not in raw else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InvalidValue(f"'{_short(raw)}' is not a finite decimal number")
    exponent = value.as_tuple().exponent
    if abs(value.adjusted()) > MAX_DIGITS or (isinstance(exponent, int) and abs(exponent) > MAX_DIGITS):
        raise InvalidValue(f"'{_short(raw)}' has more than {MAX_DIGITS} digits")
    plain = format(value, "f")  # exact, unlike normalize(), which rounds to the context's precision
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def _boolean(raw: str) -> bool:
    word = raw.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise InvalidValue(f"'{_short(raw)}' is not a boolean (true or false)")


@lru_cache(maxsize=20_000)
def _date(raw: str) -> str:
    try:
        return date.fromisoformat(raw.strip()).isoformat()
    except ValueError:
        raise InvalidValue(f"'{_short(raw)}' is not a date (ISO 8601, such as 2024-02-29)") from None


def _datetime(raw: str) -> str:
    text = raw.strip()
    try:
        moment = _generalized_time(text) or datetime.fromisoformat(text)
        return zones.aware(moment).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        reason = "is not a date and time (ISO 8601, such as 2024-02-29T12:00:00Z)"
        raise InvalidValue(f"'{_short(text)}' {reason}") from None


def _generalized_time(text: str) -> datetime | None:
    """Read an LDAP GeneralizedTime (RFC 4517 §3.3.13); None for what does not look like one.

    `fromisoformat` would take the ninth digit for a separator, and tell another time. Raises ValueError.
    """
    if not text[:9].isdigit():
        return None
    found = _GENERALIZED_TIME.fullmatch(text)
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0), tzinfo=UTC)
    if fraction:
        unit = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(hours=1)
        moment += unit * int(fraction) / 10 ** len(fraction)
    if zone != "Z":
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:] or 0))
        moment -= shift if zone[0] == "+" else -shift
    return moment


def _binary(raw: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(raw, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise InvalidValue(f"'{_short(raw)}' is not base64") from None


_PARSERS: dict[str, Callable[[str], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "binary": _binary,
    "reference": _text,
}
KINDS = tuple(_PARSERS)


def parser(kind: str) -> Callable[[str], Any]:
    """Give the function that reads a text as a value of a kind."""
    return _PARSERS[kind]


def parse(kind: str, raw: str) -> Any:
    """Read a text as a value of a kind, in canonical JSON form. Raises `InvalidValue`."""
    return _PARSERS[kind](raw)


def parse_bytes(kind: str, raw: bytes) -> Any:
    """Read bytes, as a directory gives them, as a value of a kind. Raises `InvalidValue`."""
    if kind == "binary":
        return base64.b64encode(raw).decode()
    try:
        return parse(kind, raw.decode())
    except UnicodeDecodeError:
        raise InvalidValue("is not UTF-8; declare the attribute as binary") from None


def bytes_parser(kind: str) -> Callable[[bytes], Any]:
    """Give the function that reads bytes as a value of a kind, as `parse_bytes` does; it raises `InvalidValue`."""
    return _short_text if kind in ("text", "reference") else partial(parse_bytes, kind)


def _short_text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return str(parse_bytes("text", raw))
    return _text(text) if "\0" in text or len(text) > MAX_LENGTH else text


def to_bytes(kind: str, value: Any) -> bytes:
    """Give a canonical value as the bytes that a directory takes."""
    return base64.b64decode(value) if kind == "binary" else to_text(kind, value).encode()


def bytes_writer(kind: str) -> Callable[[Any], bytes]:
    """Give the function that writes canonical values of a kind as bytes, as `to_bytes` does."""
    return _written_text if kind in ("text", "reference") else partial(to_bytes, kind)


def _written_text(value: Any) -> bytes:
    """Write a text; what was taken for another kind, before its declaration changed, is no text yet."""
    return value.encode() if isinstance(value, str) else to_bytes("text", value)


def to_text(kind: str, value: Any) -> str:
    """Give a canonical value as the text that a system takes."""
    if kind == "boolean":
        return "TRUE" if value else "FALSE"
    if kind == "datetime":
        moment = datetime.fromisoformat(value)
        fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
        return f"{moment.year:04}{moment:%m%d%H%M%S}{fraction}Z"
    return str(value)


def present(kind: str, value: Any) -> Any:
    """Give a canonical value as an expression sees it: a date, a Decimal, bytes and so on."""
    match kind:
        case "date":
            return date.fromisoformat(value)
        case "datetime":
            return datetime.fromisoformat(value)
        case "decimal":
            return Decimal(value)
        case "binary":
            return base64.b64decode(value)
        case _:
            return value


def canonical(kind: str, value: Any) -> Any:
    """Give what an expression computed as a canonical value of a kind. Raises `InvalidValue`."""
    if isinstance(value, bytes):
        return parse_bytes(kind, value)
    if isinstance(value, datetime):
        return parse(kind, value.isoformat())
    if isinstance(value, date):
        return parse(kind, value.isoformat())
    return parse(kind, value if isinstance(value, str) else str(value))


def same(left: list[Any], right: list[Any]) -> bool:
    """Tell whether two lists hold the same values, whatever their order."""
    if len(left) < 2 and len(right) < 2:
        return left == right
    return len(left) == len(right) and set(left) == set(right)


def differences(current: Attributes, desired: Attributes, names: list[str]) -> list[str]:
    """Name the attributes in which two objects differ."""
    return [name for name in names if not same(current.get(name, []), desired.get(name, []))]


def _short(raw: str) -> str:
    return raw if len(raw) <= 60 else f"{raw[:57]}…"
