"""Which files a delivery consists of: one that is named, or those that a pattern finds, once they are finished."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from engine.configuration.models import Model
from engine.configuration.values import Duration
from engine.errors import CannotConnect

_MAGIC = "*?["
"""What makes a path a pattern, unless a file has it in its name."""


class DeliveryOptions(Model):
    """Keys of a connector whose files are delivered by somebody else."""

    take: Literal["newest", "last", "all"] = "newest"
    """Of the files that `path` finds as a pattern: that which was written last, that whose name is last, or all."""
    done: str | None = None
    """A file is finished once another stands beside it, whose name ends so: `hr.csv.done`, or `hr.done`."""
    min_age: Duration = timedelta()
    """A file is finished once it has not been written to for so long."""


class Delivery(NamedTuple):
    """The files to read, and what is said of those that are not read yet."""

    paths: list[Path]
    waiting: str


def is_pattern(path: Path) -> bool:
    """Tell whether a path is a pattern for several files."""
    return any(char in str(path) for char in _MAGIC) and not path.exists()


def delivery(path: Path, options: DeliveryOptions) -> Delivery:
    """Give the files to read. Raises `CannotConnect` where there is none, or none that is finished."""
    if not is_pattern(path):
        if why := _unfinished(path, options):
            raise CannotConnect(f"{path}: {why}")
        return Delivery([path], "")
    found = _matching(path, options)
    if not found:
        raise CannotConnect(f"{path}: no file is called so")
    unfinished = {one: why for one in found if (why := _unfinished(one, options))}
    ready = [one for one in found if one not in unfinished]
    told = "; ".join(f"{one.name}: {why}" for one, why in list(unfinished.items())[:3])
    if not ready:
        raise CannotConnect(f"{path}: no file is finished: {told}")
    if options.take == "all":
        if unfinished:  # a part of a delivery would let everybody be missing who stands in the rest
            raise CannotConnect(f"{path}: not all files are finished: {told}")
        return Delivery(ready, "")
    chosen = ready[-1]
    later = [one for one in unfinished if found.index(one) > found.index(chosen)]
    return Delivery([chosen], f"{chosen.name} is read; {told}" if later else "")


def _matching(path: Path, options: DeliveryOptions) -> list[Path]:
    """Give the files that a pattern finds, that to be taken last; no links, no folders, none of the marks."""
    fixed = next(index for index, part in enumerate(path.parts) if any(char in part for char in _MAGIC))
    folder, pattern = Path(*path.parts[:fixed]), str(Path(*path.parts[fixed:]))
    try:
        files = [one for one in folder.glob(pattern) if one.is_file()]
    except (OSError, ValueError) as error:
        raise CannotConnect(f"{path}: cannot be looked for: {error}") from error
    marks = (options.done,) if options.done else ()
    files = [one for one in files if not one.name.startswith(".") and not one.name.endswith(marks)]
    if options.take == "newest":
        return sorted(files, key=lambda one: (one.stat().st_mtime_ns, one.name))
    return sorted(files, key=lambda one: one.relative_to(folder).parts)


def _unfinished(path: Path, options: DeliveryOptions) -> str:
    """Say why a file is not to be read yet; nothing where it is, and where there is none."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return ""  # whoever reads it tells what is wrong
    if options.done is not None and not _has_mark(path, options.done):
        return f"it is not finished: there is no {path.name}{options.done}"
    if 0 <= age < options.min_age.total_seconds():
        return f"it was written {age:.0f} s ago, and is read after {options.min_age.total_seconds():.0f} s"
    return ""


def _has_mark(path: Path, done: str) -> bool:
    return any(path.with_name(name + done).exists() for name in (path.name, path.stem))
