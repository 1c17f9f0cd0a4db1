"""Which files a delivery consists of: one that is named, or those that a pattern finds, once they are finished."""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from engine.configuration.models import Model
from engine.configuration.values import Duration
from engine.connectors.files import Stamp, changed_since, digest_of
from engine.errors import CannotConnect

_MAGIC = re.compile(r"[*?]")
"""What makes a path a pattern; brackets stand for themselves, as they do in the names of downloads."""


class DeliveryOptions(Model):
    """Keys of a connector whose files are delivered by somebody else."""

    take: Literal["newest", "last", "all"] = "newest"
    """Of the files that `path` finds as a pattern: that which was written last, that whose name is last, or all."""
    done: str | None = None
    """A file is finished once another stands beside it, no older, whose name ends so: `hr.csv.done`, or `hr.done`."""
    min_age: Duration = timedelta()
    """A file is finished once it has not been written to for so long."""


class Delivery(NamedTuple):
    """The files to read, and why they may not be the last word."""

    paths: list[Path]
    waiting: str = ""
    """What is newer, and not finished yet: whoever is not in the files need not be missing."""


def is_pattern(path: Path) -> bool:
    """Tell whether a path, as it is configured, is a pattern for several files."""
    return _MAGIC.search(str(path)) is not None


def delivery(folder: Path, path: Path, options: DeliveryOptions) -> Delivery:
    """Give the files to read, by a path below a folder.

    Raises `CannotConnect` where there is none, or none that is finished, or where a folder cannot be looked into.
    """
    if not is_pattern(path):
        if why := _unfinished(folder / path, options):
            raise CannotConnect(f"{folder / path}: {why}")
        return Delivery([folder / path])
    found = _matching(folder, path, options)
    if not found:
        raise CannotConnect(f"{folder / path}: no file is called so")
    unfinished = {one: why for one in found if (why := _unfinished(one, options))}
    if options.take == "all" and unfinished:  # a part would let everybody be missing who stands in the rest
        raise CannotConnect(f"{folder / path}: not all files are finished: {_told(unfinished)}")
    if options.take == "all":
        return Delivery(found)
    ready = [place for place, one in enumerate(found) if one not in unfinished]
    if not ready:
        raise CannotConnect(f"{folder / path}: no file is finished: {_told(unfinished)}")
    chosen = found[ready[-1]]
    later = {one: unfinished[one] for one in found[ready[-1] + 1 :]}
    return Delivery([chosen], f"{chosen.name} was read; {_told(later)}" if later else "")


def hashed(deliveries: Mapping[str, Delivery]) -> str:
    """Give what the files of some types hold, by their hashes; something else where they are not the last word."""
    if any(one.waiting for one in deliveries.values()):
        return ""
    return state_of({kind: list(map(digest_of, one.paths)) for kind, one in deliveries.items()})


def state_of(digests: Mapping[str, Sequence[str]]) -> str:
    """Give the hashes of files, type by type."""
    return " ".join(f"{kind}:{','.join(sorted(digests[kind]))}" for kind in sorted(digests))


def why_not_all(
    read: Iterable[tuple[Path, Stamp]], before: Mapping[str, Delivery], again: Callable[[], Mapping[str, Delivery]]
) -> list[str]:
    """Say what became of files while they were read, and which are away: whoever is not in them need not be missing.

    `again` looks which files are to be read now.
    """
    changed = [str(path) for path, stamp in read if changed_since(path, stamp)]
    reasons = [f"{', '.join(changed)} changed while it was read"] if changed else []
    reasons += [one.waiting for one in before.values() if one.waiting]
    try:
        if again() != before:
            reasons.append("files came, went or were written again while they were read")
    except CannotConnect as error:
        reasons.append(str(error))
    return reasons


def empty_ones(files: Sequence[tuple[Path, bool]]) -> list[str]:
    """Say which of several files are empty, by whether they are: something of a delivery is away."""
    return [f"{path}: is empty, and another file is not" for path, empty in files if empty and len(files) > 1]


def paths_to_copy(folder: Path, path: Path, options: DeliveryOptions) -> list[Path]:
    """Give the files to copy for a plan; one that is named may be missing, and stays so. Raises `CannotConnect`."""
    is_there = (folder / path).exists() or is_pattern(path)
    return delivery(folder, path, options).paths if is_there else [folder / path]


