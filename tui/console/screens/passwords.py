"""Passwords that are missing: asked for once, and kept in the memory of this console alone."""

import os
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui import feed
from tui.console.screens.base import ConsoleScreen
from tui.presentation.display import display


class PasswordScreen(ModalScreen[str | None]):
    """Gives a password, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "give up", id="password.give-up")]

    def __init__(self, system: str, variable: str) -> None:
        super().__init__()
        self._system = system
        self._variable = variable

    def compose(self) -> ComposeResult:
        """Whose it is, and the field."""
        with Vertical(classes="box"):
            yield Label(f"'{display(self._system, 30)}' wants a password: {self._variable} is not set", markup=False)
            with Horizontal(classes="field"):
                yield Label("password: ", markup=False)
                field = Input(password=True, compact=True)
                field.cursor_blink = False
                yield field
            yield Label("kept in the memory of this console, for the runs it starts; nowhere else. esc cancels")

    def on_mount(self) -> None:
        """Put the cursor into the field."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give it; nothing is no password."""
        event.stop()
        self.dismiss(event.value or None)

    def action_give_up(self) -> None:
        """Give none."""
        self.dismiss(None)


class AskingForPasswords(ConsoleScreen):
    """A screen that begins what wants passwords."""

    def with_passwords(self, workspace: feed.Workspace, systems: set[str] | None, begin: Callable[[], None]) -> None:
        """Ask for the passwords of some systems, or all, that are not set, one after the other; then begin."""
        missing = feed.missing_passwords(workspace, systems)
        if not missing:
            begin()
            return
        system, variable = missing[0]

        def answered(password: str | None) -> None:
            if password is None:
                self.say(f"cancelled: nothing was begun without {variable}")
                return
            try:
                os.environ[variable] = password
            except ValueError:
                self.say(f"nothing was begun: what was given holds a character that {variable} cannot", "warn")
                return
            self.with_passwords(workspace, systems, begin)

        self.app.push_screen(PasswordScreen(system, variable), answered)
