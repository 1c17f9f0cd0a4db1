"""Which systems, types and statuses a filter of the connector space leaves, so that their index can be used.

The index gives few rows at once and counts any number quickly; but it gives them in no useful order, so that a page of
many rows is found faster by reading the objects one after the other.
"""

from sqlalchemy import false, func, select

from storage import census
from storage.dialects import expressions
from storage.list_filters import Condition, fits
from storage.list_queries import Query, Term
from storage.records import CsoStatus
from storage.store import Transaction
from storage.tables import objects as table

RARE = 20_000
"""Up to so many rows are sorted rather than looked for."""

_NAMES = ("system", "type", "status")


async def narrow(tx: Transaction, query: Query, *, counting: bool = False) -> tuple[list[Condition], Query]:
    """Turn the terms of a query that name systems, types or statuses into conditions; give them, and what is left."""
    terms = [term for term in query.terms if _is_word(query, term)]
    if not terms:
        return [], query
    left = query._replace(terms=tuple(term for term in query.terms if not _is_word(query, term)))
    there_are = await _words(tx)
    chosen = {name: _chosen(terms, name, words) for name, words in there_are.items()}
    if not all(chosen.values()):
        return [false()], left
    if chosen["status"] == there_are["status"]:
        del chosen["status"]
    indexed: list[Condition] = [table.c[name].in_(words) for name, words in chosen.items()]
    if query.sort == "external_id" or (counting and not left.terms) or await _are_rare(tx, indexed):
        return indexed, left
    return [expressions.unindexed(table.c[name]).in_(words) for name, words in chosen.items()], left


async def _words(tx: Transaction) -> dict[str, list[str]]:
    """Give the systems, types and statuses that there are."""
    kinds = await census.kinds(tx)
    return {
        "system": list(kinds),
        "type": sorted({kind for found in kinds.values() for kind in found}),
        "status": [status.value for status in CsoStatus],
    }


def _is_word(query: Query, term: Term) -> bool:
    return query.kind == "objects" and bool(term.text) and not term.pattern and (term.column or "").lower() in _NAMES


def _chosen(terms: list[Term], name: str, words: list[str]) -> list[str]:
    named = [term for term in terms if term.column and term.column.lower() == name]
    return [word for word in words if all(fits(term.text, word) != term.inverted for term in named)]


async def _are_rare(tx: Transaction, found: list[Condition]) -> bool:
    some = select(table.c.id).where(*found).limit(RARE + 1).subquery()
    return int((await tx.execute(select(func.count()).select_from(some))).scalar_one()) <= RARE
