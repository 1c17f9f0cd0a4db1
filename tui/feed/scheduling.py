"""When profiles are to run, and did, as documents."""

from pathlib import Path

from engine.configuration.file import load
from engine.notifying.notice import tell_failure
from engine.scheduling.times import Scheduled, schedule
from engine.scheduling.units import profile_of
from engine.workspace import Workspace
from tui.feed.lists import Document


async def scheduled(workspace: Workspace) -> list[Document]:
    """Give every profile with when it ran last, when it is to run next, and whether it is late."""
    async with workspace.store.reading() as tx:
        return [_document(one) for one in await schedule(tx, workspace)]


def _document(one: Scheduled) -> Document:
    result = one.last.result.value if one.last is not None and one.last.result is not None else None
    return {
        "profile": one.profile,
        "at": one.at,
        "every": one.every,
        "last": None
        if one.last is None
        else {"run": f"run-{one.last.id}", "started_at": one.last.started_at, "result": result},
        "running": one.is_running,
        "next": one.next or None,
        "late": one.late_since is not None,
        "late_since": one.late_since or None,
    }


def tell_failure_of(config: Path, unit: str, why: str) -> list[str]:
    """Tell people that the profile of a unit failed; give what of the telling failed. Raises `ConfigurationError`."""
    loaded, _ = load(config)
    return tell_failure(loaded, profile_of(loaded, unit), why)
