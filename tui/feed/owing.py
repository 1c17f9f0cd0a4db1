"""What is owed: references, with what they wait for, and passwords that nobody got."""

from engine.workspace import Workspace
from storage import lists
from storage import owed_passwords as kept_passwords
from storage.list_queries import Query
from storage.references import ListedOwed
from tui.feed.lists import Document, owed_document


async def owed(workspace: Workspace, limit: int) -> list[Document]:
    """List owed references, the oldest first, at most so many."""
    async with workspace.store.reading() as tx:
        found = await lists.page(tx, Query("owed"), limit=limit)
    return [owed_document(one) for _, one in found if isinstance(one, ListedOwed)]


async def owed_passwords(workspace: Workspace, limit: int) -> list[Document]:
    """List the accounts whose passwords nobody got, or may have got, the first one first, at most so many."""
    async with workspace.store.reading() as tx:
        rows = await kept_passwords.listed(tx, limit)
    return [
        {"id": f"cso-{row.cso_id}", "object": row.label, "system": row.system, "since": row.since, "why": row.why}
        for row in rows
    ]
