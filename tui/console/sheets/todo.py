"""One group of what waits for a person: what it is, since when, what to do, and who knows of it."""

from tui.console.sheets.layout import Document, fact, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.moments import local_time

_OPENS = {"review": "the review", "exports": "the exports", "runs": "the runs", "errors": "the item errors"}


def group(found: Document, width: int) -> list[SheetLine]:
    """Show a group whole."""
    lines = [
        *prose("what", f"{found['count']:,} {found['what']}", width, tone="strong"),
        *prose("what to do", found["advice"], width, tone="accent"),
        *fact("since", local_time(found["since"]) or "not known", width),
    ]
    if found["system"]:
        lines += fact("system", found["system"], width)
    if found["example"]:
        lines += fact("for instance" if found["count"] > 1 else "who", found["example"], width)
    lines += fact("id", found["id"], width)
    if found["list"]:
        lines += prose("enter", f"opens {_OPENS[found['list']]} with the filter {found['filter']}", width, tone="dim")
    if said := found["acknowledgement"]:
        lines += section("Acknowledged", note="" if found["acknowledged"] else "by now there are more of them")
        lines += fact("by", said["operator"], width)
        lines += fact("covers", f"{said['covers']:,}, until {local_time(said['until'])}", width)
        lines += prose("why", said["reason"], width)
    return lines
