"""Who is called somewhat like a text: for slips of the pen, where nobody is called so.

No index knows likeness: the newest objects alone are looked through, which takes a twentieth of a second of processor
time, however many there are; to know that nothing at all holds a text takes much longer.
"""

from difflib import SequenceMatcher
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import case, func, literal, select

from storage.dialects import expressions
from storage.dialects.expressions import instr, storable
from storage.labels import LABEL
from storage.store import Transaction
from storage.tables import objects

NEWEST = 15_000
"""Objects that are looked through."""
CANDIDATES = 200
"""Those that share the most trigrams, to be compared word by word."""
LIKENESS = 0.7
"""From 0 to 1, how like a word has to be."""


class Alike(NamedTuple):
    """An object, and the person it is joined to, if any."""

    id: int
    mvo_id: int | None
    label: str


async def like(tx: Transaction, text: str, limit: int) -> list[Alike]:
    """Give those whose name has a word that is like the text, the likest first, of equal ones the newest.

    Where a name among them holds the text, nobody is given: it is no slip of the pen.
    """
    sought = storable(text.strip().lower())
    names = select(objects.c.name).order_by(objects.c.id.desc()).limit(NEWEST).subquery()
    if (await tx.execute(select(literal(1)).where(expressions.contains(names.c.name, sought)).limit(1))).first():
        return []
    padded = f" {sought} "
    trigrams = {padded[place : place + 3] for place in range(len(padded) - 2)}
    named = (literal(" ") + func.lower(objects.c.name) + " ").label("named")
    newest = select(objects.c.id, objects.c.mvo_id, objects.c.name, named).order_by(objects.c.id.desc()).limit(NEWEST)
    among = newest.subquery()
    shared: Any = reduce(add, (case((instr(among.c.named, one) > 0, 1), else_=0) for one in sorted(trigrams)))
    query = select(among.c.id, among.c.mvo_id, among.c.name).where(shared >= max(2, len(trigrams) // 3))
    found = await tx.execute(query.order_by(shared.desc(), among.c.id.desc()).limit(CANDIDATES))
    ranked = sorted((-_likeness(sought, row.name), -row.id, Alike(*row)) for row in found)
    persons: dict[object, Alike] = {}
    for likeness, _, one in ranked:
        if -likeness >= LIKENESS:
            persons.setdefault(one.mvo_id or (one.id,), one)
    chosen = list(persons.values())[:limit]
    labelled = select(objects.c.id, LABEL).where(expressions.among(objects.c.id, [one.id for one in chosen]))
    labels = {row.id: row[1] for row in await tx.execute(labelled)}
    return [one._replace(label=labels[one.id]) for one in chosen]


def _likeness(sought: str, name: str) -> float:
    """Tell how like the likest word of a name is, or all of it."""
    words = [name.lower(), *name.lower().split()]
    return max(SequenceMatcher(None, sought, word).ratio() for word in words)
