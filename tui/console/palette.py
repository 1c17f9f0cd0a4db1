"""The command line of the console: every screen, every key of the screen below, words, any object by its id or name."""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from tui.console import commands, keys
from tui.console.app_keys import TABS
from tui.console.finding import Everything
from tui.console.near_commands import meant
from tui.console.screens.asking import Proposals
from tui.console.shell import Shell
from tui.console.themes import THEMES
from tui.presentation.display import display

if TYPE_CHECKING:
    from textual.app import App

_ID = re.compile(r"(?:(?:show|object|run|export)\s+)?((?:cso|mvo|exp|rev|run)-\d{1,18})")
_SEARCH = re.compile(r"(?:object|objects|find)\s+(\S.*)")
_MORE = {
    "owed": "references that wait for whom they name",
    "trends": "objects, joins, errors and durations, day by day",
    "config": "the configuration: what has changed in it, tried and reloaded",
    "schedule": "when profiles ran, are to run, and which are late",
}
NEAR = 0.1
"""How well a command fits that may have been meant: less than what is found by its name, more than a search for it."""
Command = tuple[str, str, Callable[[], object]]


def entry(name: Content, what: str) -> Content:
    """Give a command's one line."""
    return Content.assemble(name, ("   " + what, "dim")) if what else name


class ConsoleCommands(Provider):
    """What can be asked for by name."""

    def _commands(self) -> list[Command]:
        app = cast("Shell", self.app)
        found: list[Command] = [
            (title, f"show the screen {title}", partial(app.action_show_screen, name)) for name, title in TABS.items()
        ]
        found.append(("Plan", "what the next keys of the Line would do", app.open_plan))
        found.append(("Deleted", "what is gone, and the way back", app.open_deleted))
        found.append(("Rules", "each rule, how many are in its scope, and what it feeds", app.open_rules))
        found += [(name.capitalize(), what, partial(app.open_more, name)) for name, what in _MORE.items()]
        for key in keys.keys_of(self.screen):
            if keys.place_of(key) != "list" and not key.id.startswith("screen."):
                run = partial(self.app.run_action, key.action, default_namespace=key.node)
                found.append((key.what, f"{key.keys}" + (f" ({key.refused})" if key.refused else ""), run))
        for theme in (*(theme.name for theme in THEMES), "ansi-dark", "ansi-light"):
            found.append((f"theme {theme}", "the colours of this console", partial(setattr, app, "theme", theme)))
        for verb, what in commands.verbs(self.screen).items():
            if verb != "filters":  # which wants no word after it
                found.append((f"{verb} …", what, partial(open_palette, self.app, f"{verb} ")))
        return found

    async def lines(self, typed: str) -> list[str]:
        """Give what a line may be completed to: a command that was given before, or one that there is."""
        app = cast("Shell", self.app)
        said = [one.line for one in await commands.spoken(self.screen, typed)]
        names = [name.removesuffix("…") for name, _, _ in self._commands()]
        begun = typed.casefold()
        known = [one for one in (*reversed(app.remembered.commands), *names) if one.casefold().startswith(begun)]
        return list(dict.fromkeys([*said, *known])) if typed.strip() else []

    def _kept(self, line: str, run: Callable[[], object]) -> Callable[[], object]:
        """Carry a command out, and keep what was said."""

        def keep_and_run() -> object:
            cast("Shell", self.app).remembered.add_command(line)
            return run()

        return keep_and_run

    async def discover(self) -> Hits:
        """List what there is before anything is typed."""
        for name, help_text, command in self._commands():
            yield DiscoveryHit(entry(Content(name), help_text), self._kept(name, command), text=name)

    async def search(self, query: str) -> Hits:
        """Find commands by name, objects by id, and objects that hold a text."""
        app = cast("Shell", self.app)
        typed = query.strip()
        if found := _ID.fullmatch(typed):
            thing = found[1]
            opening = self._kept(thing, partial(app.open_thing, thing))
            yield Hit(1.0, entry(Content(f"open {thing}"), "one thing whole"), opening, text=thing)
        if found := _SEARCH.fullmatch(typed):
            shown = display(found[1], 50)
            finding = partial(app.find, "objects", found[1])
            yield Hit(0.9, entry(Content(f"objects with {shown}"), "the list, filtered"), finding, text=typed)
        score = 2.0
        for said in await commands.spoken(self.screen, query.lstrip()):
            score -= 0.01
            line = entry(Content(display(said.line, 90)), display(said.what, 60))
            yield Hit(score, line, self._kept(said.line, said.run), text=said.line)
        matcher, names = self.matcher(typed), self._commands()
        # behind whatever is called so, and before a search for it: a slip of the pen becomes no search
        if near := meant(typed, (name for name, _, _ in names if "…" not in name), commands.verbs(self.screen)):
            told = f"no such command '{display(typed, 30)}'; did you mean {display(near, 40)}?"
            yield Hit(NEAR, entry(Content(told), "enter writes it"), partial(open_palette, self.app, near), text=typed)
        for name, help_text, command in names:
            if (score := matcher.match(name)) > 0:
                yield Hit(score, entry(matcher.highlight(name), help_text), self._kept(name, command), text=name)


