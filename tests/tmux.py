"""A console in tmux, as people leave one running on a server."""

import subprocess
import time
from collections.abc import Callable
from typing import Self

import pytest

from tests.workspace import INTERLOCK, Workspace


class Tmux:
    """A tmux server with one session, in which a console was started in the folder of a workspace."""

    def __init__(self, office: Workspace, size: tuple[int, int]) -> None:
        self.attach = ["tmux", "-S", str(office.folder / "tmux.sock"), "attach", "-t", "office"]
        """The command that somebody else looks on with."""
        self._office = office
        self._size = size

    def __enter__(self) -> Self:
        columns, rows = self._size
        command = f"cd {self._office.folder} && exec {' '.join(INTERLOCK)}"
        size = ("-x", str(columns), "-y", str(rows))
        self._ask("-f", "/dev/null", "new-session", "-d", "-s", "office", *size, command)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self.attach[:3], "kill-server"], capture_output=True, check=False)

    def _ask(self, *arguments: str) -> str:
        command = ["tmux", "-u", *self.attach[1:3], *arguments]
        return subprocess.run(command, capture_output=True, check=True, env=self._office.env).stdout.decode()

    def press(self, *keys: str) -> None:
        """Send keys to the console."""
        self._ask("send-keys", "-t", "office", *keys)

    def shown(self, wanted: Callable[[str], object]) -> str:
        """Wait until the screen is as wanted, and give it."""
        text = ""
        for _ in range(300):
            if wanted(text := self._ask("capture-pane", "-p", "-t", "office")):
                return text
            time.sleep(0.1)
        return pytest.fail(f"waited in vain:\n{text}")
