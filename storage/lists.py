"""Lists of what is kept: filtered, sorted, and read a page at a time from a place in their order."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, UnaryExpression, and_, func, or_, select

from storage import audit, exports, list_words, metaverse, objects, references, reviews, runs, tombstones, transitions
from storage.audit import AuditEntry
from storage.dialects import expressions
from storage.list_columns import PLANS, Element, ListColumn
from storage.list_filters import Condition, UnknownColumn, column_of, conditions, unknown
from storage.list_queries import ListedError, ListedExport, Place, Query
from storage.records import Cso, Mvo, ReviewItem, Run
from storage.store import Transaction
from storage.transitions import Transition

__all__ = ["KINDS", "Record", "UnknownColumn", "columns", "count", "keys", "page", "rank"]

Record = (
    Cso
    | Mvo
    | ListedExport
    | ReviewItem
    | Run
    | Transition
    | ListedError
    | AuditEntry
    | tombstones.Listed
    | references.ListedOwed
)
"""A row of a list, by its kind, in the order of the kinds that they are of: objects first, what is owed last."""

KINDS = tuple(PLANS)
"""The kinds of lists there are."""


class _Order(NamedTuple):
    """By which value a list is sorted before its ids, if by any, and in which direction both go."""

    key: Element
    value: Element | None
    nullable: bool
    descending: bool

    def turned(self) -> "_Order":
        return self._replace(descending=not self.descending)


def columns(kind: str) -> tuple[str, ...]:
    """Give the names of the columns that a kind of list can be sorted and filtered by."""
    return tuple(name for name, column in PLANS[kind].columns.items() if column.sortable)


async def page(
    tx: Transaction, query: Query, *, after: Place | None = None, skip: int = 0, limit: int = 200
) -> list[tuple[Place, Record]]:
    """Read the rows that follow a place, or the first ones, each with its own place; `skip` leaves some out before.

    The place need not be one of a row that still exists. NULL stands before every value, and after it in a descending
    order. Raises `UnknownColumn`.
    """
    order = _order(query)
    chosen = select(order.key, order.key if order.value is None else order.value).where(*await _filter(tx, query))
    if after is not None:
        chosen = chosen.where(_beyond(order, after))
    found = await tx.execute(chosen.order_by(*_directions(order)).limit(limit).offset(skip))
    places: list[Place] = [(value, int(key)) for key, value in found]
    records = {_key(record): record for record in await _READERS[query.kind](tx, [key for _, key in places])}
    return [(place, records[place[1]]) for place in places]


async def count(tx: Transaction, query: Query) -> int:
    """Count the rows of a list. Raises `UnknownColumn`."""
    return await _count(tx, query, await _filter(tx, query, counting=True))


async def rank(tx: Transaction, query: Query, place: Place) -> int:
    """Count the rows that stand before a place, whether or not a row stands there. Raises `UnknownColumn`."""
    order = _order(query).turned()
    words, left = await list_words.narrow(tx, query, counting=True)
    if order.value is None and not left.terms:
        # an index that has all ids is the shortest to read
        order = order._replace(key=expressions.unindexed(order.key))
    return await _count(tx, query, [*words, *conditions(left), _beyond(order, place)])


async def keys(tx: Transaction, query: Query) -> list[int]:
    """Give the ids of all rows of a list, in its order. Raises `UnknownColumn`."""
    order = _order(query)
    chosen = select(order.key).where(*await _filter(tx, query)).order_by(*_directions(order))
    return list((await tx.execute(chosen)).scalars())


async def _filter(tx: Transaction, query: Query, *, counting: bool = False) -> list[Condition]:
    words, left = await list_words.narrow(tx, query, counting=counting)
    return [*words, *conditions(left)]


async def _count(tx: Transaction, query: Query, found: list[Condition]) -> int:
    counted = select(func.count()).select_from(PLANS[query.kind].key.table).where(*found)
    return int((await tx.execute(counted)).scalar_one())


def _order(query: Query) -> _Order:
    plan = PLANS[query.kind]
    if query.sort is None:
        return _Order(plan.key, None, nullable=False, descending=query.descending or plan.newest_first)
    column: ListColumn | None = column_of(query, query.sort)
    if column is None or not column.sortable:
        raise unknown(query, query.sort, sorting=True)
    value = None if column.value is plan.key else column.value
    return _Order(plan.key, value, column.nullable, query.descending)


def _directions(order: _Order) -> Sequence[UnaryExpression[Any]]:
    sorted_by = [order.key] if order.value is None else [order.value, order.key]
    if order.descending:
        return [element.desc().nulls_last() for element in sorted_by]
    return [element.asc().nulls_first() for element in sorted_by]


def _beyond(order: _Order, place: Place) -> ColumnElement[bool]:
    """Give the condition of standing after a place, in a form that an index on the value can be used for."""
    value, key = place
    column = order.value
    later = order.key < key if order.descending else order.key > key
    if column is None:
        return later
    if value is None:
        return and_(column.is_(None), later) if order.descending else or_(column.is_not(None), later)
    if not order.descending:
        return and_(column >= value, or_(column > value, later))
    below = and_(column <= value, or_(column < value, later))
    return or_(below, column.is_(None)) if order.nullable else below


_READERS: dict[str, Callable[[Transaction, list[int]], Awaitable[Sequence[Record]]]] = {
    "objects": objects.get,
    "metaverse": metaverse.get,
    "exports": exports.listed,
    "review": reviews.get,
    "runs": runs.among,
    "transitions": transitions.among,
    "errors": runs.errors_among,
    "audit": audit.get,
    "deleted": tombstones.listed,
    "owed": references.listed,
}


def _key(record: Record) -> int:
    return record.export.id if isinstance(record, ListedExport) else record.id
