"""What each import saw: a bitmap over CSO ids, one bit each, kept for the latest import of a system."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, or_, select, union, update

from storage import clock, counters
from storage.documents import decode, encode
from storage.records import CsoStatus
from storage.store import Transaction
from storage.tables import imports, objects, steps

_ROOM = 1024
"""How many bytes are taken ahead for ids to come."""


class ImportRecord(NamedTuple):
    """What one import of a system saw."""

    step_id: int
    run_id: int
    system: str
    full: bool
    complete: bool
    reason: str
    sought: list[tuple[str, str]]
    """The object types that were looked for, each with the part of the system where it was."""
    started_at: str
    ended_at: str | None
    sightings: bytes | None
    known_up_to: int | None = None
    """The last CSO id that was given before it began: whoever has a higher one came with it, and was never missing."""
    looked_for: dict[str, str] = {}  # noqa: RUF012 - a record is never changed
    """Object type → what its system was asked for."""
    state: str | None = None
    """How the system was read, and in which state it was."""
    read_by: int | None = None
    """The step of the import that read it, where this one found it unchanged."""


class Sightings:
    """A set of CSO ids that costs one bit for each id: 125 kB for a million."""

    def __init__(self, bits: bytes = b"") -> None:
        self._bits = bytearray(bits)

    def __contains__(self, cso_id: int) -> bool:
        byte = cso_id >> 3
        return byte < len(self._bits) and bool(self._bits[byte] >> (cso_id & 7) & 1)

    def add(self, cso_id: int) -> None:
        """Mark one CSO as seen."""
        byte = cso_id >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + _ROOM - len(self._bits)))
        self._bits[byte] |= 1 << (cso_id & 7)

    def update(self, cso_ids: Iterable[int]) -> None:
        """Mark many CSOs as seen."""
        ids = list(cso_ids)
        missing = (max(ids, default=0) >> 3) + 1 - len(self._bits)
        if missing > 0:
            self._bits.extend(bytes(missing + _ROOM))
        bits = self._bits
        for cso_id in ids:  # as `add` does, without a call for each of a million
            bits[cso_id >> 3] |= 1 << (cso_id & 7)

    def unseen(self, cso_ids: list[int]) -> list[int]:
        """Give those of some CSOs that are not marked."""
        bits, end = self._bits, len(self._bits) << 3
        return [cso_id for cso_id in cso_ids if cso_id >= end or not bits[cso_id >> 3] >> (cso_id & 7) & 1]

    def meets(self, other: "Sightings") -> bool:
        """Tell whether some CSO is in both."""
        return bool(int.from_bytes(self._bits, "little") & int.from_bytes(other._bits, "little"))

    def remove(self, cso_ids: Iterable[int]) -> None:
        """Take CSOs out."""
        for cso_id in cso_ids:
            if cso_id in self:
                self._bits[cso_id >> 3] &= ~(1 << (cso_id & 7))

    def __iter__(self) -> Iterator[int]:
        for index, byte in enumerate(self._bits):
            for bit in range(8) if byte else ():
                if byte >> bit & 1:
                    yield index << 3 | bit

    def __len__(self) -> int:
        return int.from_bytes(self._bits).bit_count()

    def __bytes__(self) -> bytes:
        return bytes(self._bits)


async def start(
    tx: Transaction,
    step_id: int,
    system: str,
    *,
    full: bool,
    types: list[str],
    partitions: Mapping[str, str],
    looked_for: dict[str, str],
) -> None:
    """Begin the record of an import; what the import before it saw is no longer good for detection."""
    await tx.execute(update(imports).where(imports.c.system == system).values(sightings=None))
    await tx.execute(
        insert(imports).values(
            step_id=step_id,
            system=system,
            full=full,
            complete=False,
            reason="the import did not reach its end",
            types=encode(types),
            partitions=encode(partitions),
            started_at=clock.now(),
            known_up_to=await counters.last(tx, "objects"),
            looked_for=encode(looked_for),
        )
    )


class Outcome(NamedTuple):
    """What an import has come to."""

    full: bool
    complete: bool
    reason: str
    """Why it is not complete."""
    sightings: Sightings
    partitions: Mapping[str, str]
    """Object type → the part of the system where it was looked for; of one that is not named, all of it."""
    watermark: str | None = None
    """Where a delta import can go on."""
    state: str | None = None
    """How the system was read, and in which state it was."""
    read_by: int | None = None
    """The step of the import that read it, where this one found it unchanged."""


async def finish(tx: Transaction, step_id: int, outcome: Outcome) -> None:
    """Close the record of an import."""
    values = {
        **outcome._asdict(),
        "sightings": bytes(outcome.sightings),
        "partitions": encode(outcome.partitions),
        "watermark": outcome.watermark if outcome.complete else None,
        "state": outcome.state if outcome.complete else None,
        "ended_at": clock.now(),
    }
    await tx.execute(update(imports).where(imports.c.step_id == step_id).values(values))


async def latest(tx: Transaction, system: str) -> ImportRecord | None:
    """Give the latest import of a system."""
    row = (await tx.execute(_records(system).limit(1))).first()
    return _record(row) if row else None


async def to_be_looked_at(tx: Transaction, system: str, types: Iterable[str]) -> set[int]:
    """Give the CSOs of some types of which something has to be written once they are seen, whatever they hold."""
    of_system = select(objects.c.id).where(objects.c.system == system)
    obsolete = of_system.where(objects.c.type.in_(list(types)), objects.c.status == CsoStatus.OBSOLETE.value)
    found = await tx.execute(union(of_system.where(or_(objects.c.kept, objects.c.sought_by.is_not(None))), obsolete))
    return set(found.scalars())


async def of_step(tx: Transaction, step_id: int) -> ImportRecord | None:
    """Give the import of a step, while its history is kept."""
    query = select(imports, steps.c.run_id).join(steps, steps.c.id == imports.c.step_id)
    row = (await tx.execute(query.where(imports.c.step_id == step_id))).first()
    return _record(row) if row else None


async def last_watermark(tx: Transaction, system: str) -> str | None:
    """Give where a delta import of a system can go on: where its last complete import ended, if that was told."""
    query = (
        select(imports.c.watermark)
        .where(imports.c.system == system, imports.c.complete)
        .order_by(imports.c.step_id.desc())
        .limit(1)
    )
    return (await tx.execute(query)).scalar()


async def last_full(tx: Transaction, system: str) -> ImportRecord | None:
    """Give the last complete import of everything in a system."""
    row = (await tx.execute(_records(system).where(imports.c.complete, imports.c.full).limit(1))).first()
    return _record(row) if row else None


async def last_complete_before(tx: Transaction, system: str, step_id: int) -> ImportRecord | None:
    """Give the last complete full import of a system before a given one."""
    query = _records(system).where(imports.c.step_id < step_id, imports.c.complete, imports.c.full)
    row = (await tx.execute(query.limit(1))).first()
    return _record(row) if row else None


def _records(system: str) -> Any:
    return (
        select(imports, steps.c.run_id)
        .join(steps, steps.c.id == imports.c.step_id)
        .where(imports.c.system == system)
        .order_by(imports.c.step_id.desc())
    )


def _sought(types: list[str], partitions: dict[str, str] | list[str]) -> list[tuple[str, str]]:
    """Give what was looked for where; older records name the parts of all types alike."""
    if isinstance(partitions, list):
        return list(product(types, partitions))
    return [(kind, partitions.get(kind, "")) for kind in types]


def _record(row: Row[Any]) -> ImportRecord:
    return ImportRecord(
        row.step_id,
        row.run_id,
        row.system,
        bool(row.full),
        bool(row.complete),
        row.reason,
        _sought(decode(row.types), decode(row.partitions)),
        row.started_at,
        row.ended_at,
        row.sightings,
        row.known_up_to,
        decode(row.looked_for),
        row.state,
        row.read_by,
    )
