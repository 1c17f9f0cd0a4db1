"""What is owed: references, with what they wait for, and passwords that nobody got."""

from engine.labels import label_of, label_of_mvo
from engine.workspace import Workspace
from storage import metaverse, objects, references
from storage import owed_passwords as kept_passwords
from storage.records import Cso, Mvo
from storage.references import OUT, Owed
from tui.feed.lists import Document


async def owed(workspace: Workspace, limit: int) -> list[Document]:
    """List owed references, the oldest first, at most so many."""
    async with workspace.store.reading() as tx:
        rows = await references.listed(tx, limit)
        csos = {one.id: one for one in await objects.get(tx, {row.owner_id for row in rows if row.direction != OUT})}
        outbound = [row for row in rows if row.direction == OUT]
        ids = {row.owner_id for row in outbound} | {int(row.key) for row in outbound}
        mvos = {one.id: one for one in await metaverse.get(tx, ids)}
    return [_outbound(row, mvos) if row.direction == OUT else _inbound(row, csos) for row in rows]


async def owed_passwords(workspace: Workspace, limit: int) -> list[Document]:
    """List the accounts whose passwords nobody got, or may have got, the first one first, at most so many."""
    async with workspace.store.reading() as tx:
        rows = await kept_passwords.listed(tx, limit)
    return [
        {"id": f"cso-{row.cso_id}", "object": row.label, "system": row.system, "since": row.since, "why": row.why}
        for row in rows
    ]


def _outbound(row: Owed, mvos: dict[int, Mvo]) -> Document:
    """Tell of a reference that an account owes, because whoever it names has none there."""
    owner, key = f"mvo-{row.owner_id}", f"mvo-{row.key}"
    mvo, other = mvos.get(row.owner_id), mvos.get(int(row.key))
    named = label_of_mvo(other) if other else key
    why = f"{named} has no account in '{row.system}'"
    return _listed(row, owner, label_of_mvo(mvo) if mvo else owner, key, why) | {"named": named}


def _inbound(row: Owed, csos: dict[int, Cso]) -> Document:
    """Tell of a reference that the metaverse owes, because it names nobody there."""
    owner, cso = f"cso-{row.owner_id}", csos.get(row.owner_id)
    why = f"'{row.key}' is no object of '{row.system}' that is joined to the metaverse"
    return _listed(row, owner, label_of(cso) if cso else owner, row.key, why)


def _listed(row: Owed, owner: str, label: str, names: str, why: str) -> Document:
    return {
        "owner": owner,
        "label": label,
        "attribute": row.attribute,
        "system": row.system,
        "names": names,
        "named": names,
        "waits_because": why,
        "since": row.since,
    }


async def count_owed(workspace: Workspace) -> int:
    """Count the references that are owed."""
    async with workspace.store.reading() as tx:
        return await references.count_owed(tx)
