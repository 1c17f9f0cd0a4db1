"""Systems: the configuration as it was read, the counts by status, and a test of every connection."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.beside import beside
from tui.console.screens.choice import Choice
from tui.console.screens.passwords import AskingForPasswords
from tui.console.screens.rules import RulesScreen, SchemaScreen
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import systems as sheet
from tui.presentation.glyphs import glyphs


class SystemsScreen(AskingForPasswords, SheetScreen):
    """Every connected system."""

    TITLE = "Systems"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "test", "test connections", id="systems.test"),
        Binding("r", "rules", "rules", id="systems.rules"),
        Binding("s", "schema", "schema", id="systems.schema"),
        Binding("o", "configuration", "configuration", id="systems.config"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._checked: list[tuple[str, feed.CheckLine]] = []

    def fresh(self) -> None:
        """Show the counts as they are now."""
        super().fresh()
        if self.ready:
            session = self.session
            counts = session.counts
            kept = feed.paces(session.workspace.config, counts.sendable if counts is not None else {})
            kept_back = {one.system: one.kept_back for one in kept}
            said = feed.configuration(session.workspace)
            self.sheet.show(partial(sheet.systems, said, counts, kept_back, self._checked))

    def action_rules(self) -> None:
        """List the rules."""
        self.app.push_screen(RulesScreen())

    def action_configuration(self) -> None:
        """Show whether the files of the configuration say what is used here, and what has changed."""
        self.console_app.open_more("config")

    def action_schema(self) -> None:
        """Show what a system says of its attributes, beside the rules."""
        names = list(self.session.workspace.config.systems)
        self.app.push_screen(Choice("Schema of", names), self._open_schema)

    def _open_schema(self, name: str | None) -> None:
        if name is not None:
            self.app.push_screen(SchemaScreen(name))

    def action_test(self) -> None:
        """Test whether every system can be used as configured."""
        self.with_passwords(self.session.workspace, None, self._begin_test)

    def _begin_test(self) -> None:
        self.say(f"testing every connection {glyphs().ellipsis}", "accent")
        beside(self, self._test, "test")

    async def _test(self) -> None:
        self._checked = []
        async for found in feed.check(self.session.workspace):
            self._checked.append(found)
            self.fresh()
        bad = sum(not line.ok for _, line in self._checked)
        if bad:
            self.say(f"{bad} of {len(self._checked)} tests failed", "danger")
        else:
            self.say(f"{len(self._checked)} tests, all well", "good")