AS_COPIED = {"done": None, "min_age": timedelta(), "take": "all"}
"""The keys of a delivery that was copied: all of it is there."""


def _told(unfinished: dict[Path, str]) -> str:
    said = "; ".join(f"{one.name}: {why}" for one, why in list(unfinished.items())[:3])
    return said + (f"; and {len(unfinished) - 3:,} more" if len(unfinished) > 3 else "")


def _matching(folder: Path, path: Path, options: DeliveryOptions) -> list[Path]:
    """Give the files that a pattern finds, that to be taken last; no links, no folders, none of the marks."""
    parts = path.parts
    first = next(index for index, part in enumerate(parts) if is_pattern(Path(part)))
    found = list(_below(folder.joinpath(*parts[:first]), parts[first:], options))
    for one in found:
        try:
            one.path.name.encode()
        except UnicodeEncodeError:
            raise CannotConnect(f"{one.path.parent}: the name {one.path.name!r} is no UTF-8; rename the file") from None
    if options.take == "newest":
        return [one.path for one in sorted(found, key=lambda one: (one.written, one.path.name))]
    return [one.path for one in sorted(found)]


class _Found(NamedTuple):
    path: Path
    written: int


def _below(folder: Path, parts: tuple[str, ...], options: DeliveryOptions) -> Iterator[_Found]:
    """Look for files whose names, folder by folder, are like some parts. Raises `CannotConnect`."""
    try:
        alike = _alike(folder, parts[0], options, is_last=len(parts) == 1)
        for one in alike:
            if len(parts) > 1 and one.is_dir(follow_symlinks=False):
                yield from _below(folder / one.name, parts[1:], options)
            elif len(parts) == 1 and one.is_file(follow_symlinks=False):
                yield _Found(folder / one.name, one.stat(follow_symlinks=False).st_mtime_ns)
    except OSError as error:
        raise CannotConnect(f"{folder}: cannot be looked through: {error.strerror or error}") from error


def _alike(folder: Path, part: str, options: DeliveryOptions, *, is_last: bool) -> list[os.DirEntry[str]]:
    """Give what in a folder is called like a part of a pattern, but for the marks. Raises `OSError`."""
    like = re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in part), re.DOTALL)
    entries = {one.name: one for one in os.scandir(folder) if not one.name.startswith(".")}
    marks = {name for name in entries if options.done is not None and name.endswith(options.done)}
    if is_last and options.take == "all":
        _refuse_orphans(folder, like, marks, entries.keys(), options.done or "")
    return [one for name, one in entries.items() if name not in marks and like.fullmatch(name)]


def _refuse_orphans(folder: Path, like: re.Pattern[str], marks: set[str], names: Set[str], done: str) -> None:
    """Refuse a mark whose file is not there: something of a delivery is away. Raises `CannotConnect`."""
    for mark in sorted(marks):
        base = mark.removesuffix(done)
        if not like.fullmatch(base) or base in names:
            continue
        by_stem = (name for name in names - marks if name.startswith(f"{base}."))
        if not any(map(like.fullmatch, by_stem)):
            raise CannotConnect(f"{folder}: {mark} says that {base} is finished, and that is not there")


def _unfinished(path: Path, options: DeliveryOptions) -> str:
    """Say why a file is not to be read yet; nothing where it is, and where there is none."""
    try:
        written = path.stat().st_mtime
    except OSError:
        return ""  # whoever reads it tells what is wrong
    if options.done is not None and not _has_mark(path, options.done, written):
        return f"it is not finished: there is no {path.name}{options.done}, or it is older"
    seconds = options.min_age.total_seconds()
    if abs(age := time.time() - written) < seconds:  # the clock of a file server may be ahead
        return f"it was written {max(age, 0):.0f} s ago, and is read after {seconds:.0f} s"
    return ""


def _has_mark(path: Path, done: str, written: float) -> bool:
    """Tell whether a mark stands beside a file that is no older; one by the stem counts where it can mean no other."""
    if _is_no_older(path.with_name(path.name + done), written):
        return True
    if not _is_no_older(path.with_name(path.stem + done), written):
        return False
    others = (one for one in os.listdir(path.parent) if one.startswith(f"{path.stem}.") and not one.endswith(done))
    return all(one == path.name for one in others)


def _is_no_older(mark: Path, written: float) -> bool:
    try:
        return mark.stat().st_mtime >= written
    except OSError:
        return False
