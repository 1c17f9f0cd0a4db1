"""Sheets: one thing whole, as lines to read; each module turns one kind of document into them."""

from collections.abc import Callable
from functools import partial

from tui import feed
from tui.console.sheets import course as beside
from tui.console.sheets import exports, objects, reviews, runs
from tui.console.sheets.layout import Document, section, timeline
from tui.console.widgets.sheet import Build, SheetLine
from tui.presentation.display import display

__all__ = ["Build", "SheetLine", "build", "course", "read", "words"]

_KINDS: dict[str, Callable[[Document, int], list[SheetLine]]] = {
    "cso": objects.cso,
    "mvo": objects.mvo,
    "exp": exports.export,
    "rev": reviews.review,
    "run": runs.run,
}


def build(found: Document, *, with_course: bool = True) -> Build:
    """Give the sheet of a thing that has been read; its transitions at the end, unless they stand beside it."""
    made = partial(_KINDS[found["id"].partition("-")[0]], found)
    return partial(_with_timeline, made, found) if with_course and "transitions" in found else made


def _with_timeline(made: Build, found: Document, width: int) -> list[SheetLine]:
    return [*made(width), *section("Timeline"), *timeline(found["transitions"], width, found["names"])]


async def read(workspace: feed.Workspace, thing: str, *, with_course: bool = True) -> Build:
    """Read a thing by its id and give its sheet; one that says so where there is no such thing."""
    try:
        found = await feed.show(workspace, thing)
        return build({**found, "names": await feed.names_of(workspace, found)}, with_course=with_course)
    except feed.UnknownId as error:
        return partial(words, str(error))
    except feed.StoreError as error:
        return partial(words, f"cannot be read: {error}")


async def course(workspace: feed.Workspace, thing: str) -> Build:
    """Read what is staged for a thing's objects and how they came to be so; nothing where there is no such thing."""
    try:
        return partial(beside.course, await feed.course(workspace, thing))
    except feed.UnknownId:
        return partial(beside.course, {"id": thing, "staged": [], "transitions": [], "names": {}})
    except feed.StoreError as error:
        return partial(words, f"cannot be read: {error}")


def words(text: str, width: int) -> list[SheetLine]:
    """Give a sheet that says one thing."""
    del width
    return [SheetLine([]), SheetLine([(f" {display(text)}", "dim")])]
