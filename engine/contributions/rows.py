"""A person's rows: the objects of one type that an MVO may have many of, and which of them gives what."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from jinja2 import Undefined

from engine.contributions.contexts import Contexts
from engine.errors import ObjectFailed
from engine.rules.compiled import Flow, InboundRule, Preference, PreferKey
from storage.records import Cso

Contender = tuple[InboundRule, Flow, Cso, Sequence[Cso]]
"""Who may give an attribute: a CSO by a flow; where that is made of all rows, the first of them, with all."""
_ALONE: Sequence[Cso] = ()


def contenders(contexts: Contexts, rule: InboundRule, flow: Flow, csos: Sequence[Cso]) -> Iterator[Contender]:
    """Give who may give an attribute by a flow, the preferred first. Raises `ContributorFailed`."""
    rows = csos if flow.prefer is None else in_order(contexts, flow.prefer, csos)
    if not flow.expression.is_of_rows:
        for cso in rows:
            yield rule, flow, cso, _ALONE
    elif rows:
        yield rule, flow, rows[0], rows


class ContributorFailed(Exception):
    """Raised where something is wrong with one of an MVO's objects, so that the MVO has to stay as it is."""

    def __init__(self, cso: Cso, failure: ObjectFailed) -> None:
        super().__init__(str(failure))
        self.cso = cso
        self.failure = failure


def in_order(contexts: Contexts, preference: Preference, csos: Sequence[Cso]) -> Sequence[Cso]:
    """Put the rows of a person in order, the preferred first; one that has nothing there comes after the others.

    Where the keys say nothing, the lower external id goes first. Raises `ContributorFailed`.
    """
    if len(csos) < 2:
        return csos
    found = sorted(csos, key=_by_external_id(preference))
    for key in reversed(preference.keys):
        ranks = {cso.id: _rank(contexts, key, cso) for cso in found}
        told = [cso for cso in found if ranks[cso.id]]
        told.sort(key=lambda cso, ranks=ranks: ranks[cso.id], reverse=key.descending)  # type: ignore[misc]
        found = told + [cso for cso in found if not ranks[cso.id]]
    return found


def _by_external_id(preference: Preference) -> Callable[[Cso], tuple[Any, ...]]:
    def place(cso: Cso) -> tuple[Any, ...]:
        text = cso.external_id
        return text is None, Decimal(text) if preference.counts and text is not None else text or "", cso.id

    return place


def _rank(contexts: Contexts, key: PreferKey, cso: Cso) -> tuple[int, Any] | None:
    """Give where a row stands by a key; None where it has nothing there. Raises `ContributorFailed`."""
    try:
        return _comparable(key, contexts.preferred(cso, key.expression))
    except ObjectFailed as failure:
        raise ContributorFailed(cso, failure) from failure


def _comparable(key: PreferKey, value: Any) -> tuple[int, Any] | None:
    """Give a value as it can be compared with any other. Raises `ObjectFailed`."""
    if isinstance(value, (list, tuple)):
        if len(value) > 1:
            raise ObjectFailed(
                "expression-error",
                f"rows are put in order by one value, and '{key.expression.source}' gives {len(value)}",
                "choose one value in 'prefer', such as phones[0], or correct the object at its source",
            )
        value = value[0] if value else None
    if value is None or value == "" or isinstance(value, Undefined):
        return None
    kinds = ((bool, int, float, Decimal), (datetime,), (date,), (bytes,))
    place = next((place for place, kind in enumerate(kinds) if isinstance(value, kind)), len(kinds))
    return (place, value) if place < len(kinds) else (place, str(value))
