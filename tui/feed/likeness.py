"""People and objects that are called somewhat like a text."""

from engine.workspace import Workspace
from storage import likeness
from tui.feed.lists import Document


async def like(workspace: Workspace, text: str, limit: int) -> list[Document]:
    """Give id and label of those, the likest first. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        found = await likeness.like(tx, text, limit)
    return [{"id": f"mvo-{one.mvo_id}" if one.mvo_id else f"cso-{one.id}", "label": one.label} for one in found]
