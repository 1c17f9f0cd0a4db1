"""All objects that rules may read: those of a type in a system, or in the metaverse."""

from collections.abc import AsyncIterator, Sequence

from storage import metaverse, objects
from storage.records import Cso, Mvo
from storage.store import Transaction

METAVERSE = "metaverse"
"""The place of metaverse objects; no system can be called so."""


async def pages_of(tx: Transaction, place: str, kind: str, size: int) -> AsyncIterator[Sequence[Cso | Mvo]]:
    """Give all objects of a type in a system, or of the metaverse, in pages of so many, by id."""
    after = 0
    while True:
        found: Sequence[Cso | Mvo]
        if place == METAVERSE:
            found = await metaverse.of_type(tx, kind, after, size)
        else:
            found = await objects.of_type(tx, place, kind, after, size)
        if not found:
            return
        yield found
        after = found[-1].id
