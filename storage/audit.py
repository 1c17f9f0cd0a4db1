"""The audit log: it only grows, and each entry carries the hash of the one before."""

import os
import socket
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select

from storage import clock
from storage.documents import decode, encode
from storage.records import AuditEntry
from storage.store import Transaction
from storage.tables import audit

PAGE = 500


async def append(tx: Transaction, *, operator: str, action: str, subject: str, details: dict[str, Any]) -> int:
    """Write an entry at the end of the log, in the transaction of what it tells of, and give its id."""
    last = (await tx.execute(select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1))).first()
    entry = {
        "id": last.id + 1 if last else 1,
        "at": clock.now(),
        "operator": operator,
        "host": socket.gethostname(),
        "session": session(),
        "action": action,
        "subject": subject,
        "details": encode(details),
        "previous": last.hash if last else "",
    }
    await tx.execute(insert(audit).values(**entry, hash=digest(*entry.values())))
    return int(entry["id"])


def digest(*fields: Any) -> str:
    """Give the SHA-256, in hexadecimal, of an entry's fields in their order, from `id` to `previous`."""
    return sha256(encode(fields).encode()).hexdigest()


def session() -> str:
    """Tell where the person at the keyboard comes from: the SSH connection, the process, and the user it runs as."""
    line = os.environ.get("SSH_CONNECTION", "").split()
    remote = f"ssh from {line[0]} port {line[1]}, " if len(line) == 4 else ""
    return f"{remote}process {os.getpid()}, uid {os.getuid()}".encode(errors="replace").decode()


async def newest(tx: Transaction, action: str | None = None) -> AuditEntry | None:
    """Give the last entry, of all or of one kind of action."""
    query = select(audit).order_by(audit.c.id.desc()).limit(1)
    if action is not None:
        query = query.where(audit.c.action == action)
    row = (await tx.execute(query)).first()
    return _entry(row) if row else None


async def get(tx: Transaction, ids: list[int]) -> list[AuditEntry]:
    """Read entries."""
    return [_entry(row) for row in await tx.execute(select(audit).where(audit.c.id.in_(ids)))]


async def rows(tx: Transaction, after: int = 0) -> AsyncIterator[tuple[Any, ...]]:
    """Stream the log as it is stored, by id, each row in the order of the columns."""
    while True:
        query = select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(PAGE)
        page = [tuple(row) for row in await tx.execute(query)]
        for row in page:
            yield row
        if len(page) < PAGE:
            return
        after = page[-1][0]


async def latest(tx: Transaction, limit: int) -> list[AuditEntry]:
    """Give the newest entries, oldest first."""
    found = await tx.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [_entry(row) for row in found][::-1]


def is_whole(entry: AuditEntry) -> bool:
    """Tell whether an entry is what its hash says."""
    return digest(*entry[:7], encode(entry.details), entry.previous) == entry.hash


def _entry(row: Any) -> AuditEntry:
    return AuditEntry._make((*row[:7], decode(row[7]), *row[8:]))
