"""Search across everything by a name or a part of one: people, objects, exports, review items, runs, rules."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import Hit, Hits, Provider
from textual.content import Content

from tui import feed
from tui.console import commands
from tui.console.shell import Shell
from tui.presentation import tones
from tui.presentation.display import display

if TYPE_CHECKING:
    from tui.console.session import Session

PAUSE = 0.15
"""Seconds of typing no more before the store is asked."""
FEWEST = 2
"""Letters that are looked for at least."""
OF_EACH = 6
"""How many of each kind are shown."""
_KINDS = {
    "metaverse": "in the metaverse",
    "objects": "object",
    "exports": "pending export",
    "review": "review item",
    "runs": "run",
}


class Everything(Provider):
    """What is kept in the store, and the rules."""

    async def search(self, query: str) -> Hits:
        """Find what holds a text: people first, then their objects, and what is about them."""
        text = query.strip().removeprefix(":")
        session = cast("Shell", self.app).session
        is_command = query.partition(" ")[0] in commands.verbs(self.screen) and " " in query
        if len(text) < FEWEST or session is None or is_command:
            return
        await asyncio.sleep(PAUSE)
        # at once, so that what was found elsewhere is shown while the store is looked through
        listing = partial(cast("Shell", self.app).find_objects, text)
        shown = display(text, 50)
        yield Hit(0.01, _entry(f"objects with {shown}", "the list, filtered"), listing, text=f"objects {shown}")
        score = 0.9
        for name, place in (await asyncio.to_thread(feed.rule_places, session.config)).items():
            if text.casefold() in name.casefold():
                shown = display(name, 70)
                opening = partial(cast("Shell", self.app).open_rules, name)
                yield Hit(score, _entry(f"rule {shown}", display(place, 60)), opening, text=shown)
        for kind, what in _KINDS.items():
            score -= 0.1
            async for row in _found(session, kind, text):
                label = display(_label(kind, row), 90)
                command = partial(cast("Shell", self.app).open_thing, row["id"])
                said = f"{row.get('type', '')} {what}".lstrip()
                yield Hit(score, _entry(label, said), command, text=label)


def _entry(name: str, what: str) -> Content:
    return Content.assemble(name, ("   " + what, "dim"))


async def _found(session: "Session", kind: str, text: str) -> AsyncIterator[feed.Document]:
    """Give the first rows of a list that hold a text; none where the store cannot be read just now."""
    try:
        rows = await feed.lists.page(session.workspace, feed.Query(kind, (feed.Term(text),)), limit=OF_EACH)
    except feed.StoreError:
        return
    for row in rows:
        yield row


def _label(kind: str, row: feed.Document) -> str:
    if kind == "runs":
        return f"{row['id']} {row['profile']}, {row['result'] or 'running'}"
    if kind == "objects":
        return f"{row['system']}: {row['label']}"
    return f"{tones.kind_of_change(row)} {row['label']}" if kind == "exports" else str(row["label"])
