"""Lists for the screens and the command line: pages of rows, and the line by which an operator filters them."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from engine.labels import label_among_others, label_of
from engine.workspace import Workspace
from storage import list_filters, list_values, lists, references, tombstones
from storage.list_queries import ListedError, ListedExport, Place, Query, Term
from storage.records import Cso, Mvo, PendingExport
from storage.store import Transaction
from storage.transitions import Transition
from tui.feed.naming import names_in, told_by

__all__ = ["COLUMNS", "Document", "Place", "Query", "Term", "count", "keys", "listing", "page", "parse_filter", "rank"]

Document = dict[str, Any]
"""A row or a whole thing, ready for JSON."""
COLUMNS: dict[str, tuple[str, ...]] = {kind: lists.columns(kind) for kind in lists.KINDS}
"""The names of the columns that each kind of list can be sorted and filtered by."""
PAGE = 500
SUGGESTED = 12
"""Words that are proposed at once."""

_PREFIXES = {"objects": "cso", "metaverse": "mvo", "exports": "exp", "review": "rev", "runs": "run", "audit": "audit"}
_STATUS_COLUMNS = {"objects": "status", "exports": "status", "review": "state", "runs": "result", "transitions": "to"}
_SEARCHED_COLUMNS = {"exports": "object", "review": "object", "runs": "profile"}
_ID_COLUMNS = {"objects": ("external_id", "secondary_id")}
_WORD = re.compile(r'\s*(!?)(?:([A-Za-z_][A-Za-z0-9_-]*):)?(~?)(?:"([^"]*)"?|(\S*))')


def parse_filter(text: str) -> tuple[Term, ...]:
    """Read the line of a filter: `text`, `"a text"`, `column:value`, `column:"a value"`, and each after `!` for not so.

    A `~` before the text or value makes it a regular expression. Any line can be read: a quote that is not closed runs
    to the end, and what is no column's name belongs to the text.
    """
    terms = []
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None or found.end() == place:
            break
        place = found.end()
        inverted, column, tilde, quoted, plain = found.groups()
        value = quoted if quoted is not None else plain
        if value or (column and not tilde):  # of a pattern that is being typed, there is nothing yet
            terms.append(Term(value, column, bool(inverted), pattern=bool(tilde)))
    return tuple(terms)


def unfinished(line: str) -> tuple[int, str | None, str]:
    """Give what is being typed at the end of a filter's line: where it begins, of which column, what there is of it.

    Without a column it is a text, or the beginning of a column's name. Of a regular expression, there is nothing.
    """
    place = 0
    while place < len(line) and (found := _WORD.match(line, place)) is not None:
        _, column, tilde, quoted, plain = found.groups()
        if found.end() == len(line):
            is_ended = quoted is not None and found.end(4) < len(line)
            if tilde or is_ended:
                break
            return (found.start(5), column, plain) if quoted is None else (found.start(4) - 1, column, quoted)
        place = found.end()
    return len(line), None, ""


async def suggest(workspace: Workspace, kind: str, column: str | None, begin: str) -> list[str]:
    """Give columns and attributes of a list that begin so, or values of one column. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        if column is None:
            return await list_values.names(tx, kind, begin, SUGGESTED)
        return await list_values.values(tx, kind, column, begin, SUGGESTED)


async def unknown_attributes(workspace: Workspace, query: Query) -> list[str]:
    """Say of the attributes that a query names which of them no row of the list has. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        found = await list_values.unknown_attributes(tx, query)
    return [
        f"nothing here has an attribute '{name}'" + (f"; there is {', '.join(like)}" if like else "")
        for name, like in found
    ]


def refuse(query: Query) -> None:
    """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
    list_filters.conditions(query)


async def page(
    workspace: Workspace, query: Query, after: Place | None = None, skip: int = 0, limit: int = 200
) -> list[Document]:
    """Read the rows that follow a place, or the first ones, each with its `key`, its `place` and what it is made of.

    `skip` leaves some rows out before. `names` of a row are those of the ids in what it tells. Raises `UnknownColumn`
    or `StoreError`.
    """
    async with workspace.store.reading() as tx:
        found = await lists.page(tx, query, after=after, skip=skip, limit=limit)
        rows = [{**_document(query.kind, record), "place": place} for place, record in found]
        names = await names_in(tx, (text for row in rows for text in _MENTIONS.get(query.kind, _nothing)(row)))
    return [{**row, "names": names} for row in rows] if query.kind in _MENTIONS else rows


def _nothing(_row: Document) -> tuple[str, ...]:
    return ()


_MENTIONS: dict[str, Callable[[Document], tuple[str, ...]]] = {
    "transitions": lambda row: (told_by(row),),
    "errors": lambda row: (row["message"], row["advice"]),
    "audit": lambda row: (row["subject"], str(row["details"])),
    "deleted": lambda row: (row["reason"] or "", f"mvo-{row['mvo_id']}", f"cso-{row['restored_as']}"),
}
"""The texts of a row that name things by their ids, by the kind of the list."""


