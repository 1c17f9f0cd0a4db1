"""One group of what waits for a person: what it is, since when, what to do, and who knows of it."""

from collections.abc import Sequence

from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.sheets.runs import object_of
from tui.console.widgets.sheet import Build, SheetLine
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time

HELD = "held"
"""The kind of the groups of what a gate holds: they are decided in the review, whatever list they stand in."""
_OPENS = {"review": "the review", "exports": "the exports", "runs": "the runs", "errors": "the item errors"}
_OPENS |= {"objects": "the objects"}


def group(found: Document, first: Sequence[Document], very_first: Build | None, width: int) -> list[SheetLine]:
    """Show a group whole; below it the first of what is in it, by name; and the very first whole, where it is given."""
    lines = [
        *prose("what", f"{found['count']:,} {found['what']}", width, tone="strong"),
        *prose("what to do", found["advice"], width, tone="accent"),
        *fact("since", local_time(found["since"]) or "not known", width),
    ]
    if found["system"]:
        lines += fact("system", found["system"], width)
    if found["example"] and not first:
        lines += fact("for instance" if found["count"] > 1 else "who", found["example"], width)
    lines += fact("id", found["id"], width)
    if found["kind"] == HELD:
        lines += prose("enter", "opens the review, where R lets them pass, after all", width, tone="dim")
    elif found["list"]:
        lines += prose("enter", f"opens {_OPENS[found['list']]} with the filter {found['filter']}", width, tone="dim")
    elif found["kind"] == "reference":
        lines += prose("enter", "opens the owed references", width, tone="dim")
    if said := found["acknowledgement"]:
        lines += section("Acknowledged", note="" if found["acknowledged"] else "by now there are more of them")
        lines += fact("by", said["operator"], width)
        lines += fact("covers", f"{said['covers']:,}, until {local_time(said['until'])}", width)
        lines += prose("why", said["reason"], width)
    lines += _first(found, first, width)
    if very_first is not None:
        lines += [SheetLine([]), *very_first(width)]
    return lines


def very_first(first: Sequence[Document], whole: Build, width: int) -> list[SheetLine]:
    """Show the very first of a group, whole, under a heading."""
    return [*section("The first of them" if len(first) > 1 else "In full")[1:], *whole(width)]


def _first(found: Document, first: Sequence[Document], width: int) -> list[SheetLine]:
    """Name the first things of a group, each line the way to one."""
    if not first:
        return []
    names = {thing_of(one) or one["label"]: one for one in first}  # an object may have gone wrong in several runs
    lines = section("Which", note="tab goes there, enter opens one")
    for one in names.values():
        name = f"{one['id']} {one['profile']}" if "profile" in one else one["label"]
        lines += named("", name, width, 0, link=thing_of(one))
    more = found["count"] - len(first)  # that were not read
    if more > 0 and "profile" not in first[0]:
        lines += named("", f"{glyphs().ellipsis} and {more:,} more", width, 0, tone="dim")
    return lines


def thing_of(row: Document) -> str | None:
    """Give the id of what a row of any list is about."""
    if "owner" in row:
        return str(row["owner"])
    return object_of(row) if "code" in row else str(row["id"])
