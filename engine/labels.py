"""What a person calls an object."""

from collections.abc import Mapping

from engine.values import AttributeType
from storage.records import Attributes, Cso, Mvo

_NAMES = ("display_name", "displayName", "name", "cn", "account_name", "mail")


def label_of(cso: Cso) -> str:
    """Give what a person calls a CSO: its DN or other secondary id, else its primary external id."""
    return cso.secondary_id or cso.external_id or f"cso-{cso.id}"


def name_of(attributes: Attributes) -> str:
    """Give the first of the usual names that an object has, or an empty text."""
    return next((str(values[0]) for name in _NAMES if (values := attributes.get(name))), "")


def with_references(mvo: Mvo, declared: Mapping[str, AttributeType]) -> Attributes:
    """Give an MVO's attributes with its references as ids that a person can follow: `mvo-12`."""
    return {
        name: [f"mvo-{value}" for value in values]
        if name in declared and declared[name].kind == "reference"
        else values
        for name, values in mvo.attributes.items()
    }


def label_of_mvo(mvo: Mvo) -> str:
    """Give what a person calls an MVO: the first of the usual names, with its id."""
    name = name_of(mvo.attributes)
    return f"{name} (mvo-{mvo.id})" if name else f"mvo-{mvo.id}"
