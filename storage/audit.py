"""The audit log: it only grows, and each entry carries the hash of the one before."""

import os
import socket
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Select, insert, select

from storage import clock, mark
from storage.dialects import expressions
from storage.documents import decode, encode
from storage.errors import StoreUnreadable
from storage.store import ACCEPTED, MARK, NEWEST, Transaction
from storage.tables import audit

PAGE = 500
UNREADABLE = "unreadable"
"""The name under which details are given that are no JSON object any more."""


class AuditEntry(NamedTuple):
    """One entry of the audit log; `hash` covers everything else in it, and so the entry before."""

    id: int
    at: str
    operator: str
    host: str
    session: str
    action: str
    subject: str
    details: dict[str, Any]
    previous: str
    hash: str


class StoredEntry(NamedTuple):
    """An entry of the audit log as it is stored."""

    id: int
    fields: tuple[str | None, ...]
    """From `at` to `hash`; None for what is no text any more."""


async def append(tx: Transaction, *, operator: str, action: str, subject: str, details: dict[str, Any]) -> int:
    """Write an entry at the end of the log, in the transaction of what it tells of, and give its id.

    Raises `StoreUnreadable` where the log's end is damaged: nothing may be decided that cannot be written down.
    """
    last = await _last(tx)
    entry: dict[str, Any] = {
        "id": last.id + 1 if last else 1,
        "at": clock.now(),
        "operator": operator,
        "host": socket.gethostname(),
        "session": session(),
        "action": action,
        "subject": subject,
        "details": encode(details),
        "previous": last.fields[-1] if last else "",
    }
    sealed = digest(*entry.values())
    tx.info[NEWEST] = mark.Mark(entry["id"], sealed, entry["at"])
    await tx.execute(insert(audit).values(**entry, hash=sealed))
    return int(entry["id"])


async def put_back(tx: Transaction) -> mark.Mark | None:
    """Give the entry that the mark beside the store names, where the store does not have it: it is an older one."""
    known = mark.read(tx.info[MARK])
    if known is None or ACCEPTED in tx.info:
        return None
    found = await tx.execute(select(audit.c.hash).where(audit.c.id == known.entry))
    return None if found.scalar_one_or_none() == known.hash else known


def accept_as_it_is(tx: Transaction) -> None:
    """Go on with an older store: with this transaction, the mark names an entry of it."""
    tx.info[ACCEPTED] = True


def digest(*fields: Any) -> str:
    """Give the SHA-256, in hexadecimal, of an entry's fields in their order, from `id` to `previous`."""
    return sha256(encode(fields).encode()).hexdigest()


def session() -> str:
    """Tell where the person at the keyboard comes from: the SSH connection, the process, and the user it runs as.

    For root, that is followed by the user who became it with sudo.
    """
    line = os.environ.get("SSH_CONNECTION", "").split()
    remote = f"ssh from {line[0]} port {line[1]}, " if len(line) == 4 else ""
    sudo = os.environ.get("SUDO_UID", "") if os.getuid() == 0 else ""
    user = f"{os.getuid()}" + (f", sudo by uid {sudo}" if sudo.isdecimal() else "")
    return f"{remote}process {os.getpid()}, uid {user}".encode(errors="replace").decode()


async def _last(tx: Transaction) -> StoredEntry | None:
    row = (await tx.execute(_stored().order_by(audit.c.id.desc()).limit(1))).first()
    last = _read(row) if row else None
    if last is not None and last.fields[-1] is None:
        raise StoreUnreadable(
            f"the audit log is damaged at its end, entry {last.id}, so nothing can be written down or done; "
            "'interlock audit verify' tells all that is wrong with it"
        )
    return last


async def newest(tx: Transaction, action: str | None = None) -> AuditEntry | None:
    """Give the last entry, of all or of one kind of action."""
    query = _stored().order_by(audit.c.id.desc()).limit(1)
    if action is not None:
        query = query.where(audit.c.action == action)
    row = (await tx.execute(query)).first()
    return entry_of(_read(row)) if row else None


async def get(tx: Transaction, ids: list[int]) -> list[AuditEntry]:
    """Read entries."""
    return [entry_of(_read(row)) for row in await tx.execute(_stored().where(audit.c.id.in_(ids)))]


async def whole_end(tx: Transaction, first: int) -> list[AuditEntry]:
    """Read the log's end from an entry on, oldest first; but nothing that stands before a place where it is not whole.

    Every entry that is given is what its hash says, follows the one before, and none is missing between two.
    """
    found: list[AuditEntry] = []
    async with tx.stream(_stored().where(audit.c.id >= first).order_by(audit.c.id.desc())) as stored:
        async for row in stored:
            one = _read(row)
            if not is_whole(one) or (found and (found[-1].id, found[-1].previous) != (one.id + 1, one.fields[-1])):
                break
            found.append(entry_of(one))
    return found[::-1]


async def rows(tx: Transaction) -> AsyncGenerator[StoredEntry, None]:
    """Stream the log as it is stored, in the order of its rows, whatever they hold."""
    # in one go: where a row's number was bent in the file itself, looking for the next number could skip rows
    async with tx.stream(_stored().order_by(audit.c.id).execution_options(yield_per=PAGE)) as found:
        async for row in found:
            yield _read(row)


async def latest(tx: Transaction, limit: int) -> list[AuditEntry]:
    """Give the newest entries, oldest first."""
    found = await tx.execute(_stored().order_by(audit.c.id.desc()).limit(limit))
    return [entry_of(_read(row)) for row in found][::-1]


def is_whole(entry: StoredEntry) -> bool:
    """Tell whether an entry is what its hash says."""
    return None not in entry.fields and digest(entry.id, *entry.fields[:-1]) == entry.fields[-1]


def entry_of(stored: StoredEntry) -> AuditEntry:
    """Give an entry to look at; what cannot be read of it is left empty."""
    texts = [text or "" for text in stored.fields]
    return AuditEntry._make((stored.id, *texts[:6], _details(texts[6]), *texts[7:]))


def _details(text: str) -> dict[str, Any]:
    try:
        found = decode(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {UNREADABLE: text}


def _stored() -> Select[Any]:
    """Select the columns in their order as bytes, for what was bent need not be text any more."""
    return select(audit.c.id, *(expressions.bytes_of_text(column) for column in list(audit.c)[1:]))


def _read(row: Any) -> StoredEntry:
    return StoredEntry(row[0], tuple(_text(found) for found in row[1:]))


def _text(found: bytes | None) -> str | None:
    try:
        return None if found is None else found.decode()
    except UnicodeDecodeError:
        return None
