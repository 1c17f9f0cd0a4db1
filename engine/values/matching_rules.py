"""Matching rules: when two values of an attribute are the same (RFC 4517 §4.2), however a directory writes them."""

import unicodedata
from collections.abc import Callable
from typing import Any

from engine.values import dn

Matching = Callable[[Any], Any] | None
"""Gives the form of a value in which equal values are equal; None where they are equal as they are."""


def _case_ignore(value: Any) -> str:
    """caseIgnoreMatch: case and runs of spaces make no difference."""
    return " ".join(unicodedata.normalize("NFKC", str(value).casefold()).split())


def _telephone(value: Any) -> str:
    """telephoneNumberMatch: spaces and hyphens make no difference, nor does case."""
    return "".join(char for char in str(value).casefold() if char != "-" and not char.isspace())


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
    by_form = {matching(value): value for value in remove}
    present: set[Any] = set()
    added, looked = [], False
    for value in add:
        form = matching(value)
        if form in by_form:
            del by_form[form]
        elif form not in present:
            if not looked:
                alike = {_roughly(one) for one in add}  # normalising all that stays would cost more than the rest
                present |= {matching(one) for one in held & goal if _roughly(one) in alike}
                looked = True
            if form not in present:
                added.append(value)
        present.add(form)
    return added, list(by_form.values())


def _roughly(value: Any) -> str:
    return str(value).casefold().replace(" ", "").replace("-", "")


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
