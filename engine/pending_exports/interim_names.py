"""Interim names: what an account is called while others of its circle change names."""

import re
import secrets

from engine.values import dn
from storage.records import Cso

INTERIM = "interlock-interim-"
"""How a name in between begins; of a DN, its RDN's value."""
_OURS = re.compile(rf"{INTERIM}\d+-[0-9a-f]{{8}}")


def interim_name(cso: Cso, new_secondary_id: str, *, is_dn: bool) -> str:
    """Give the name in between of an account: one that nobody else can have; as a DN, with its new RDN's attribute."""
    name = f"{INTERIM}{cso.id}-{secrets.token_hex(4)}"
    if not is_dn:
        return name
    attribute = dn.own_rdn(new_secondary_id)[0][0]
    return f"{attribute}={name},{dn.parent(cso.secondary_id or '')}"


def is_interim(secondary_id: str | None) -> bool:
    """Tell whether a DN, or what else objects are called by, is a name in between."""
    if secondary_id is None or INTERIM not in secondary_id:
        return False
    try:
        return any(value.startswith(INTERIM) for _, value in dn.own_rdn(secondary_id))
    except dn.InvalidDn:
        return _OURS.fullmatch(secondary_id) is not None
