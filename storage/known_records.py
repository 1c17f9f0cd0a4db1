"""What is known of the records of each system since it was read last: their fingerprints, kept as one piece."""

from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from storage.store import Transaction
from storage.tables import fingerprints


class Kept(NamedTuple):
    """What a reading kept."""

    step_id: int
    """The last import after which it holds."""
    reading: str
    """How the system was read."""
    since: str
    """When the oldest record of it was read."""
    records: bytes


async def of_system(tx: Transaction, system: str) -> Kept | None:
    """Give what the last reading of a system kept."""
    columns = fingerprints.c.step_id, fingerprints.c.reading, fingerprints.c.since, fingerprints.c.records
    row = (await tx.execute(select(*columns).where(fingerprints.c.system == system))).first()
    return Kept(*row) if row else None


async def keep(tx: Transaction, system: str, kept: Kept) -> None:
    """Keep what a reading of a system has come to, in place of what the one before kept."""
    await tx.execute(delete(fingerprints).where(fingerprints.c.system == system))
    await tx.execute(insert(fingerprints).values(system=system, **kept._asdict()))


async def hold_after(tx: Transaction, system: str, before: int, step_id: int) -> None:
    """Say that an import changed nothing, so that what holds after the import before it holds after this one."""
    change = update(fingerprints).where(fingerprints.c.system == system, fingerprints.c.step_id == before)
    await tx.execute(change.values(step_id=step_id))
