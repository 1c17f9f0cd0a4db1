"""The configuration itself: what has changed in it, and its schema."""

import os
from pathlib import Path

from engine.configuration.including import read_whole
from engine.configuration.kept import last_ran
from engine.configuration.schema import json_schema
from engine.errors import ConfigurationError
from engine.explaining.configuration_diff import changes_since
from engine.workspace import Workspace
from tui.feed.lists import Document

__all__ = ["configuration_diff", "json_schema", "rule_places"]


def rule_places(config: Path) -> dict[str, str]:
    """Give where each rule stands, as `FILE:LINE` from the configuration's folder; nothing if it cannot be read."""
    try:
        whole = read_whole(config)
    except ConfigurationError:
        return {}
    places = {}
    for index, rule in enumerate(whole.raw.get("rules", [])):
        place = whole.place_of(("rules", index), config)
        places[str(rule.get("name", ""))] = f"{os.path.relpath(place.file, config.parent)}:{place.line}"
    return places


async def configuration_diff(workspace: Workspace) -> Document:
    """Compare the configuration with the one under which the last run began."""
    async with workspace.store.reading() as tx:
        since = await last_ran(tx)
        changes = [] if since is None else await changes_since(tx, workspace, since.config)
    told = {"run": f"run-{since.run_id}", "at": since.at} if since else None
    return {"since": told, "changes": [one._asdict() for one in changes]}
