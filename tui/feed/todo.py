"""What waits for a person, as documents."""

from collections.abc import Mapping, Sequence

from engine.decisions.operator import current_operator
from engine.labels import label_of
from engine.todo import acknowledging
from engine.todo.gathering import gather, held_batch
from engine.todo.groups import Group, Kind
from engine.workspace import Workspace
from storage import objects, reviews
from storage.store import Transaction
from tui.feed import lists
from tui.feed.lists import Document


async def todo(workspace: Workspace) -> list[Document]:
    """List the groups of what waits for a person, what is acknowledged at the end. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        return [document(group) for group in await gather(tx, workspace)]


async def first(workspace: Workspace, group: Document, limit: int) -> list[Document]:
    """Read the first things of a group, as rows of the list in which they stand; objects, of what a gate holds.

    There are none of a group that has no list. Raises `StoreError`.
    """
    kind = "owed" if group["kind"] == Kind.REFERENCE else group["list"]
    if group["kind"] == Kind.HELD:
        async with workspace.store.reading() as tx:
            return await _held(tx, group["id"], limit)
    if kind is None:
        return []
    return await lists.page(workspace, lists.Query(kind, lists.parse_filter(group["filter"] or "")), limit=limit)


async def _held(tx: Transaction, group_id: str, limit: int) -> list[Document]:
    """Give the first objects that a gate holds; none of a batch that was decided meanwhile."""
    for batch in await reviews.held(tx):
        if held_batch(batch).id == group_id:
            found = await objects.get(tx, await reviews.candidates_of(tx, batch.id, limit))
            return [{"id": f"cso-{one.id}", "label": label_of(one)} for one in found]
    return []


async def acknowledge(
    workspace: Workspace, ids: Sequence[str], *, reason: str, until: str, shown: Mapping[str, int] | None = None
) -> list[Document]:
    """Acknowledge groups, no more of each than was shown, and give them.

    Raises `DecisionRefused`, `NotAllowed` or `StoreError`.
    """
    done = await acknowledging.acknowledge(
        workspace, ids, operator=current_operator(), reason=reason, until=until, shown=shown
    )
    return [document(group) for group in done]


async def take_back(workspace: Workspace, ids: Sequence[str]) -> list[Document]:
    """Let groups be told as new again, and give them. Raises `DecisionRefused`, `NotAllowed` or `StoreError`."""
    return [document(one) for one in await acknowledging.take_back(workspace, ids, operator=current_operator())]


def document(group: Group) -> Document:
    """Give a group for JSON and for the screen."""
    said = group.acknowledged
    return {
        "id": group.id,
        "kind": group.kind.value,
        "system": group.system,
        "count": group.number,
        "what": group.what,
        "since": group.since or None,
        "advice": group.advice,
        "list": group.list_kind or None,
        "filter": group.filter_line or None,
        "example": group.example or None,
        "acknowledged": group.is_acknowledged,
        "acknowledgement": {name: value for name, value in said._asdict().items() if name != "key"} if said else None,
    }
