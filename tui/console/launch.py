"""Start a run as a process of its own, so that it outlives the console and the line it is watched over."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tui.feed.own_process import plain_surroundings

LINES = 20
_TAIL = 16_384


class Launch:
    """A run that was started from here; what becomes of it is read from the store, like any other run."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self.pid = process.pid
        self._process = process
        self._output = output
        self._last_words = ""

    def ended(self) -> int | None:
        """Give the exit status if the process has ended (below zero: killed by that signal); never waits."""
        status = self._process.poll()
        if status is not None and not self._output.closed:
            self._last_words = self._tail()
            self._output.close()
        return status

    def said(self) -> str:
        """Give the last lines of its output: the reason, where it could not start. Not safe to show as it is."""
        return self._last_words if self._output.closed else self._tail()

    def _tail(self) -> str:
        descriptor = self._output.fileno()
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, _TAIL, max(size - _TAIL, 0))  # the process writes at the offset of this very file
        return "\n".join(tail.decode(errors="replace").splitlines()[-LINES:])


def start_run(config: Path, arguments: Sequence[str]) -> Launch:
    """Start `interlock ARGUMENTS -c CONFIG`, such as `step import hr`, detached from this terminal.

    Raises `OSError` where no process can be started; whatever the command itself refuses is told by the `Launch`.
    """
    output = tempfile.TemporaryFile(prefix="interlock-")  # noqa: SIM115 - read for as long as the console is there
    return Launch(_start(config, arguments, output), output)


_ASIDE: list[subprocess.Popen[bytes]] = []


def start_aside(config: Path, arguments: Sequence[str]) -> None:
    """Start a command likewise, and let go of it: nobody hears what becomes of it. Raises `OSError`."""
    _ASIDE.append(_start(config, arguments, subprocess.DEVNULL))


def _start(config: Path, arguments: Sequence[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    config = config.resolve()
    # a session of its own is not hung up with the terminal; -P: nothing beside the configuration is imported
    command = [sys.executable, "-P", "-m", "tui", *arguments, "-c", str(config)]
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        cwd=config.parent,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """Give this environment, with plain text for output whatever the terminal is like."""
    return {**plain_surroundings(), "PYTHONIOENCODING": "utf-8:backslashreplace"}
