"""The configuration itself: what has changed in it, and its schema."""

from engine.configuration.kept import last_ran
from engine.configuration.schema import json_schema
from engine.explaining.configuration_diff import changes_since
from engine.workspace import Workspace
from tui.feed.lists import Document

__all__ = ["configuration_diff", "json_schema"]


async def configuration_diff(workspace: Workspace) -> Document:
    """Compare the configuration with the one under which the last run began."""
    async with workspace.store.reading() as tx:
        since = await last_ran(tx)
        changes = [] if since is None else await changes_since(tx, workspace, since.config)
    told = {"run": f"run-{since.run_id}", "at": since.at} if since else None
    return {"since": told, "changes": [one._asdict() for one in changes]}
