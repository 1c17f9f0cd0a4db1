"""One object that is gone: when, from what, under whose approval, and what it last held."""

from typing import Any

from tui import feed
from tui.console.sheets.layout import Document, attributes, fact, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.moments import local_time


def now(row: dict[str, Any]) -> tuple[str, str]:
    """Say what has become of it since."""
    return (f"cso-{row['restored_as']} again", "good") if row["restored_as"] else ("gone", "dim")


def gone(found: Document, width: int) -> list[SheetLine]:
    """Show it whole."""
    lines = [
        *fact("object", found["label"], width, tone="strong"),
        *fact("id", found["id"], width, link=found["id"]),
        *fact("system", f"{found['system']}, {found['type']}", width),
        *fact("external id", found["external_id"] or "none", width),
        *fact("gone", local_time(found["at"], precise=True), width),
    ]
    if found["deleted"]:
        lines += fact("how", "deleted by Interlock, under an approval", width, tone="danger")
    else:
        lines += fact("how", "its system had it no more", width)
    if found["review_id"]:
        thing = f"rev-{found['review_id']}"
        lines += fact("approval", f"{thing} by {found['by'] or 'nobody known'}", width, link=thing)
    if found["reason"]:
        lines += prose("why", feed.with_names(found["reason"], found["names"]), width)
    if found["mvo_id"]:
        person = f"mvo-{found['mvo_id']}"
        same = {person: feed.name_in(found["label"])}  # who is gone from the metaverse, too, was called likewise
        lines += fact("was joined to", feed.with_names(person, same | found["names"]), width, link=person)
    if found["restored_as"]:
        thing = f"cso-{found['restored_as']}"
        lines += fact("restored as", feed.with_names(thing, found["names"]), width, link=thing, tone="good")
    else:
        lines += fact("B", "brings it back, after showing what that would lead to", width, tone="accent")
    held = found["attributes"]
    return [*lines, *section("What it last held", note=f"{len(held)}"), *attributes(held, width)]
