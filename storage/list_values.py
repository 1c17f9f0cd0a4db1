"""What a filter may be completed to: columns, attributes and their values; and which of those named nothing has.

Nothing here reads a list whole: what is proposed comes from its newest rows, or from indexes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Select, cast, select
from sqlalchemy import Text as SqlText

from storage import census
from storage.dialects import expressions
from storage.documents import decode
from storage.list_columns import PLANS, ColumnKind, ListColumn, ListPlan
from storage.list_filters import column_of
from storage.list_queries import Query
from storage.store import Transaction

SAMPLE = 500
"""Rows, the newest, whose values are proposed."""
LONGEST = 60
"""Characters of a value that is proposed."""


async def names(tx: Transaction, kind: str, begin: str, limit: int) -> list[str]:
    """Give the columns of a list, and the attributes that its newest rows have, that begin so."""
    plan = PLANS[kind]
    attributes = sorted({name for document in await _documents(tx, plan) for name in document})
    known = [*plan.columns, *(name for name in attributes if name.lower() not in plan.columns)]
    return [name for name in known if _begins(name, begin)][:limit]


async def values(tx: Transaction, kind: str, column: str, begin: str, limit: int) -> list[str]:
    """Give values of a column, or an attribute, that begin so: all words that it can hold, else the most frequent."""
    found = column_of(Query(kind), column)
    known: Sequence[str] = ()
    if found is None:
        known = await _of_attribute(tx, PLANS[kind], column)
    elif found.words or found.kind is ColumnKind.FLAG:
        known = (*found.words, *(word for word, _ in found.also)) or ("yes", "no")
    elif kind == "objects" and column.lower() in ("system", "type"):
        known = await _of_census(tx, column.lower())
    elif found.kind is not ColumnKind.NUMBER:
        known = await _of_column(tx, PLANS[kind], found)
    return proposed(known, begin, limit)


async def unknown_attributes(tx: Transaction, query: Query) -> list[tuple[str, list[str]]]:
    """Give the attributes named by a query that no row of the list has, each with known names that are like it."""
    plan = PLANS[query.kind]
    if plan.attributes is None:
        return []
    found = []
    for name in dict.fromkeys(term.column for term in query.terms if term.column):
        if column_of(query, name) is None and not await _is_there(tx, plan, name):
            known = [*plan.columns, *{one for document in await _documents(tx, plan) for one in document}]
            found.append((name, get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.8)))
    return found


async def _is_there(tx: Transaction, plan: ListPlan, name: str) -> bool:
    has: Any = expressions.has_attribute(plan.attributes, expressions.storable(name))  # type: ignore[arg-type]
    return (await tx.execute(select(plan.key).where(has).limit(1))).first() is not None


async def _documents(tx: Transaction, plan: ListPlan) -> list[dict[str, Any]]:
    """Read the attributes of the newest rows."""
    if plan.attributes is None:
        return []
    rows = await tx.execute(_newest(plan, plan.attributes))
    return [decode(text) for text in rows.scalars() if text]


def _newest(plan: ListPlan, element: Any) -> Select[Any]:
    return select(element).order_by(plan.key.desc()).limit(SAMPLE)


async def _of_attribute(tx: Transaction, plan: ListPlan, name: str) -> list[str]:
    counted = Counter[str]()
    for document in await _documents(tx, plan):
        for key, held in document.items():
            if key.lower() == name.lower():
                counted.update(str(one) for one in (held if isinstance(held, list) else [held]))
    return frequent(counted)


async def _of_census(tx: Transaction, column: str) -> list[str]:
    kinds = await census.kinds(tx)
    return list(kinds) if column == "system" else sorted({kind for found in kinds.values() for kind in found})


async def _of_column(tx: Transaction, plan: ListPlan, column: ListColumn) -> list[str]:
    chosen = cast(column.value, SqlText)
    rows = await tx.execute(select(chosen).limit(SAMPLE) if column.of_step else _newest(plan, chosen))
    return frequent(Counter(value for value in rows.scalars() if value))


def frequent(counted: Counter[str]) -> list[str]:
    """Give what was counted, the most frequent first."""
    return sorted(counted, key=lambda value: (-counted[value], value))


def proposed(known: Iterable[str], begin: str, limit: int) -> list[str]:
    """Give the first values that begin so, none of them empty or too long to be read."""
    return [value for value in known if _begins(value, begin) and 0 < len(value) <= LONGEST][:limit]


def _begins(text: str, begin: str) -> bool:
    return text.casefold().startswith(begin.casefold())
