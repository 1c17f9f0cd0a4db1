"""Attributes with so many values that Active Directory gives them part by part (MS-ADTS §3.1.1.3.1.3.3)."""

from engine.connectors.entries import part_of
from engine.connectors.ldap.link import Search, find
from engine.connectors.ldap.messages import Entry
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.results import explain_result
from engine.connectors.ldap.session import Session
from engine.errors import ConnectionLost
from engine.values.attribute_descriptions import usual

MOST = 20_000_000
"""How many values an attribute may have."""


def rest_of(session: Session, entry_dn: str, name: str, start: int) -> list[bytes]:
    """Read the values of an entry's attribute from a number on. Raises `ConnectionLost` where they are not given."""
    values: list[bytes] = []
    following: int | None = start
    while following is not None:
        found, after = _part(session, entry_dn, name, following)
        values += found
        if after is not None and (not found or not following < after or len(values) > MOST):
            told = f"part after part of {name} comes, and no end: look into the server's log"
            raise ConnectionLost(f"'{session.name}': {entry_dn}: {told}")
        following = after
    return values


def _part(session: Session, entry_dn: str, name: str, start: int) -> tuple[list[bytes], int | None]:
    search = Search(entry_dn, "(objectClass=*)", [f"{name};range={start}-*"], BASE)
    found, result = session.read(lambda link: find(link, search))
    for one in found:
        for description, values in one.attributes if isinstance(one, Entry) else ():
            part = part_of(description)
            if part is not None and usual(part[0]) == usual(name):
                return values, part[1]
    why = explain_result(result).message if result.code else "the entry was changed meanwhile"
    raise ConnectionLost(f"'{session.name}': {entry_dn}: the values of {name} from {start:,} on are missing: {why}")
