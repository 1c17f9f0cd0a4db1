"""Which accounts have, or may have, a password that nobody got: a mark for each, and no password."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import delete, exists, func, select

from storage import clock, writing
from storage.dialects import expressions
from storage.labels import LABEL
from storage.records import ExportStatus
from storage.store import Transaction
from storage.tables import objects, owed_passwords, pending_exports


class OwedPasswords(NamedTuple):
    """Accounts of one system whose passwords nobody got for the same reason."""

    system: str
    why: str
    number: int
    since: str
    first: int
    """The CSO of one of them."""
    example: str
    """Its name."""


class OwedPassword(NamedTuple):
    """One of them."""

    cso_id: int
    label: str
    system: str
    since: str
    why: str


_KNOWN = owed_passwords.join(objects, objects.c.id == owed_passwords.c.cso_id)
_IS_SENT = exists().where(
    pending_exports.c.cso_id == owed_passwords.c.cso_id, pending_exports.c.status == ExportStatus.EXECUTING.value
)
"""Whether the account's create is on its way right now: nothing is known of it yet."""


async def mark(tx: Transaction, why: Mapping[int, str]) -> None:
    """Write down that the passwords of some accounts are owed, each with why: from now on, or as long as it was."""
    if not why:
        return
    table, now = owed_passwords.c, clock.now()
    query = select(table.cso_id, table.since).where(expressions.among(table.cso_id, why))
    since = {row.cso_id: row.since for row in await tx.execute(query)}
    rows = [{"cso_id": one, "since": since.get(one, now), "why": told} for one, told in why.items()]
    await writing.upsert(tx, owed_passwords, ["cso_id"], rows)


async def forget(tx: Transaction, cso_ids: Iterable[int]) -> None:
    """Forget it of some accounts: somebody got their passwords, or there are none."""
    if cso_ids := list(cso_ids):
        await tx.execute(delete(owed_passwords).where(expressions.among(owed_passwords.c.cso_id, cso_ids)))


async def get(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, str]:
    """Tell which of some accounts are marked: CSO id → why."""
    if not (cso_ids := list(cso_ids)):
        return {}
    table = owed_passwords.c
    rows = await tx.execute(select(table.cso_id, table.why).where(expressions.among(table.cso_id, cso_ids)))
    return {row.cso_id: row.why for row in rows}


async def counted(tx: Transaction) -> list[OwedPasswords]:
    """Count them by system and reason."""
    table = owed_passwords.c
    columns = func.count(), func.min(table.since), func.min(table.cso_id)
    query = select(objects.c.system, table.why, *columns).select_from(_KNOWN).where(~_IS_SENT)
    rows = list(await tx.execute(query.group_by(objects.c.system, table.why).order_by(objects.c.system, table.why)))
    chosen = expressions.among(objects.c.id, [row[-1] for row in rows])
    examples = {row[0]: row[1] for row in await tx.execute(select(objects.c.id, LABEL).where(chosen))}
    return [
        OwedPasswords(system, why, number, since, first, examples[first]) for system, why, number, since, first in rows
    ]


async def listed(tx: Transaction, limit: int) -> list[OwedPassword]:
    """Give the accounts, the first one first, at most so many."""
    table = owed_passwords.c
    query = select(table.cso_id, LABEL, objects.c.system, table.since, table.why).select_from(_KNOWN).where(~_IS_SENT)
    return [OwedPassword(*row) for row in await tx.execute(query.order_by(table.since, table.cso_id).limit(limit))]
