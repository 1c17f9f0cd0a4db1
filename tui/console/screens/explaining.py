"""Why a thing is as it is, rule by rule; and a thing as it is stored."""

import asyncio
import json
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.screens.thing import NO_OBJECT, ThingScreen
from tui.console.screens.whole import WholeScreen
from tui.console.sheets import explaining as sheet
from tui.presentation.display import display


class ExplainScreen(ThingScreen):
    """Scopes, joins and contributions of an object, what is staged for it, and what stopped it."""

    def crumb(self) -> str:
        """What is explained."""
        return f"why {self.called}"

    async def build(self) -> sheets.Build:
        """Read why."""
        workspace = self.session.workspace
        try:
            found = await feed.explain(workspace, self.thing)
            places = await asyncio.to_thread(feed.rule_places, self.session.config)
        except (feed.UnknownId, feed.StoreError) as error:
            return partial(sheets.words, str(error))
        return partial(sheet.why, found, places)

    def action_explain(self) -> None:
        """Say that it is shown."""
        self.say("this tells why it is so")


class RawScreen(ThingScreen):
    """A thing as it is stored, as JSON; `C` copies it whole."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("C", "copy_all", "copy all of it", id="raw.copy-all")]

    def __init__(self, thing: str) -> None:
        super().__init__(thing)
        self._found: dict[str, Any] = {}

    def crumb(self) -> str:
        """What is shown."""
        return f"{self.called} as stored"

    async def build(self) -> sheets.Build:
        """Read it."""
        try:
            self._found = await feed.show(self.session.workspace, self.thing)
        except (feed.UnknownId, feed.StoreError) as error:
            return partial(sheets.words, str(error))
        return partial(sheet.raw, self._found)

    def action_explain(self) -> None:
        """Tell why it is so, where it is an object."""
        explain(self, self.thing)

    def action_copy_all(self) -> None:
        """Copy the document; what could act on a terminal it is pasted into is made visible."""
        lines = json.dumps(self._found, indent=2, ensure_ascii=False, default=str).split("\n")
        self.app.copy_to_clipboard("\n".join(map(display, lines)))
        self.say(f"copied: {self.thing} as JSON, {len(lines):,} lines", "good")


class ExplainedScreen(WholeScreen):
    """A thing whole, with the ways to why it is so, and to what is stored of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "explain", "why it is so", id="thing.explain"),
        Binding("y", "raw", "as it is stored", id="thing.raw", show=False),
    ]

    def action_explain(self) -> None:
        """Tell why it is as it is."""
        self.app.push_screen(ExplainScreen(self.thing))

    def action_raw(self) -> None:
        """Show it as it is stored."""
        self.app.push_screen(RawScreen(self.thing))


def explain(screen: Any, thing: str | None) -> None:
    """Open the explanation of a thing."""
    about_objects = thing if thing is not None and not thing.startswith("run-") else None
    _open(screen, about_objects, ExplainScreen, NO_OBJECT)


def show_raw(screen: Any, thing: str | None) -> None:
    """Open a thing as it is stored."""
    _open(screen, thing, RawScreen, "there is nothing here that is stored as one thing")


def _open(screen: Any, thing: str | None, kind: type[ThingScreen], otherwise: str) -> None:
    if thing is None:
        screen.say(otherwise)
    else:
        screen.app.push_screen(kind(thing))
