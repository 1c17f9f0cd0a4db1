"""What a person calls an object, the same wherever it is named: its name first, then what its system calls it."""

from functools import lru_cache

from sqlalchemy import Text, case, cast, func, or_

from storage.records import Attributes
from storage.tables import objects

_WHOLE = ("displayname", "fullname", "commonname", "cn", "name")
_FIRST = ("givenname", "firstname", "forename")
_LAST = ("surname", "sn", "lastname", "familyname")
_LOGIN = ("accountname", "samaccountname", "uid", "login", "mail", "email")

_ACCOUNT = ("accountname", "samaccountname", "uid", "login", "userid", "employeeid", "employeenumber", "mail", "email")
"""What tells people of one name apart, the best ones first."""

KNOWN_AS = func.coalesce(
    func.nullif(objects.c.secondary_id, ""), func.nullif(objects.c.external_id, ""), "cso-" + cast(objects.c.id, Text)
)
"""What a CSO's own system calls it."""
LABEL = case(
    (or_(objects.c.name == "", objects.c.name == KNOWN_AS), KNOWN_AS),
    else_=objects.c.name + " (" + KNOWN_AS + ")",
)
"""The label of a CSO, as the store works it out."""


def name_of(attributes: Attributes) -> str:
    """Give the usual name that an object has: a whole one, else first and last, else a login; or an empty text."""
    for names in _spellings(tuple(attributes)):
        parts = [values[0] for name in names if (values := attributes[name]) and isinstance(values[0], str)]
        if found := " ".join(part.strip() for part in parts).strip():
            return found
    return ""


def account_of(attributes: Attributes) -> str | None:
    """Give what tells an object from others of its name: its account, else a number or an address."""
    for name in _accounts(tuple(attributes)):
        if (values := attributes[name]) and isinstance(values[0], str):
            return values[0]
    return None


def labelled(name: str, *known_as: str | None) -> str:
    """Put a name before the first id that there is, where the name says more; without an id, give the name alone."""
    first = next(filter(None, known_as), "")
    if not name or not first or name == first:
        return first or name
    return f"{name} ({first})"


def name_in(label: str) -> str:
    """Give the name of a label, `name (id)`."""
    return label.partition(" (")[0]


@lru_cache(maxsize=1_024)
def _accounts(names: tuple[str, ...]) -> list[str]:
    written = {"".join(filter(str.isalnum, name)).casefold(): name for name in reversed(names)}
    return [written[word] for word in _ACCOUNT if word in written]


@lru_cache(maxsize=1_024)
def _spellings(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Give the attributes whose values make a name, the best ones first, as they are written: `Full Name`, `cn`."""
    written = {"".join(filter(str.isalnum, name)).casefold(): name for name in reversed(names)}

    def known(words: tuple[str, ...]) -> list[str]:
        return [written[word] for word in words if word in written]

    whole, first, last, login = known(_WHOLE), known(_FIRST)[:1], known(_LAST)[:1], known(_LOGIN)
    parts = [(*first, *last)] if last else []
    return [*((name,) for name in whole), *parts, *((name,) for name in login)]
