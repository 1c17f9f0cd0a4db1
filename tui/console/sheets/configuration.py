"""The configuration: whether its files say what is used, what has changed in it, and when."""

from itertools import groupby
from typing import Any

from tui import feed
from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time

MOST_KEYS = 12
"""Keys of one change that are told."""


def configuration(found: Document, width: int) -> list[SheetLine]:
    """Show the state of the files, what they say otherwise, and the changes before."""
    disk: feed.OnDisk | None = found["disk"]
    lines = fact("file", found["file"], width, tone="strong")
    lines += fact("read", f"{local_time(found['read_at'], precise=True)} by this console", width)
    lines += _state(disk, width)
    if disk is not None and disk.problems:
        lines += section("What is wrong on disk")
        lines += [line for said in disk.problems for line in prose("", said, width, tone="danger")]
    if disk is not None and disk.changes:
        lines += section("What is otherwise on disk", note=_count(disk.changes))
        lines += _changes(disk.changes, width)
    lines += _checks(found["checked"], width)
    lines += _since(found["diff"], width)
    lines += _history(found["history"], width)
    lines += section("Files")
    for file, changed_at in found["files"]:
        lines += fact("", f"{file}, changed {changed_at}", width)
    return lines


def _state(disk: feed.OnDisk | None, width: int) -> list[SheetLine]:
    if disk is None or not disk.differs:
        return fact("on disk", f"{glyphs().ok} the files say what is used here", width, tone="good")
    if disk.problems:
        told = "the files are wrong: what was read before is used here, and no run can begin"
        return prose("on disk", told, width, tone="danger")
    told = "the files say something else: a run that begins now uses it, this console does not yet"
    return [*prose("on disk", told, width, tone="warn"), *prose("", "t tries it, R reloads it", width, tone="accent")]


def _count(changes: list[Document]) -> str:
    return f"{len(changes):,} change{'s' * (len(changes) != 1)}"


def _changes(changes: list[Document], width: int) -> list[SheetLine]:
    lines: list[SheetLine] = []
    for where, ones in groupby(changes, lambda one: str(one["where"])):
        lines.append(SheetLine([(f" {display(where, max(width - 2, 8))}", "accent")]))
        for one in ones:
            lines += named("", one["says"], width, 2)
    return lines


def _checks(checked: list[tuple[str, feed.CheckLine]], width: int) -> list[SheetLine]:
    lines = section("Tests of what is on disk") if checked else []
    for system, line in checked:
        symbol, tone = (glyphs().ok, "good") if line.ok else (glyphs().danger, "danger")
        lines += prose(system, f"{symbol} {display(line.subject)}: {line.message}", width, tone=tone)
    return lines


def _since(diff: Document, width: int) -> list[SheetLine]:
    if diff["since"] is None:
        return [*section("Since the last run"), *prose("", "nothing has run yet", width, tone="dim")]
    run = diff["since"]["run"]
    lines = section(f"Since {run}", note=local_time(diff["since"]["at"]))
    return lines + (_changes(diff["changes"], width) or prose("", "nothing has changed", width, tone="dim"))


def _history(entries: list[Document], width: int) -> list[SheetLine]:
    """Show the changes that the audit log tells of, the newest first."""
    lines = section("Changes that runs have met") if entries else []
    for entry in entries:
        lines.append(
            SheetLine(
                [
                    (f" {local_time(entry['at'])}  ", "dim"),
                    (display(f"{entry['operator']}: {entry['subject']}", 60), ""),
                ]
            )
        )
        changed: dict[str, Any] = entry["details"].get("changed") or {}
        for key, (before, after) in list(changed.items())[:MOST_KEYS]:
            said = (feed.in_words(one) for one in (before, after))
            lines += named("", f"{key}: {f' {glyphs().arrow} '.join(said)}", width, 2, tone="dim")
        if len(changed) > MOST_KEYS:
            lines += named("", f"{glyphs().ellipsis} and {len(changed) - MOST_KEYS:,} more", width, 2, tone="dim")
    return lines
