"""References that are owed: whose they are, and what they wait for."""

from engine.labels import label_of, label_of_mvo
from engine.workspace import Workspace
from storage import metaverse, objects, references
from storage.references import OUT
from tui.feed.lists import Document


async def owed(workspace: Workspace, limit: int) -> list[Document]:
    """List owed references, the oldest first, at most so many."""
    async with workspace.store.reading() as tx:
        rows = await references.listed(tx, limit)
        csos = {one.id: one for one in await objects.get(tx, {row.owner_id for row in rows if row.direction != OUT})}
        outbound = [row for row in rows if row.direction == OUT]
        ids = {row.owner_id for row in outbound} | {int(row.key) for row in outbound}
        mvos = {one.id: one for one in await metaverse.get(tx, ids)}
    listed = []
    for row in rows:
        out = row.direction == OUT
        owner = f"{'mvo' if out else 'cso'}-{row.owner_id}"
        if out:
            label = label_of_mvo(mvos[row.owner_id]) if row.owner_id in mvos else owner
            named = label_of_mvo(mvos[int(row.key)]) if int(row.key) in mvos else f"mvo-{row.key}"
            why = f"{named} has no account in '{row.system}'"
        else:
            label = label_of(csos[row.owner_id]) if row.owner_id in csos else owner
            why = f"'{row.key}' is no object of '{row.system}' that is joined to the metaverse"
        listed.append(
            {
                "owner": owner,
                "label": label,
                "attribute": row.attribute,
                "system": row.system,
                "names": f"mvo-{row.key}" if out else row.key,
                "waits_because": why,
                "since": row.since,
            }
        )
    return listed
