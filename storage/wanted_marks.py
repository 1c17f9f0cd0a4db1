"""What was last wanted of each target object: a mark for each attribute, to tell drift from a change of the rules."""

from collections.abc import Iterable

from sqlalchemy import select

from storage.dialects.sqlite import dialect
from storage.documents import decode, encode
from storage.store import Transaction
from storage.tables import wanted

Marks = dict[str, int | list[int]]
"""Attribute → the hash of the values that were wanted, and known to be there; and what else is known by its hash."""


async def get(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, Marks]:
    """Read the marks of some CSOs: CSO id → marks."""
    query = select(wanted.c.cso_id, wanted.c.marks).where(dialect.among(wanted.c.cso_id, cso_ids))
    return {cso_id: decode(marks) for cso_id, marks in await tx.execute(query)}


async def put(tx: Transaction, marks: dict[int, Marks]) -> None:
    """Write the marks of some CSOs."""
    if marks:
        rows = [{"cso_id": cso_id, "marks": encode(one)} for cso_id, one in marks.items()]
        await tx.execute(dialect.upsert(wanted, keys=["cso_id"]), rows)
