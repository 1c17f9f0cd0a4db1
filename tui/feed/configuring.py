"""The configuration itself: what has changed in it, and its schema."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from engine.configuration.file import load
from engine.configuration.including import files_of, read_whole
from engine.configuration.kept import last_ran, plain
from engine.configuration.schema import json_schema
from engine.configuration.secrets import unset_variables
from engine.errors import ConfigurationError
from engine.explaining.configuration_diff import changes_since
from engine.explaining.settings import in_words
from engine.store_address import store_address
from engine.workspace import Workspace
from tui.feed import lists
from tui.feed.lists import Document, Query, Term

__all__ = ["configuration_diff", "in_words", "json_schema", "rule_places"]

Stamps = tuple[tuple[str, int, int], ...]
"""Files with when they were changed and how long they are."""


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


class OnDisk(NamedTuple):
    """What the files of a configuration say by now, beside what is used of them."""

    workspace: Workspace | None
    """The same workspace as they would have it; None where they are wrong."""
    problems: list[str]
    """What is wrong with them."""
    changes: list[Document]
    """What is otherwise, each with `where` and `says`."""
    elsewhere: bool = False
    """Whether they name another store: that is another workspace."""

    @property
    def differs(self) -> bool:
        """Tell whether they say anything else than what is used."""
        return bool(self.problems or self.changes)


async def on_disk(workspace: Workspace, path: Path) -> OnDisk:
    """Read the files of a configuration again, and compare them with what is used. Nobody in a scope is counted."""
    try:
        config, rules = await asyncio.to_thread(load, path)
    except ConfigurationError as error:
        return OnDisk(None, str(error).splitlines(), [])
    fresh = replace(workspace, config=config, rules=rules)
    changes = await changes_since(None, fresh, plain(workspace.config))
    elsewhere = store_address(config) != store_address(workspace.config)
    return OnDisk(fresh, [], [one._asdict() for one in changes], elsewhere)


def stamps(path: Path) -> Stamps:
    """Tell by which state of its files a configuration is read now.

    The folders of included files are among them, since others may come to be there.
    """
    files = files_of(path)
    folders = {file.parent for file in files[1:]} - {path.parent}
    return tuple(_stamp(one) for one in (*files, *sorted(folders)))


def are_as_before(known: Stamps) -> bool:
    """Tell whether no file has changed; none is read."""
    return all(_stamp(Path(name)) == (name, changed, size) for name, changed, size in known)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), state.st_mtime_ns, state.st_size


def missing_passwords(workspace: Workspace, systems: set[str] | None = None) -> list[tuple[str, str]]:
    """Give the systems, of some or all, whose secrets stand in variables that are not set, with each variable."""
    found = []
    for name, system in workspace.config.systems.items():
        if (systems is None or name in systems) and not system.runs_on:
            found += [(name, variable) for variable in unset_variables(system)]
    return list({variable: (name, variable) for name, variable in found}.values())


async def configuration_history(workspace: Workspace, limit: int) -> list[Document]:
    """Give the newest entries of the audit log that tell of a change of the configuration."""
    return await lists.page(workspace, Query("audit", (Term("configuration", "action"),)), limit=limit)


async def configuration_diff(workspace: Workspace, *, counting: bool = True) -> Document:
    """Compare the configuration with the one under which the last run began; `counting` tells who is in a scope."""
    async with workspace.store.reading() as tx:
        since = await last_ran(tx)
        changes = [] if since is None else await changes_since(tx if counting else None, workspace, since.config)
    told = {"run": f"run-{since.run_id}", "at": since.at} if since else None
    return {"since": told, "changes": [one._asdict() for one in changes]}
