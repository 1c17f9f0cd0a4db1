"""A plan that is kept beside its store: how far it is, its steps, every change, and what a run then sent otherwise.

Each plan is a file of its own, and the newest counts. The store is not touched.
"""

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    or_,
    select,
    update,
)

from storage import clock, lease, mark, writing
from storage.dialects.base import Place
from storage.dialects.expressions import among, contains, matches, storable
from storage.dialects.sqlite import opening
from storage.dialects.sqlite.place import FilePlace
from storage.documents import decode, encode
from storage.errors import StoreReadOnly
from storage.list_queries import Term
from storage.patterns import compiled
from storage.store import Store, Transaction

_metadata = MetaData()
_about = Table(
    "about",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("stop_requested_by", Text),
)
_steps = Table(
    "planned_steps",
    _metadata,
    Column("step", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)
_changes = Table(
    "planned_changes",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("told", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("dn", Text, nullable=False),
    Column("document", Text, nullable=False),
    Index("planned_changes_by_step", "step"),
    Index("planned_changes_by_kind", "step", "told", "system", "type"),
)
_touched = Table(
    "planned_attributes",
    _metadata,
    Column("step", Integer, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("change_id", Integer, primary_key=True),
    Column("becomes", Text, nullable=False),
    sqlite_with_rowid=False,
)
_totals = Table(
    "planned_totals",
    _metadata,
    Column("step", Integer, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("objects", Integer, nullable=False),
    sqlite_with_rowid=False,
)
_sent = Table(
    "planned_sends",
    _metadata,
    Column("step", Integer, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("seen", Boolean, nullable=False),
    sqlite_with_rowid=False,
)


class Kept(NamedTuple):
    """A change as it is kept."""

    id: int
    step: int
    document: dict[str, Any]


class Total(NamedTuple):
    """How many objects of a type a step does one thing to; of an attribute, how many get, change or lose it."""

    step: int
    system: str
    type: str
    attribute: str
    """Empty where it is about whole objects."""
    what: str
    """The operation with its outcome; of an attribute `set`, `changed` or `emptied`."""
    objects: int


class Wanted(NamedTuple):
    """Which changes are listed: those of a step, of one kind, or that touch one attribute, that hold some texts."""

    step: int
    system: str | None = None
    type: str | None = None
    told: str | None = None
    attribute: str | None = None
    terms: tuple[Term, ...] = ()


COLUMNS = ("name", "dn", "operation", "system", "type", "becomes")
"""What changes are filtered by; `becomes` of those that touch one attribute."""


def newest(store: Place) -> Path | None:
    """Give the newest plan that is kept beside a store, None where there is none."""
    every = store.beside.parent.glob(f"{_stem(store)}*")
    found = sorted(path for path in every if not path.name.endswith(("-wal", "-shm")))
    return found[-1] if found else None


async def create(store: Place) -> Store:
    """Make a new plan beside a store, for those who may read that, and open it; it takes the place of all others.

    Raises a `StoreError` where it cannot be made.
    """
    moment = clock.now()[:23].translate(str.maketrans("", "", "-:."))
    place = store.beside.with_name(f"{_stem(store)}{moment}{secrets.token_hex(2)}")
    new = place.with_name(f".{place.name}")
    try:
        _make(new, store)
        async with opened(new) as made, made.transaction() as tx:
            await tx.run_sync(_metadata.create_all)
        older = list(place.parent.glob(f"{_stem(store)}*"))
        new.replace(place)
        for path in older:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreReadOnly(f"{place.parent}: no plan can be kept there: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return opened(place)


def _make(new: Path, store: Place) -> None:
    opening.make_private(new)
    if store.shared_as.is_file():
        descriptor = os.open(new, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            mark.share(descriptor, store.shared_as)
        finally:
            os.close(descriptor)


def opened(path: Path) -> Store:
    """Open a plan that is there. Raises `StoreError` where something else stands there."""
    return Store(FilePlace(path))


def _stem(store: Place) -> str:
    return f"{store.beside.name}.plan-"


# How far it is -----------------------------------------------------------------------------------------------------


async def tell_about(tx: Transaction, document: dict[str, Any]) -> None:
    """Keep what the plan is about, in place of what was kept; who asked it to stop stays."""
    values = {"id": 1, "document": encode(document)}
    if not (await tx.execute(update(_about).values(values))).rowcount:
        await tx.execute(insert(_about), values)


async def about(tx: Transaction) -> tuple[dict[str, Any], str | None] | None:
    """Give what the plan is about, and who asked it to stop; None before it has begun."""
    row = (await tx.execute(select(_about.c.document, _about.c.stop_requested_by))).first()
    return (decode(row.document), row.stop_requested_by) if row else None


def is_going_on(about: Mapping[str, Any]) -> bool:
    """Tell whether a plan is being made: it has not ended, and its process lives."""
    return about["ended_at"] is None and lease.lives(
        about["host"], about["pid"], about["process"], about["heartbeat_at"]
    )


async def request_stop(tx: Transaction, operator: str) -> None:
    """Ask the plan to stop."""
    await tx.execute(update(_about).values(stop_requested_by=operator))


async def put_step(tx: Transaction, step: int, document: dict[str, Any]) -> None:
    """Keep how far a step is, or how it ended."""
    await writing.upsert(tx, _steps, ["step"], [{"step": step, "document": encode(document)}])


async def steps(tx: Transaction) -> list[dict[str, Any]]:
    """List the steps that have begun."""
    return [decode(row.document) for row in await tx.execute(select(_steps).order_by(_steps.c.step))]


# What would change -------------------------------------------------------------------------------------------------


async def add(tx: Transaction, kept: Sequence[Kept], told: Sequence[str]) -> None:
    """Keep changes; `told` is what is done to each, in words."""
    names = ("id", "step", "told", "system", "type", "name", "dn", "document")
    rows = [
        (one.id, one.step, what, *(one.document[name] for name in names[3:7]), encode(one.document))
        for one, what in zip(kept, told, strict=True)
    ]
    await writing.insert_many(tx, _changes, names, rows)


async def add_touched(tx: Transaction, rows: list[tuple[int, str, str, str, int, str]]) -> None:
    """Keep which attributes changes touch: (step, system, type, attribute, change id, what becomes of it)."""
    if rows:
        await writing.insert_many(tx, _touched, ("step", "system", "type", "name", "change_id", "becomes"), rows)


async def add_totals(tx: Transaction, totals: Iterable[Total]) -> None:
    """Keep how many there are."""
    if rows := [tuple(total) for total in totals]:
        await writing.insert_many(tx, _totals, Total._fields, rows)


async def totals(tx: Transaction) -> list[Total]:
    """Give how many there are, by step, then by how many."""
    order = (_totals.c.step, _totals.c.objects.desc(), _totals.c.attribute, _totals.c.what)
    return [Total(*row) for row in await tx.execute(select(_totals).order_by(*order))]


async def page(tx: Transaction, wanted: Wanted, *, after: int, skip: int, limit: int) -> list[Kept]:
    """Read the changes that follow one, or (0) the first."""
    key, found = _listed(wanted)
    chosen = select(key).where(*found, key > after).order_by(key).limit(limit).offset(skip)
    ids = list((await tx.execute(chosen)).scalars())
    query = select(_changes.c.id, _changes.c.step, _changes.c.document).where(among(_changes.c.id, ids))
    return [Kept(row.id, row.step, decode(row.document)) for row in await tx.execute(query.order_by(_changes.c.id))]


async def count(tx: Transaction, wanted: Wanted) -> int:
    """Count the changes of a list."""
    key, found = _listed(wanted)
    return int((await tx.execute(select(func.count(key)).where(*found))).scalar_one())


async def rank(tx: Transaction, wanted: Wanted, before: int) -> int:
    """Count the changes of a list that stand before one."""
    key, found = _listed(wanted)
    return int((await tx.execute(select(func.count(key)).where(*found, key < before))).scalar_one())


async def keys(tx: Transaction, wanted: Wanted) -> list[int]:
    """Give the ids of all changes of a list."""
    key, found = _listed(wanted)
    return list((await tx.execute(select(key).where(*found).order_by(key))).scalars())


def _listed(wanted: Wanted) -> tuple[ColumnElement[int], list[ColumnElement[bool]]]:
    """Give the column that orders a list, and what its rows fulfil."""
    if wanted.attribute is not None:
        table, key = _touched, _touched.c.change_id
        found = [_touched.c.name == wanted.attribute]
    else:
        table, key = _changes, _changes.c.id
        found = [_changes.c.told == wanted.told] if wanted.told is not None else []
    found.append(table.c.step == wanted.step)
    found += [table.c[name] == value for name in ("system", "type") if (value := getattr(wanted, name)) is not None]
    if conditions := [_condition(wanted, term) for term in wanted.terms]:
        if table is _touched:
            found.append(_touched.c.change_id == _changes.c.id)
        found += conditions
    return key, found


def _condition(wanted: Wanted, term: Term) -> ColumnElement[bool]:
    """Give the condition that a change holds a text, or what a regular expression finds. Raises `InvalidPattern`."""
    places = {"operation": _changes.c.told, **{name: _changes.c[name] for name in ("name", "dn", "system", "type")}}
    if wanted.attribute is not None:
        places["becomes"] = _touched.c.becomes
    if term.pattern:
        compiled(term.text)
    look = matches if term.pattern else contains
    meant = [places[term.column.lower()]] if term.column else [_changes.c.name, _changes.c.dn]
    held = or_(*(look(place, storable(term.text)) for place in meant))
    return ~held if term.inverted else held


# What was sent -----------------------------------------------------------------------------------------------------


async def add_sends(tx: Transaction, step: int, labels: Iterable[str]) -> None:
    """Keep whose exports the plan sent in a step."""
    listed = list(dict.fromkeys(labels))
    mine = select(_sent.c.label).where(_sent.c.step == step, among(_sent.c.label, listed))
    known = set((await tx.execute(mine)).scalars())
    if rows := [(step, label, 0) for label in listed if label not in known]:
        await writing.insert_many(tx, _sent, ("step", "label", "seen"), rows)


async def see(tx: Transaction, step: int, labels: Sequence[str]) -> list[str]:
    """Say whose exports a run has sent in a step; give those that the plan did not send."""
    mine = _sent.c.step == step, among(_sent.c.label, labels)
    known = set((await tx.execute(select(_sent.c.label).where(*mine))).scalars())
    await tx.execute(update(_sent).where(*mine).values(seen=True))
    return [label for label in labels if label not in known]


async def unseen(tx: Transaction, step: int, limit: int) -> tuple[int, list[str]]:
    """Count the exports of a step that no run has sent, and name the first."""
    mine = _sent.c.step == step, _sent.c.seen.is_(False)
    number = int((await tx.execute(select(func.count()).where(*mine))).scalar_one())
    first = select(_sent.c.label).where(*mine).order_by(_sent.c.label).limit(limit)
    return number, list((await tx.execute(first)).scalars())


async def forget_seen(tx: Transaction) -> None:
    """Let a run begin to be compared."""
    await tx.execute(update(_sent).values(seen=False))
