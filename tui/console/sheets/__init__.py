"""Sheets: one thing whole, as lines to read; each module turns one kind of document into them."""

from collections.abc import Callable
from functools import partial

from tui import feed
from tui.console.sheets import exports, objects, reviews, runs
from tui.console.sheets.layout import Document
from tui.console.widgets.sheet import Build, SheetLine
from tui.presentation.display import display

__all__ = ["Build", "SheetLine", "build", "read", "words"]

_KINDS: dict[str, Callable[[Document, int], list[SheetLine]]] = {
    "cso": objects.cso,
    "mvo": objects.mvo,
    "exp": exports.export,
    "rev": reviews.review,
    "run": runs.run,
}


def build(found: Document) -> Build:
    """Give the sheet of a thing that has been read."""
    return partial(_KINDS[found["id"].partition("-")[0]], found)


async def read(workspace: feed.Workspace, thing: str) -> Build:
    """Read a thing by its id and give its sheet; one that says so where there is no such thing."""
    try:
        return build(await feed.show(workspace, thing))
    except feed.UnknownId as error:
        return partial(words, str(error))
    except feed.StoreError as error:
        return partial(words, f"cannot be read: {error}")


def words(text: str, width: int) -> list[SheetLine]:
    """Give a sheet that says one thing."""
    del width
    return [SheetLine([]), SheetLine([(f" {display(text)}", "dim")])]
