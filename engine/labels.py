"""What a person calls an object."""

from storage.records import Cso, Mvo

_NAMES = ("display_name", "displayName", "name", "cn", "account_name", "mail")


def label_of(cso: Cso) -> str:
    """Give what a person calls a CSO: its DN or other secondary id, else its primary external id."""
    return cso.secondary_id or cso.external_id or f"cso-{cso.id}"


def label_of_mvo(mvo: Mvo) -> str:
    """Give what a person calls an MVO: the first of the usual names, with its id."""
    for name in _NAMES:
        if values := mvo.attributes.get(name):
            return f"{values[0]} (mvo-{mvo.id})"
    return f"mvo-{mvo.id}"
