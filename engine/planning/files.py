"""Write a plan to a file: CSV for a spreadsheet, LDIF for a directory's administrator."""

import os
import tempfile
from pathlib import Path

from engine.planning import ldif
from engine.planning.plan import Plan
from engine.planning.records import AttributeDiff, PlannedChange
from engine.planning.spreadsheet import sheet
from engine.planning.world import files_of

COLUMNS = ("phase", "system", "type", "name", "dn", "operation", "attribute", "old", "new")
SEPARATOR = " | "
"""Between the values of an attribute that has several, in one cell."""
SUFFIXES = (".csv", ".ldif")


class CannotWrite(ValueError):
    """The file cannot take the plan; the message says why."""


def refuse_unfit(path: Path, config_path: Path, plan: Plan) -> None:
    """Raise `CannotWrite` for a file that is none of ours to write: the configuration, the store, a system's file."""
    if path.suffix.lower() not in SUFFIXES:
        raise CannotWrite(f"{path}: a plan is written as {' or '.join(SUFFIXES)}; give the file such a suffix")
    if path.is_dir() or not path.parent.is_dir():
        raise CannotWrite(f"{path}: {'is a folder' if path.is_dir() else f'the folder {path.parent} does not exist'}")
    if path.exists() and not path.is_file():
        raise CannotWrite(f"{path}: is not a regular file")
    for kept in (config_path, *plan.store.files, *files_of(plan.workspace, plan.workspace.config.systems)):
        if _same_file(path, kept):
            raise CannotWrite(f"{path}: belongs to what is planned; choose another file")
    if not os.access(path.parent, os.W_OK):
        raise CannotWrite(f"{path}: the folder cannot be written; check owner and permissions")


def _same_file(path: Path, other: Path) -> bool:
    if path.resolve() == other.resolve():
        return True
    return path.exists() and other.exists() and path.samefile(other)


async def write_plan(plan: Plan, profile: str, path: Path) -> int:
    """Write every change, readable by its owner alone; the file takes its place whole, or not at all.

    Gives the number of objects. Raises `OSError`.
    """
    as_ldif = path.suffix.lower() == ".ldif"
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    count = 0
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(ldif.heading(profile) if as_ldif else sheet([COLUMNS]))
            async for change in plan.changes():
                file.write(ldif.records(plan.workspace, change) if as_ldif else sheet(rows_of(change)))
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error  # it names a file that nobody asked for
        raise
    return count


def rows_of(change: PlannedChange) -> list[tuple[str, ...]]:
    """Give the rows of an object: one for each attribute that changes, or one alone."""
    head = (change.phase, change.system, change.type, change.name, change.dn, change.told)
    found = change.attributes or [AttributeDiff("", [], [])]
    return [(*head, one.name, _joined(one.old), _joined(one.new)) for one in found]


def _joined(found: list[object]) -> str:
    return SEPARATOR.join(("true" if one else "false") if isinstance(one, bool) else str(one) for one in found)
