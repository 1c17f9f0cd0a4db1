"""What a plan stands on: the store, the files and the day it was made from; and what of that has moved since."""

from collections.abc import Collection, Iterable, Iterator
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from engine.configuration.models import Config
from engine.connectors.deliveries import is_pattern
from engine.values import zones
from engine.workspace import Workspace
from storage import audit, runs, transitions
from storage.store import Transaction

_HARMLESS = ("run", "run-ended", "acknowledge", "unacknowledge", "stop")
"""Entries of the audit log that say nothing about what a run would do; runs are told by themselves."""
LOOKED_AT = 200
"""Entries of the audit log that are looked at for what was decided since."""

Files = dict[str, tuple[int, int]]
"""File → its size and its time; one that is not there has (-1, -1)."""


class World(NamedTuple):
    """How things stood."""

    run: int
    audit: int
    transition: int
    day: str
    files: Files


async def world(tx: Transaction, workspace: Workspace, config: Path, systems: Collection[str]) -> World:
    """Tell how things stand, of a store and of the files of its configuration and of some systems."""
    newest = await runs.newest(tx, 1)
    entry = await audit.newest(tx)
    return World(
        newest[0].id if newest else 0,
        entry.id if entry else 0,
        await transitions.newest_id(tx),
        str(zones.today()),
        files(workspace, config, systems),
    )


def files(workspace: Workspace, config: Path, systems: Collection[str]) -> Files:
    """Tell size and time of every file that a plan of some systems was made from."""
    return {str(path): _stood(path) for path in {config.resolve(), *files_of(workspace, systems)}}


def files_of(workspace: Workspace, systems: Iterable[str]) -> Iterator[Path]:
    """Give every file that the configuration includes, or names for a lookup or for one of some systems."""
    config = workspace.config
    yield from (file for pattern in config.include for file in config.folder.glob(pattern))
    yield from (source.path for source in workspace.rules.tables.sources.values())
    for name in systems:
        yield from files_of_system(config, name)


def files_of_system(config: Config, name: str) -> Iterator[Path]:
    """Give the files of one system: those that a pattern matches now, where it is one."""
    if (system := config.systems.get(name)) is None:
        return  # it was configured when the plan was made
    for options in (system.options, *(settings.options for settings in system.objects.values())):
        if isinstance(options, BaseModel):
            for path in _paths(options):
                whole = config.folder / path
                yield from map(Path, _matching(whole)) if is_pattern(path) else [whole]


def _matching(pattern: Path) -> list[str]:
    """Give the files that a pattern finds; brackets stand for themselves in it."""
    return sorted(glob(str(pattern).replace("[", "[[]")))


def _paths(model: BaseModel) -> Iterator[Path]:
    for _, value in model:
        if isinstance(value, Path):
            yield value
        elif isinstance(value, BaseModel):
            yield from _paths(value)


def _stood(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def unseen(config: Config, systems: Iterable[str]) -> list[str]:
    """Name those of some systems that are no files: what changes in them is not known before they are read."""
    return [name for name in systems if not any(True for _ in files_of_system(config, name))]


async def moved_since(tx: Transaction, before: World) -> list[str]:
    """Say what has happened in a store since, a sentence for each kind of thing."""
    said = []
    newest = await runs.newest(tx, 1)
    if newest and newest[0].id > before.run:
        count = newest[0].id - before.run
        more = f", the last of {count:,}" if count > 1 else ""
        said.append(f"run-{newest[0].id} ('{newest[0].profile}', by {newest[0].operator}{more}) has begun since")
    decided = [
        entry
        for entry in await audit.latest(tx, LOOKED_AT)
        if entry.id > before.audit and entry.action not in _HARMLESS
    ]
    if decided:
        last = max(decided, key=lambda entry: entry.id)
        more = f", the last of {len(decided):,} decisions" if len(decided) > 1 else ""
        said.append(f"{last.operator} has decided since: {last.action} {last.subject}{more}")
    if not said and await transitions.newest_id(tx) > before.transition:
        said.append("something has changed in the store since")
    return said


def moved_files(before: World, now: Files) -> list[str]:
    """Say which files have changed since, come or gone; and that the day has."""
    said = [
        f"{Path(path).name} {_how(before.files.get(path), now.get(path))}"
        for path in sorted(before.files.keys() | now.keys())
        if before.files.get(path) != now.get(path)
    ]
    if str(zones.today()) != before.day:
        said.append(f"it was made on {before.day}: what hangs on the date may be otherwise today")
    return said


def _how(before: tuple[int, int] | None, now: tuple[int, int] | None) -> str:
    if before in (None, (-1, -1)):
        return "is new"
    return "is gone" if now in (None, (-1, -1)) else "has changed"


def world_of(document: dict[str, Any]) -> World:
    """Read how things stood back from JSON."""
    found = World(**document)
    return found._replace(files={path: (size, at) for path, (size, at) in found.files.items()})
