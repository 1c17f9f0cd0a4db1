"""The console's questions for a first configuration, as somebody who reads the screen answers them."""

from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input


class Questions:
    """Reads what an app asks, and types what it is told."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self._app = app
        self._pilot = pilot

    def text(self) -> str:
        """Give what stands on the screen, with one blank for any number of them."""
        lines = (strip.text for strip in self._app.screen._compositor.render_strips())
        return " ".join(" ".join(lines).split())

    async def until(self, *wanted: str) -> None:
        """Wait until all of these stand on the screen."""
        for _ in range(400):
            if all(one in self.text() for one in wanted):
                return
            await self._pilot.pause(0.05)
        raise AssertionError(f"waited in vain for {wanted}:\n{self.text()}")

    async def answer(self, given: str) -> None:
        """Fill in the field that has the focus, and go on."""
        assert isinstance(self._app.focused, Input)
        self._app.focused.value = given
        await self._pilot.press("enter")