async def count(workspace: Workspace, query: Query) -> int:
    """Count the rows of a list. Raises `UnknownColumn` or `StoreError`."""
    async with workspace.store.reading() as tx:
        return await lists.count(tx, query)


async def rank(workspace: Workspace, query: Query, place: Place) -> int:
    """Count the rows that stand before a place. Raises `UnknownColumn` or `StoreError`."""
    async with workspace.store.reading() as tx:
        return await lists.rank(tx, query, place)


async def keys(workspace: Workspace, query: Query) -> list[int]:
    """Give the ids of all rows of a list, in its order. Raises `UnknownColumn` or `StoreError`."""
    async with workspace.store.reading() as tx:
        return await lists.keys(tx, query)


async def listing(
    workspace: Workspace,
    kind: str,
    *,
    system: str | None = None,
    status: str | None = None,
    search: str | None = None,
    limit: int = 0,
) -> AsyncIterator[Document]:
    """List objects, metaverse, exports, review, runs or transitions as rows, page by page; 0 means all of them.

    For the metaverse, `system` names the type of the objects. A search gives first what is the text as a whole.
    """
    of_system = Term(system or "", "type" if kind == "metaverse" else "system")
    within = (of_system, Term(status or "", _STATUS_COLUMNS.get(kind)))
    terms = tuple(term for term in within if term.text)
    queries = [Query(kind, (*terms, sought)) for sought in _sought(kind, search)] if search else [Query(kind, terms)]
    given: set[int] = set()
    async with workspace.store.reading() as tx:
        for query in queries:
            exact = frozenset(given)
            async for record in _pages(tx, query, limit):
                if limit and len(given) >= limit:
                    return
                row = _document(kind, record)
                if row["key"] not in exact:
                    given.add(row["key"])
                    yield row


def _sought(kind: str, text: str) -> list[Term]:
    """Give what a search looks for, one after the other: an id, then a name or a value as a whole, then a part."""
    column = _SEARCHED_COLUMNS.get(kind)
    ids = [Term(text, one, whole=True) for one in _ID_COLUMNS.get(kind, ())]
    return [*ids, Term(text, column, whole=True), Term(text, column)]


async def _pages(tx: Transaction, query: Query, limit: int) -> AsyncIterator[lists.Record]:
    """Read a list page by page, in pages no larger than what is wanted."""
    after: Place | None = None
    size = min(PAGE, limit) if limit else PAGE
    while True:
        found = await lists.page(tx, query, after=after, limit=size)
        for _, record in found:
            yield record
        if len(found) < size:
            return
        after = found[-1][0]


def _document(kind: str, record: lists.Record) -> Document:
    fields: Document
    match record:
        case ListedExport(export, label, known_as):
            fields = {**export_document(export), "label": label, "known_as": known_as}
        case Cso():
            fields = {**record._asdict(), "label": label_of(record)}
        case Mvo():
            fields = {**record._asdict(), "label": label_among_others(record)}
        case tombstones.Listed(gone, by, reason):
            more = {"label": gone.label, "by": by, "reason": reason, "id": f"cso-{gone.object_id}", "key": gone.id}
            return {**gone._asdict(), **more}
        case references.ListedOwed():
            return {"key": record.id, "id": f"owed-{record.id}", **owed_document(record)}
        case Transition() | ListedError():
            return {"key": record.id, **record._asdict()}
        case _:
            fields = record._asdict()
    return {"key": fields["id"], **fields, "id": f"{_PREFIXES[kind]}-{fields['id']}"}


def owed_document(found: references.ListedOwed) -> Document:
    """Give an owed reference: whose it is, whom it names, and why it waits."""
    one = found.owed
    if one.direction == references.OUT:
        owner, names, why = f"mvo-{one.owner_id}", f"mvo-{one.key}", f"{found.named} has no account in '{one.system}'"
    else:
        owner, names = f"cso-{one.owner_id}", one.key
        why = f"'{one.key}' is no object of '{one.system}' that is joined to the metaverse"
    return {
        "owner": owner,
        "label": found.label,
        "attribute": one.attribute,
        "system": one.system,
        "names": names,
        "named": found.named,
        "waits_because": why,
        "since": one.since,
    }


def export_document(export: PendingExport) -> Document:
    """Give a pending export with its changes as documents."""
    return {**export._asdict(), "changes": [change._asdict() for change in export.changes]}


async def waiting_items(workspace: Workspace, line: str) -> list[int]:
    """Give the review items that a filter's line lets through; as in the console, those that wait if it does not say.

    Raises `UnknownColumn` or `StoreError`.
    """
    return await keys(workspace, Query("review", parse_filter(line)))
