"""What was last wanted of each target object: a mark for each attribute, to tell drift from a change of the rules."""

from collections.abc import Iterable

from sqlalchemy import select

from storage import writing
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.store import Transaction
from storage.tables import wanted

DN = "\0dn"
"""What stands for an object's name among its attributes; no attribute is called so."""
TOLD = "\0told "
"""Before an attribute's name: the mark of the drift that was told."""
Marks = dict[str, int | list[int]]
"""Attribute → the hash of the values that were wanted, and known to be there; and what else is known by its hash."""


async def get(tx: Transaction, cso_ids: Iterable[int]) -> dict[int, Marks]:
    """Read the marks of some CSOs: CSO id → marks."""
    if not (cso_ids := list(cso_ids)):
        return {}
    query = select(wanted.c.cso_id, wanted.c.marks).where(expressions.among(wanted.c.cso_id, cso_ids))
    return {cso_id: decode(marks) for cso_id, marks in await tx.execute(query)}


async def forget(tx: Transaction, names: dict[int, set[str]]) -> None:
    """Drop some marks: CSO id → attributes."""
    kept: dict[int, Marks] = {}
    for cso_id, marks in (await get(tx, names)).items():
        if names[cso_id] & marks.keys():
            kept[cso_id] = {name: mark for name, mark in marks.items() if name not in names[cso_id]}
    await put(tx, kept)


async def put(tx: Transaction, marks: dict[int, Marks]) -> None:
    """Write the marks of some CSOs."""
    if marks:
        rows = [{"cso_id": cso_id, "marks": encode(one)} for cso_id, one in marks.items()]
        await writing.upsert(tx, wanted, ["cso_id"], rows)
