"""Matching rules: when two values of an attribute are the same (RFC 4517 §4.2), however a directory writes them."""

from collections.abc import Callable
from typing import Any

from engine.values import dn
from engine.values.folding import folded

Matching = Callable[[Any], Any] | None
"""Gives the form of a value in which equal values are equal; None where they are equal as they are."""


def _case_ignore(value: Any) -> str:
    """caseIgnoreMatch: case and runs of spaces make no difference."""
    return " ".join(folded(str(value)).split())


def _telephone(value: Any) -> str:
    """telephoneNumberMatch: spaces and hyphens make no difference, nor does case."""
    return "".join(char for char in folded(str(value)) if char != "-" and not char.isspace())


def _dn(value: Any) -> str:
    """distinguishedNameMatch: however it is written."""
    try:
        return dn.key(str(value))
    except dn.InvalidDn:
        return str(value)


MATCHINGS: dict[str, Matching] = {
    "exact": None,
    "octet": None,
    "case_ignore": _case_ignore,
    "telephone": _telephone,
    "dn": _dn,
}


def same(left: list[Any], right: list[Any], matching: Matching = None) -> bool:
    """Tell whether two lists hold the same values, whatever their order."""
    if left == right:
        return True
    if len(left) < 2 and len(right) < 2 and matching is None:
        return False
    more, less = differences(left, right, matching)
    return not more and not less


def differences(current: list[Any], wanted: list[Any], matching: Matching = None) -> tuple[list[Any], list[Any]]:
    """Give what has to be added to some values, and removed from them, to have the wanted ones.

    Only what is not literally on both sides is normalised: of fifty thousand members that is one.
    """
    held, goal = set(current), set(wanted)
    add = [value for value in dict.fromkeys(wanted) if value not in held]
    remove = [value for value in dict.fromkeys(current) if value not in goal]
    if matching is None or not add:
        return add, remove
    return _differing_forms(add, remove, held & goal, matching)


def _differing_forms(
    add: list[Any], remove: list[Any], stay: set[Any], matching: Callable[[Any], Any]
) -> tuple[list[Any], list[Any]]:
    """Give those values to add whose forms are not there, and those to remove whose forms are not added."""
    leaving = {matching(value): value for value in remove}
    coming: dict[Any, Any] = {}
    for value in add:
        coming.setdefault(matching(value), value)
    new = {form: value for form, value in coming.items() if form not in leaving}
    there = _forms_like(add, stay, matching) if new else set()
    return (
        [value for form, value in new.items() if form not in there],
        [value for form, value in leaving.items() if form not in coming],
    )


def _forms_like(some: list[Any], stay: set[Any], matching: Callable[[Any], Any]) -> set[Any]:
    """Give the forms of those values that stay and could be like some others: normalising all would cost too much."""
    alike = {_roughly(one) for one in some}
    return {matching(one) for one in stay if _roughly(one) in alike}


def _roughly(value: Any) -> str:
    return folded(str(value)).replace(" ", "").replace("-", "")


def still_to_do(
    add: list[Any], remove: list[Any], present: list[Any], matching: Matching = None
) -> tuple[list[Any], list[Any]]:
    """Give those values to add that are not there yet, and those to remove that still are."""
    held = set(present)
    missing = [value for value in add if value not in held]
    left = [value for value in remove if value in held]
    if matching is None or (not missing and len(left) == len(remove)):
        return missing, left
    forms, added = {matching(value) for value in present}, {matching(value) for value in add}
    return (
        [value for value in missing if matching(value) not in forms],
        [value for value in remove if matching(value) in forms - added],
    )
