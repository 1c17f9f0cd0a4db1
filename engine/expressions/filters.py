"""The filters of expressions, beside Jinja's own: what an identity person needs."""

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from anyascii import anyascii
from jinja2 import Undefined

from engine.errors import ObjectFailed
from engine.expressions.account_control import account_control, is_enabled
from engine.expressions.formats import FORMATS
from engine.expressions.regular import replace_all
from engine.values import dn, zones
from engine.values.durations import duration


def ascii_only(value: object) -> str:
    """Write a text of any script in ASCII letters: `José Ångström` → `Jose Angstrom`."""
    return anyascii(str(value))


def slug(value: object, keep: str = "") -> str:
    """Keep ASCII letters and digits only, and the characters named in `keep`."""
    return _all_but(keep).sub("", anyascii(str(value)))


@lru_cache(maxsize=100)
def _all_but(keep: str) -> re.Pattern[str]:
    return re.compile(f"[^A-Za-z0-9{re.escape(keep)}]")


def rdn(value: object) -> str:
    """Escape a value for a DN (RFC 4514); an absent or blank one means that the DN cannot be determined."""
    text = "" if value is None or isinstance(value, Undefined) else str(value)
    if not text.strip():
        name = value._undefined_name if isinstance(value, Undefined) else None
        raise ObjectFailed(
            "dn-not-determined",
            f"the DN needs {f'{name!r}' if name else 'a value'}, which is empty",
            "give the object that value at its source, or change the rule's dn",
        )
    return dn.escape(text)


def dn_escape(value: object) -> str:
    """Escape a value for a DN (RFC 4514); an empty one stays empty."""
    return dn.escape(str(value))


def split(value: str, separator: str = ",") -> list[str]:
    """Split a text into trimmed parts, leaving out empty ones."""
    return [part.strip() for part in str(value).split(separator) if part.strip()]


def as_date(value: object, form: str | None = None) -> date:
    """Read a date: ISO 8601, or in the given `strptime` form."""
    if isinstance(value, datetime):
        return zones.day_of(value)
    if isinstance(value, date):
        return value
    text = str(value)
    return datetime.strptime(text, form).date() if form else date.fromisoformat(text[:10])


def format_date(value: object, form: str = "%Y-%m-%d") -> str:
    """Write a date in a `strftime` form; a moment, as the clocks of the time zone show it."""
    if isinstance(value, datetime):
        return zones.local(value).strftime(form)
    return (value if isinstance(value, date) else as_date(value)).strftime(form)


def filetime(value: object) -> int:
    """Give a day's beginning, or a moment, as Active Directory counts: for `accountExpires`."""
    if isinstance(value, date):
        return zones.interval(value)
    text = str(value).strip()
    return zones.interval(date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text))


def from_filetime(value: object) -> datetime | None:
    """Give the moment that Active Directory counts so; None where it means never."""
    return zones.moment_of(int(str(value)))


def plus(value: date, text: str) -> date:
    """Give the moment a duration later."""
    return value + duration(text)


def minus(value: date, text: str) -> date:
    """Give the moment a duration earlier."""
    return value - duration(text)


def digest(value: object, name: str = "sha256") -> str:
    """Give the hexadecimal hash of a text: sha256, sha512, blake2b."""
    if name not in ("sha256", "sha512", "blake2b"):
        raise ValueError(f"no hash '{name}': use sha256, sha512 or blake2b")
    return hashlib.new(name, str(value).encode()).hexdigest()


def regex_replace(value: object, pattern: str, replacement: str) -> str:
    """Replace every match of a regular expression."""
    return replace_all(pattern, replacement, str(value))


def unique(values: Iterable[Any]) -> list[Any]:
    """Keep the first of equal values."""
    return list(dict.fromkeys(values))


FILTERS = {
    **FORMATS,
    "account_control": account_control,
    "is_enabled": is_enabled,
    "duration": duration,
    "ascii": ascii_only,
    "slug": slug,
    "rdn": rdn,
    "dn_escape": dn_escape,
    "split": split,
    "date": as_date,
    "format_date": format_date,
    "plus": plus,
    "minus": minus,
    "filetime": filetime,
    "from_filetime": from_filetime,
    "hash": digest,
    "regex_replace": regex_replace,
    "unique": unique,
}
