"""The audit log as the command line asks for it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from engine.approvals.audit import Verdict, verify
from engine.workspace import Workspace
from storage import audit
from storage.audit import AuditEntry, StoredEntry
from tui.feed.lists import Document
from tui.feed.things import UnknownId


async def proof(workspace: Workspace, seal: str | None = None, tell: Callable[[int], None] = lambda _: None) -> Verdict:
    """Prove the log whole, with a seal also at its end; `tell` hears how many entries are proved."""
    async with workspace.store.reading() as tx:
        return await verify(tx, seal, tell)


async def newest(workspace: Workspace, limit: int) -> list[Document]:
    """List the newest entries, oldest first; 0 for all."""
    async with workspace.store.reading() as tx:
        return [_document(entry) for entry in await audit.latest(tx, limit or 2**62)]


async def entry(workspace: Workspace, number: int) -> Document:
    """Give one entry whole. Raises `UnknownId`."""
    async with workspace.store.reading() as tx:
        found = await audit.get(tx, [number])
    if not found:
        raise UnknownId(f"there is no audit-{number}")
    return _document(found[0])


async def stored(workspace: Workspace) -> AsyncGenerator[Document, None]:
    """Stream every entry just as it is stored, its details as the text that its hash was made of."""
    async with workspace.store.reading() as tx, aclosing(audit.rows(tx)) as rows:
        async for one in rows:
            yield _as_stored(one)


def _as_stored(one: StoredEntry) -> Document:
    return {"id": one.id, **dict(zip(AuditEntry._fields[1:], one.fields, strict=True))}


def _document(found: AuditEntry) -> Document:
    return {**found._asdict(), "id": f"audit-{found.id}"}
