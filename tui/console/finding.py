"""Search across everything by a name or a part of one: people, objects, exports, review items, runs, rules."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import Hit, Hits, Provider
from textual.content import Content

from tui import feed
from tui.console import commands
from tui.console.app_keys import TABS
from tui.console.shell import Shell
from tui.presentation import tones
from tui.presentation.display import display

if TYPE_CHECKING:
    from tui.console.session import Session

PAUSE = 0.15
"""Seconds of typing no more before the store is asked."""
BATCH = 0.11
"""Seconds after which a further hit lets all that came before it be shown."""
FEWEST = 2
"""Letters that are looked for at least."""
OF_EACH = 6
"""How many of each kind are shown."""
LIKE = 0.05
"""How well somebody fits who is called somewhat like it: less than a command that may have been meant."""
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
        app, shown_text = cast("Shell", self.app), display(text, 50)
        alike = await _alike(session, text)
        for row in alike:
            label = display(row["label"], 90)
            yield Hit(LIKE, _entry(label, f"like {shown_text}"), partial(app.open_thing, row["id"]), text=label)
        if alike:
            await asyncio.sleep(BATCH)
        # what was found before is shown with this one, while the store is looked through
        listing = partial(app.find, "objects", text)
        told = f"objects with {shown_text}"
        yield Hit(0.01, _entry(told, "the list, filtered"), listing, text=f"objects {shown_text}")
        score = 0.9
        for name, place in (await asyncio.to_thread(feed.rule_places, session.config)).items():
            if text.casefold() in name.casefold():
                shown = display(name, 70)
                opening = partial(app.open_rules, name)
                yield Hit(score, _entry(f"rule {shown}", display(place, 60)), opening, text=shown)
        for kind, what in _KINDS.items():
            score -= 0.1
            rows = await _found(session, kind, text)
            for row in rows[:OF_EACH]:
                label = display(_label(kind, row), 90)
                said = f"{row.get('type', '')} {what}".lstrip()
                yield Hit(score, _entry(label, said), partial(app.open_thing, row["id"]), text=label)
            if len(rows) > OF_EACH:
                more = f"and more with {shown_text} in {TABS[kind]}"
                yield Hit(score - 0.05, _entry(more, "the list, filtered"), partial(app.find, kind, text), text=more)


def _entry(name: str, what: str) -> Content:
    return Content.assemble(name, ("   " + what, "dim"))


async def _found(session: "Session", kind: str, text: str) -> list[feed.Document]:
    """Give the newest rows of a list that hold a text, one more than are shown; none where the store cannot be read."""
    query = feed.Query(kind, (feed.Term(text),), descending=True)
    try:
        return await feed.lists.page(session.workspace, query, limit=OF_EACH + 1)
    except feed.StoreError:
        return []


async def _alike(session: "Session", text: str) -> list[feed.Document]:
    """Give those who are called somewhat like a text; none where the store cannot be read just now."""
    try:
        return await feed.like(session.workspace, text, OF_EACH)
    except feed.StoreError:
        return []


def _label(kind: str, row: feed.Document) -> str:
    if kind == "runs":
        return f"{row['id']} {row['profile']}, {row['result'] or 'running'}"
    if kind == "objects":
        return f"{row['system']}: {row['label']}"
    return f"{tones.kind_of_change(row)} {row['label']}" if kind == "exports" else str(row["label"])
