"""Joins by hand: whom an object may belong to, and what the two have in common."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.labels import label_among_others, label_of, label_of_mvo, with_references
from engine.rules.compiled import Join, JoinPart
from engine.workspace import Workspace
from storage import metaverse, objects
from storage.labels import name_of
from storage.list_queries import Query, Term
from storage.records import Cso, Mvo
from storage.store import Transaction
from tui.feed import lists
from tui.feed.lists import Document
from tui.feed.things import UnknownId

NAMED = re.compile(r"\bmvo-(\d{1,18})\b")
OF_EACH = 10
"""People that each word of a name proposes."""
SHORTEST = 3
"""Letters of a word that proposes anybody."""


class Compared(NamedTuple):
    """An attribute of an object beside the one of a person that means the same."""

    name: str
    values: list[Any]
    other: str
    """What it is called in the metaverse; empty where nothing is known to mean the same."""
    others: list[Any]

    @property
    def is_same(self) -> bool:
        """Whether both say the same, whatever the case."""
        return bool(self.values) and _plain(self.values) == _plain(self.others)

    @property
    def is_known_on_both(self) -> bool:
        """Whether both say anything."""
        return bool(self.values and self.others)


class Candidates:
    """People for one object: those that its error names or that are called alike, or whoever a filter finds."""

    def __init__(self, workspace: Workspace, cso_id: int, said: str = "") -> None:
        """`said` is what went wrong with the object: it may name people."""
        self._workspace = workspace
        self._cso_id = cso_id
        self._named = [int(number) for number in NAMED.findall(said)]
        self._proposed: list[Document] | None = None

    async def _cso(self, tx: Transaction) -> Cso:
        found = await objects.get(tx, [self._cso_id])
        if not found:
            raise UnknownId(f"cso-{self._cso_id} is not there any more")
        return found[0]

    def refuse(self, query: Query) -> None:
        """Raise `UnknownColumn` or `InvalidPattern` for a query that cannot be asked."""
        lists.refuse(_of_people(query))

    async def page(self, query: Query, after: Any, skip: int, limit: int) -> list[Document]:
        """Give the rows after a place, leaving some out. Raises `UnknownColumn`, `UnknownId` or `StoreError`."""
        if not query.terms:
            found = await self._propose()
            rows = [row for row in found if after is None or row["place"] > after]
            return rows[skip : skip + limit]
        rows = await lists.page(self._workspace, _of_people(query), after=after, skip=skip, limit=limit)
        return await self._beside(rows)

    async def count(self, query: Query) -> int:
        """Count the rows of a query."""
        return await lists.count(self._workspace, _of_people(query)) if query.terms else len(await self._propose())

    async def rank(self, query: Query, place: Any) -> int:
        """Count the rows before a place."""
        if query.terms:
            return await lists.rank(self._workspace, _of_people(query), place)
        return sum(row["place"] < place for row in await self._propose())

    async def suggest(self, query: Query, column: str | None, begin: str) -> list[str]:
        """Give columns and attributes of people that begin so, or values of one of them."""
        return await lists.suggest(self._workspace, _of_people(query).kind, column, begin)

    async def keys(self, query: Query) -> list[int]:
        """List the keys of all rows of a query, in order."""
        if query.terms:
            return await lists.keys(self._workspace, _of_people(query))
        return [row["key"] for row in await self._propose()]

    async def _propose(self) -> list[Document]:
        """Give who is named, then who has a word of its name, the most alike first."""
        if self._proposed is not None:
            return self._proposed
        async with self._workspace.store.reading() as tx:
            cso = await self._cso(tx)
            named = await metaverse.get(tx, self._named)
        found = {mvo.id: {**mvo._asdict(), "key": mvo.id, "label": label_among_others(mvo)} for mvo in named}
        for word in _words(cso):
            query = Query("metaverse", (Term(word),))
            for row in await lists.page(self._workspace, query, limit=OF_EACH):
                found.setdefault(row["key"], row)
        rows = await self._beside(list(found.values()))
        rows.sort(key=lambda row: (row["key"] not in self._named, -row["alike"], row["key"]))
        self._proposed = [{**row, "place": place} for place, row in enumerate(rows)]
        return self._proposed

    async def _beside(self, rows: list[Document]) -> list[Document]:
        """Say of people in how many attributes they are like the object, and to what they are joined."""
        async with self._workspace.store.reading() as tx:
            cso = await self._cso(tx)
            people = {mvo.id: mvo for mvo in await metaverse.get(tx, [row["key"] for row in rows])}
            joined: dict[int, list[str]] = {}
            for one in await objects.joined_to(tx, people):
                joined.setdefault(one.mvo_id or 0, []).append(one.system)
        told = []
        for row in rows:
            if (mvo := people.get(row["key"])) is None:
                continue
            pairs = compared(self._workspace, cso, mvo)
            told.append(
                {
                    **row,
                    "id": f"mvo-{row['key']}",
                    "alike": sum(pair.is_same for pair in pairs),
                    "of": sum(pair.is_known_on_both for pair in pairs),
                    "named": row["key"] in self._named,
                    "joined": ", ".join(sorted(joined.get(row["key"], []))),
                    "there": cso.system in joined.get(row["key"], []),
                }
            )
        return told


def _of_people(query: Query) -> Query:
    return query._replace(kind="metaverse")


def _words(cso: Cso) -> list[str]:
    """Give the texts by which people are proposed: a whole name, then its words, the last ones first."""
    name = name_of(cso.attributes)
    words = [word for word in reversed(name.split()) if len(word) >= SHORTEST or not word.isascii()]
    return list(dict.fromkeys([*([name] if name else []), *words]))


def compared(workspace: Workspace, cso: Cso, mvo: Mvo) -> list[Compared]:
    """Put an object's attributes beside a person's: by the rules that copy them, else by their names.

    What differs comes first, then what is the same, then what one of them alone has.
    """
    theirs = with_references(mvo, workspace.declared_mvo(mvo.type))
    pairs = _pairs(workspace, cso, mvo)
    used = set(pairs.values())
    folded = {name.casefold(): name for name in theirs if name not in used}
    rows = []
    for name, values in cso.attributes.items():
        other = pairs.get(name) or folded.get(name.casefold(), "")
        used.add(other)
        rows.append(Compared(name, values, other, theirs.get(other, [])))
    rows += [Compared("", [], name, values) for name, values in theirs.items() if name not in used]
    return sorted(rows, key=lambda one: (not one.is_known_on_both, one.is_same, one.name or one.other))


async def compare(workspace: Workspace, cso_id: int, mvo_id: int) -> Document:
    """Put an object and a person side by side. Raises `UnknownId` or `StoreError`."""
    async with workspace.store.reading() as tx:
        csos, mvos = await objects.get(tx, [cso_id]), await metaverse.get(tx, [mvo_id])
        joined = await objects.joined_to(tx, [mvo_id])
    if not csos or not mvos:
        raise UnknownId(f"there is no {f'mvo-{mvo_id}' if csos else f'cso-{cso_id}'} any more")
    return {
        "object": f"{csos[0].system}: {label_of(csos[0])}",
        "person": label_of_mvo(mvos[0]),
        "deleted": mvos[0].deleted,
        "joined": [{"id": f"cso-{one.id}", "system": one.system, "label": label_of(one)} for one in joined],
        "rows": compared(workspace, csos[0], mvos[0]),
    }


def _pairs(workspace: Workspace, cso: Cso, mvo: Mvo) -> dict[str, str]:
    """Give which attribute of an object is which of a person, as rules copy them and join by them."""
    place = (cso.system, cso.type)
    inbound = [rule for rule in workspace.rules.inbound.get(place, []) if rule.mvo_type == mvo.type]
    outbound = workspace.rules.outbound.get(mvo.type, {}).get(place, [])
    pairs: dict[str, str] = {}
    for giving in inbound:
        pairs |= {flow.copies: flow.attribute for flow in giving.flows if flow.copies}
    for wanting in outbound:
        pairs |= {flow.attribute: flow.copies for flow in wanting.flows if flow.copies}
    keys = [(part.source.source, part.target.source) for rule in inbound for part in _parts(rule.joins)]
    keys += [(part.target.source, part.source.source) for rule in outbound for part in _parts(rule.joins)]
    return pairs | _of_both(keys, cso, mvo)


def _of_both(keys: list[tuple[str, str]], cso: Cso, mvo: Mvo) -> dict[str, str]:
    """Give those parts of join keys that are attributes of the two, and nothing that is computed."""
    return {own: other for own, other in keys if own in cso.attributes and other in mvo.attributes}


def _parts(joins: tuple[Join, ...]) -> Iterator[JoinPart]:
    return (part for join in joins for part in join.parts)


def _plain(values: list[Any]) -> list[str]:
    return sorted(str(value).strip().casefold() for value in values)
