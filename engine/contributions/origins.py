"""Who gave what: the contributors of an attribute, one or, where values are merged, several.

An MVO keeps `[CSO id, rule]` for each attribute; where values are merged, or made of all rows of a person, of the
strongest, and behind it a list of `[CSO id, rule, positions]`: which of the attribute's values each one gave.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Origin(NamedTuple):
    """Who gave which values; no CSO for what the metaverse made by itself."""

    cso_id: int | None
    rule: str
    values: list[Any]


def origins_of(by: Sequence[Any], values: Sequence[Any]) -> list[Origin]:
    """Give who gave some values of an attribute, by what an MVO keeps of its contributors."""
    if len(by) == 2:
        return [Origin(by[0], by[1], list(values))]
    return [Origin(cso_id, rule, [values[at] for at in places]) for cso_id, rule, places in by[2]]


def givers_of(by: Sequence[Any]) -> set[int]:
    """Give the CSOs that gave something of an attribute."""
    return {one for one, *_ in (by[2] if len(by) > 2 else [by]) if one is not None}


def of_rows(by: Sequence[Any], cso_ids: Sequence[int], values: Sequence[Any]) -> list[Any]:
    """Give what an MVO keeps of values that are made of several objects: each of these gave all of them."""
    places = list(range(len(values)))
    return [*by, [[cso_id, by[1], places] for cso_id in cso_ids]]


Lists = dict[str, list[Any]]


def merge(attributes: Lists, contributors: Lists, attribute: str, by: list[Any], values: list[Any]) -> None:
    """Put values beside those that an attribute has, and note who gave which."""
    places = {value: at for at, value in enumerate(attributes.get(attribute, ()))}
    origin = [*by, [places.setdefault(value, len(places)) for value in values]]
    if places:
        attributes[attribute] = list(places)
    contributors.setdefault(attribute, [*by, []])[2].append(origin)
