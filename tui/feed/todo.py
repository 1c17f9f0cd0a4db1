"""What waits for a person, as documents."""

from collections.abc import Mapping, Sequence

from engine.decisions.operator import current_operator
from engine.todo import acknowledging
from engine.todo.gathering import gather
from engine.todo.groups import Group
from engine.workspace import Workspace
from tui.feed.lists import Document


async def todo(workspace: Workspace) -> list[Document]:
    """List the groups of what waits for a person, what is acknowledged at the end. Raises `StoreError`."""
    async with workspace.store.reading() as tx:
        return [document(group) for group in await gather(tx, workspace)]


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
