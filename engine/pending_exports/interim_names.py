"""Interim names: what an account is called while others of its circle change names."""

import secrets

from engine.values import dn
from storage.records import Cso

INTERIM = "interlock-interim-"
"""How the RDN of a name in between begins."""


def interim_name(cso: Cso, new_secondary_id: str) -> str:
    """Give the name in between of an account: its new RDN's attribute, and a value that nobody else can have."""
    attribute = dn.own_rdn(new_secondary_id)[0][0]
    return f"{attribute}={INTERIM}{cso.id}-{secrets.token_hex(4)},{dn.parent(cso.secondary_id or '')}"


def is_interim(secondary_id: str | None) -> bool:
    """Tell whether a DN is a name in between; what is no DN is none."""
    if INTERIM not in (secondary_id or ""):
        return False
    try:
        return any(value.startswith(INTERIM) for _, value in dn.own_rdn(secondary_id or ""))
    except dn.InvalidDn:
        return False
