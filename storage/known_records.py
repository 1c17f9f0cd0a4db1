"""What is known of the records of each system since it was read last: their fingerprints, kept in pieces."""

from collections.abc import AsyncIterator, Iterable
from itertools import count
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from storage.store import Transaction
from storage.tables import fingerprint_pieces, fingerprints


class Kept(NamedTuple):
    """What a reading kept."""

    step_id: int
    """The last import after which it holds."""
    reading: str
    """How the system was read."""
    since: str
    """When the oldest record of it was read."""


async def of_system(tx: Transaction, system: str) -> Kept | None:
    """Give what the last reading of a system kept."""
    columns = fingerprints.c.step_id, fingerprints.c.reading, fingerprints.c.since
    row = (await tx.execute(select(*columns).where(fingerprints.c.system == system))).first()
    return Kept(*row) if row else None


async def pieces(tx: Transaction, system: str) -> AsyncIterator[bytes]:
    """Give the pieces of what a system's last reading kept."""
    held = fingerprint_pieces.c
    for number in count():
        query = select(held.records).where(held.system == system, held.number == number)
        if (piece := (await tx.execute(query)).scalar()) is None:
            return
        yield piece


async def keep(tx: Transaction, system: str, kept: Kept, pieces: Iterable[bytes]) -> None:
    """Keep what a reading of a system has come to, in place of what the one before kept."""
    for table in (fingerprints, fingerprint_pieces):
        await tx.execute(delete(table).where(table.c.system == system))
    await tx.execute(insert(fingerprints).values(system=system, **kept._asdict()))
    for number, piece in enumerate(pieces):
        await tx.execute(insert(fingerprint_pieces).values(system=system, number=number, records=piece))


async def hold_after(tx: Transaction, system: str, before: int, step_id: int) -> None:
    """Say that an import changed nothing, so that what holds after the import before it holds after this one."""
    change = update(fingerprints).where(fingerprints.c.system == system, fingerprints.c.step_id == before)
    await tx.execute(change.values(step_id=step_id))
