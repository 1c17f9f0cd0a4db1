"""What an action is about to touch, by name: exports of the queue, and what a gate holds."""

from collections.abc import Sequence

from engine.labels import label_of
from engine.workspace import Workspace
from storage import exports, objects, reviews
from tui.feed.lists import Document


async def of_exports(workspace: Workspace, ids: Sequence[int], limit: int) -> list[Document]:
    """Read what the first of some exports are, and of whom. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        found = await exports.get(tx, sorted(ids)[:limit])
        about = {cso.id: cso for cso in await objects.get(tx, [one.cso_id for one in found])}
    return [
        {
            "id": f"exp-{one.id}",
            "type": one.type,
            "label": label_of(about[one.cso_id]),
            "change_type": one.change_type,
            "new_secondary_id": one.new_secondary_id,
            "system": one.system,
        }
        for one in sorted(found, key=lambda one: one.id)
    ]


async def of_run(workspace: Workspace, run_id: int, limit: int) -> list[Document]:
    """Read the first objects that gates held in a run. Raises `StoreError`."""
    found: list[Document] = []
    async with workspace.store.reading() as tx:
        for batch in await reviews.held(tx):
            if batch.run_id == run_id and len(found) < limit:
                held = await objects.get(tx, await reviews.candidates_of(tx, batch.id, limit - len(found)))
                found += [{"id": f"cso-{one.id}", "type": one.type, "label": label_of(one)} for one in held]
    return found
