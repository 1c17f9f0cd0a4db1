"""Systems: the configuration as it was read, the counts by status, and a test of every connection."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console.beside import beside
from tui.console.screens.thing import SheetScreen
from tui.console.sheets import systems as sheet


class SystemsScreen(SheetScreen):
    """Every connected system."""

    TITLE = "Systems"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "test", "test connections", id="systems.test")]

    def __init__(self) -> None:
        super().__init__()
        self._checked: list[tuple[str, feed.CheckLine]] = []

    def fresh(self) -> None:
        """Show the counts as they are now."""
        super().fresh()
        if self.ready:
            session = self.session
            self.sheet.show(
                partial(sheet.systems, feed.configuration(session.workspace), session.counts, self._checked)
            )

    def action_test(self) -> None:
        """Test whether every system can be used as configured."""
        self.say("testing every connection …", "accent")
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
