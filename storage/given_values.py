"""Unique values that were given: who has, and who had, which one."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, exists, or_, select, tuple_, update

from storage import clock, writing
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.records import Attributes
from storage.store import Transaction
from storage.tables import given_values, metaverse


class GivenValue(NamedTuple):
    """A value that an MVO has, or had."""

    mvo_type: str
    attribute: str
    key: str
    """The form in which equal values are equal texts."""
    mvo_id: int
    """The MVO may be gone."""
    value: str
    made_of: Attributes
    """What the followed attributes held when it was given."""
    since: str
    until: str | None = None
    """When it was given up; None while the MVO has it."""
    is_alias: bool = False
    """Whether it stands among its owner's aliases."""


async def of(tx: Transaction, mvo_type: str, attribute: str, mvo_ids: Iterable[int]) -> dict[int, list[GivenValue]]:
    """Give the values that some MVOs have and had: MVO → values."""
    if not (mvo_ids := list(mvo_ids)):
        return {}
    query = select(given_values).where(
        expressions.among(given_values.c.mvo_id, mvo_ids),
        given_values.c.mvo_type == mvo_type,
        given_values.c.attribute == attribute,
    )
    found: dict[int, list[GivenValue]] = {}
    for row in await tx.execute(query):
        kind, name, key, mvo_id, value, made_of, since, until, is_alias = row
        one = GivenValue(kind, name, key, mvo_id, value, decode(made_of), since, until, bool(is_alias))
        found.setdefault(mvo_id, []).append(one)
    return found


async def owners(
    tx: Transaction, mvo_type: str, attribute: str, keys: Iterable[str], after: str
) -> dict[str, list[int]]:
    """Give the MVOs, gone ones too, that have some values, or had them until after a moment: key → MVOs."""
    if not (keys := list(keys)):
        return {}
    query = select(given_values.c.key, given_values.c.mvo_id).where(
        given_values.c.mvo_type == mvo_type,
        given_values.c.attribute == attribute,
        expressions.among(given_values.c.key, keys),
        or_(given_values.c.until.is_(None), given_values.c.until > after),
    )
    found: dict[str, list[int]] = {}
    for key, mvo_id in await tx.execute(query):
        found.setdefault(key, []).append(mvo_id)
    return found


async def put(tx: Transaction, values: list[GivenValue]) -> None:
    """Write values, each in place of what was known of it."""
    if values:
        rows = [one._asdict() | {"made_of": encode(one.made_of)} for one in values]
        keys = ["mvo_type", "attribute", "key", "mvo_id"]
        await writing.upsert(tx, given_values, keys, rows)


async def drop(tx: Transaction, values: list[GivenValue]) -> None:
    """Forget values, as if they had never been given."""
    if values:
        which = tuple_(given_values.c.mvo_type, given_values.c.attribute, given_values.c.key, given_values.c.mvo_id)
        await tx.execute(delete(given_values).where(which.in_([one[:4] for one in values])))


async def end(tx: Transaction, mvo_ids: Iterable[int]) -> None:
    """Note that MVOs are gone: what they had, nobody has from now on."""
    if mvo_ids := list(mvo_ids):
        own = update(given_values).where(expressions.among(given_values.c.mvo_id, mvo_ids))
        await tx.execute(own.where(given_values.c.until.is_(None)).values(until=clock.now()))
        await tx.execute(own.values(is_alias=False))


async def outdated_aliases(
    tx: Transaction, mvo_type: str, attribute: str, before: str, after: int, limit: int
) -> list[int]:
    """Give the next MVOs, by id, with an alias that they gave up before a moment; not those that stay as they are."""
    stays = exists().where(
        metaverse.c.id == given_values.c.mvo_id, metaverse.c.deleted | metaverse.c.delete_after.is_not(None)
    )
    query = select(given_values.c.mvo_id).where(
        given_values.c.mvo_type == mvo_type,
        given_values.c.attribute == attribute,
        given_values.c.until.is_not(None),
        given_values.c.until <= before,
        given_values.c.is_alias,
        given_values.c.mvo_id > after,
        ~stays,
    )
    return list((await tx.execute(query.distinct().order_by(given_values.c.mvo_id).limit(limit))).scalars())


async def forget_ended(tx: Transaction, mvo_type: str, attribute: str, before: str) -> None:
    """Forget what was given up before a moment, and is nobody's alias."""
    await tx.execute(
        delete(given_values).where(
            given_values.c.mvo_type == mvo_type,
            given_values.c.attribute == attribute,
            given_values.c.until.is_not(None),
            given_values.c.until <= before,
            ~given_values.c.is_alias,
        )
    )


async def forget(tx: Transaction, mvo_type: str, attribute: str) -> None:
    """Forget every value of an attribute."""
    own = (given_values.c.mvo_type == mvo_type, given_values.c.attribute == attribute)
    await tx.execute(delete(given_values).where(*own))
