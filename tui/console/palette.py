"""The command line of the console: every screen, every key of the screen below, any object by its id or name."""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from tui.console import keys
from tui.console.finding import Everything
from tui.console.screens import SCREENS
from tui.console.shell import Shell
from tui.console.themes import THEMES
from tui.presentation.display import display

if TYPE_CHECKING:
    from textual.app import App

_ID = re.compile(r"(?:(?:show|object|run|export)\s+)?((?:cso|mvo|exp|rev|run)-\d{1,18})")
_SEARCH = re.compile(r"(?:object|objects|find)\s+(\S.*)")
Command = tuple[str, str, Callable[[], object]]


class ConsoleCommands(Provider):
    """What can be asked for by name."""

    def _commands(self) -> list[Command]:
        app = cast("Shell", self.app)
        found: list[Command] = [
            (name.capitalize(), f"show the screen {name.capitalize()}", partial(app.action_show_screen, name))
            for name in SCREENS
        ]
        found.append(("Plan", "what the next keys of the Line would do", app.open_plan))
        found.append(("Deleted", "what is gone, and the way back", app.open_deleted))
        found.append(("Rules", "each rule, how many are in its scope, and what it feeds", app.open_rules))
        for key in keys.keys_of(self.screen):
            if keys.place_of(key) != "list" and not key.id.startswith("screen."):
                run = partial(self.app.run_action, key.action, default_namespace=key.node)
                found.append((key.what, f"{key.keys}: {key.id}" + (f" ({key.refused})" if key.refused else ""), run))
        for theme in (*(theme.name for theme in THEMES), "ansi-dark", "ansi-light"):
            found.append((f"theme {theme}", "the colours of this console", partial(setattr, app, "theme", theme)))
        return found

    async def discover(self) -> Hits:
        """List what there is before anything is typed."""
        for name, help_text, command in self._commands():
            yield DiscoveryHit(Content(name), command, text=name, help=help_text)

    async def search(self, query: str) -> Hits:
        """Find commands by name, objects by id, and objects that hold a text."""
        app = cast("Shell", self.app)
        typed = query.strip()
        if found := _ID.fullmatch(typed):
            thing = found[1]
            yield Hit(1.0, Content(f"open {thing}"), partial(app.open_thing, thing), help="one thing whole")
        if found := _SEARCH.fullmatch(typed):
            shown = display(found[1], 50)
            yield Hit(
                0.9, Content(f"objects with {shown}"), partial(app.find_objects, found[1]), help="the list, filtered"
            )
        matcher = self.matcher(typed)
        for name, help_text, command in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), command, text=name, help=help_text)


class Palette(CommandPalette):
    """Textual's palette, but for two of its ways with keys that come in one go.

    It took another screen away with it where `enter` and `esc` did. And `enter` behind a word took what had been found
    for the beginning of it: now it takes what is found for the word.
    """

    _is_entered = False
    """Whether `enter` was pressed before all was found."""

    @on(Input.Submitted)
    def _wait_for_all(self, event: Input.Submitted) -> None:
        if any(one.node is self and not one.is_finished for one in self.workers):
            event.prevent_default()
            event.stop()
            self._is_entered = True

    @on(Input.Changed)
    def _go_on_typing(self) -> None:
        self._is_entered = False

    @on(Worker.StateChanged)
    def _take_what_is_found(self, event: Worker.StateChanged) -> None:
        is_search = event.worker.group == self._GATHER_COMMANDS_GROUP
        if is_search and event.state == WorkerState.SUCCESS and self._is_entered:
            self._is_entered = False
            self._select_or_command()

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close; once is enough."""
        return super().dismiss(result) if self.is_current else AwaitComplete()


def open_palette(app: "App[Any]") -> None:
    """Open the palette over the screen."""
    told = "a screen, a key, an id such as cso-12, a name"
    app.push_screen(Palette(providers=[ConsoleCommands, Everything], placeholder=told))


def open_search(app: "App[Any]") -> None:
    """Open the search across everything over the screen."""
    app.push_screen(Palette(providers=[Everything], placeholder="a name, or a part of one: people, objects, rules …"))
