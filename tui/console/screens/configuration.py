"""The configuration: whether its files say what is used here, what has changed; tried and reloaded on a key."""

import os
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui import feed
from tui.console import sheets
from tui.console.beside import beside
from tui.console.screens.base import guarded
from tui.console.screens.passwords import AskingForPasswords
from tui.console.screens.thing import LiveSheetScreen
from tui.console.sheets.configuration import configuration
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time

CHANGES = 10
"""Changes before that are told."""


class ConfigurationScreen(AskingForPasswords, LiveSheetScreen):
    """The state of the configuration."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "test", "test it", id="config.test"),
        Binding("R", "reload", "reload", id="config.reload"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._checked: list[tuple[str, feed.CheckLine]] = []

    def crumb(self) -> str:
        """What this shows."""
        return "configuration"

    async def build(self) -> sheets.Build:
        """Read what has changed."""
        session = self.session
        diff = await feed.configuration_diff(session.workspace, counting=False)
        history = await feed.configuration_history(session.workspace, CHANGES)
        found = {
            "file": str(session.config),
            "read_at": session.read_at,
            "disk": session.disk,
            "checked": self._checked,
            "diff": diff,
            "history": history,
            "files": [_file(name, changed, session.config.parent) for name, changed, _ in feed.stamps(session.config)],
        }
        return partial(configuration, found)

    def why_not(self, action: str) -> str:
        """Refuse to reload what is the same or wrong, and while a run is going on."""
        return (self.session.why_no_reload() if action == "reload" else "") or super().why_not(action)

    @guarded
    def action_reload(self) -> None:
        """Use the configuration as its files have it."""
        self.console_app.reload()

    def action_test(self) -> None:
        """Test whether every system can be used as the files have it."""
        disk = self.session.disk
        workspace = disk.workspace if disk is not None else self.session.workspace
        if workspace is None:
            self.say("what is on disk is wrong: there is nothing to test", "warn")
            return
        self.with_passwords(workspace, None, lambda: self._begin_test(workspace))

    def _begin_test(self, workspace: feed.Workspace) -> None:
        self.say(f"testing every connection {glyphs().ellipsis}", "accent")
        beside(self, partial(self._test, workspace), "test")

    async def _test(self, workspace: feed.Workspace) -> None:
        self._checked = []
        async for one in feed.check(workspace):
            self._checked.append(one)
            await self.read()
        bad = sum(not line.ok for _, line in self._checked)
        told = f"{bad} of {len(self._checked)} tests failed" if bad else f"{len(self._checked)} tests, all well"
        self.say(told, "danger" if bad else "good")


def _file(name: str, changed: int, folder: os.PathLike[str]) -> tuple[str, str]:
    stamp = datetime.fromtimestamp(changed / 1e9, UTC).isoformat()
    return os.path.relpath(name, folder), local_time(stamp, precise=True)
