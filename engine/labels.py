"""What a person calls an object: the person's name first, then the id."""

from collections.abc import Mapping

from engine.values.typed import AttributeType
from storage.labels import account_of, labelled, name_of
from storage.records import Attributes, Cso, Mvo


def label_of(cso: Cso) -> str:
    """Give what a person calls a CSO: its name, with its DN or other secondary id, else its primary external id."""
    return labelled(name_of(cso.attributes), cso.secondary_id, cso.external_id, f"cso-{cso.id}")


def with_references(mvo: Mvo, declared: Mapping[str, AttributeType]) -> Attributes:
    """Give an MVO's attributes with its references as ids that a person can follow: `mvo-12`."""
    return {
        name: [f"mvo-{value}" for value in values]
        if name in declared and declared[name].kind == "reference"
        else values
        for name, values in mvo.attributes.items()
    }


def label_of_mvo(mvo: Mvo) -> str:
    """Give what a person calls an MVO: its name, with its id."""
    return labelled(name_of(mvo.attributes), f"mvo-{mvo.id}")


def label_among_others(mvo: Mvo) -> str:
    """Give what a person calls an MVO in a list that shows its id besides: its name, with its account or its number."""
    return labelled(name_of(mvo.attributes), account_of(mvo.attributes), f"mvo-{mvo.id}")