class Palette(CommandPalette):
    """Textual's palette, with completion on `tab` and what was asked before on `up`, but for two of its ways.

    Of keys that come in one go, `enter` and `esc` took another screen away with it. And `enter` behind a word took what
    had been found for the beginning of it: now it takes what is found for the word.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", id="palette.complete", show=False),
        Binding("up", "up", "up; above the first, what was asked before", id="palette.up", show=False),
    ]
    _RESULT_BATCH_TIME = 0.1  # type: ignore[misc] # what there is already is shown while more is looked for
    _is_entered = False
    """Whether `enter` was pressed before all was found."""
    _back = 0
    """How far back in what was asked before."""

    def __init__(self, providers: list[type[Provider]], placeholder: str, text: str = "") -> None:
        super().__init__(providers=providers, placeholder=placeholder)
        self._text = text
        self._proposals = Proposals(self._complete, lambda: None)

    def on_mount(self) -> None:
        """Begin with a text, where one is given."""
        field = self.query_one(Input)
        field.cursor_blink = False  # as everywhere
        field.suggester = self._proposals
        if self._text:
            self._write(self._text)

    def _write(self, text: str) -> None:
        field = self.query_one(Input)
        field.value = text
        field.cursor_position = len(text)

    async def _complete(self, typed: str) -> list[str]:
        own = next((one for one in self._providers if isinstance(one, ConsoleCommands)), None)
        return await own.lines(typed) if own is not None else []

    async def action_complete(self) -> None:
        """Complete what is typed."""
        if (line := await self._proposals.take(self.query_one(Input).value)) is not None:
            self._write(line)

    def action_up(self) -> None:
        """Go up in the list; above its first line stands what was asked before."""
        found = self.query_one(CommandList)
        if found.highlighted:
            found.action_cursor_up()
            return
        before = cast("Shell", self.app).remembered.commands
        if self._back < len(before):
            self._back += 1
            self._write(before[-self._back])

    @on(Input.Submitted)
    def _wait_for_all(self, event: Input.Submitted) -> None:
        is_searching = any(one.node is self and not one.is_finished for one in self.workers)
        if is_searching and not self._is_found(event.value):
            event.prevent_default()
            event.stop()
            self._is_entered = True

    def _is_found(self, typed: str) -> bool:
        """Tell whether the very thing that is typed stands first: no search can find anything better."""
        found = self.query_one(CommandList)
        hit = getattr(found.get_option_at_index(0), "hit", None) if found.option_count else None
        return hit is not None and str(hit.text).casefold() == typed.strip().casefold()

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


def open_palette(app: "App[Any]", text: str = "") -> None:
    """Open the palette over the screen, with the beginning of a command in it."""
    told = "a screen, a key, an id such as cso-12, a name; tab completes, up is what was asked before"
    app.push_screen(Palette([ConsoleCommands, Everything], told, text))


def open_search(app: "App[Any]") -> None:
    """Open the search across everything over the screen."""
    app.push_screen(Palette([Everything], "a name, or a part of one: people, objects, rules …"))
