"""A real terminal for a real program: a pty with somebody at the keyboard who reads the screen."""

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep

import pyte
import pytest

KEYS = {
    "enter": "\r",
    "backspace": "\x7f",
    "esc": "\x1b",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "pgdn": "\x1b[6~",
    "tab": "\t",
    "ctrl+c": "\x03",
}

_SURROUNDINGS = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONFAULTHANDLER": "1"}
"""With a fault handler, a program that is aborted says where it was."""


class Terminal:
    """A program in a pty; what it writes is counted, timed and shown on an emulated screen."""

    def __init__(
        self, command: Sequence[str], *, size: tuple[int, int], env: dict[str, str], cwd: Path | None = None
    ) -> None:
        self.started = monotonic()
        self.bytes = 0
        self.written = ""
        """The last of what was written, as it came."""
        self.chunks: list[tuple[float, int]] = []
        self.first: float | None = None
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.RLock()
        self.pid, self._line = pty.fork()
        if self.pid == 0:  # the program
            if cwd is not None:
                os.chdir(cwd)
            os.execvpe(command[0], list(command), {**env, **_SURROUNDINGS})
        self.resize(*size)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._line, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                now = monotonic()
                self.first = self.first or now
                self.bytes += len(data)
                self.chunks.append((now, len(data)))
                self.written = (self.written + data.decode(errors="replace"))[-20_000:]
                self._stream.feed(data)

    @property
    def lines(self) -> list[str]:
        with self._lock:
            rows = (self._screen.buffer[row] for row in range(self._screen.lines))
            # pyte's own `display` fails on half of a wide character, which a change of the size can leave
            return ["".join(row[column].data for column in range(self._screen.columns)) for row in rows]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def send(self, *keys: str) -> float:
        """Press keys and give the moment the last was sent."""
        for key in keys:
            os.write(self._line, KEYS.get(key, key).encode())
        return monotonic()

    def type(self, data: bytes) -> None:
        """Send bytes as they are, as a terminal with another encoding would."""
        os.write(self._line, data)

    def stalled(self) -> AbstractContextManager[bool]:
        """Read nothing for a while: the line takes what fits into it, and nothing more."""
        return self._lock

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a terminal's window does; the program gets SIGWINCH."""
        with self._lock:
            self._screen.resize(rows, columns)
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self, test: Callable[[str], bool], what: str, seconds: float = 30) -> float:
        """Wait until the screen passes a test, and give the moment it did."""
        end = monotonic() + seconds
        while not test(self.text):
            assert monotonic() < end, f"waited in vain for {what}; on screen:\n{self.text}"
            sleep(0.01)
        return monotonic()

    def wait_for(self, *texts: str, seconds: float = 30) -> float:
        """Wait until the screen shows some texts, and give the moment it did."""
        return self.wait(lambda shown: all(text in shown for text in texts), repr(texts), seconds)

    def answered(self, since: float, seconds: float = 5) -> float:
        """Give the moment of the first bytes after one."""
        end = monotonic() + seconds
        while True:
            with self._lock:
                later = next((at for at, _ in reversed(self.chunks) if at > since), None)
                first = next((at for at, _ in self.chunks if at > since), None) if later else None
            if first is not None:
                return first
            assert monotonic() < end, "nothing was written"
            sleep(0.001)

    def hang_up(self) -> None:
        """Lose the line: the terminal's window is closed, the SSH connection breaks."""
        os.close(self._line)

    def ended(self, seconds: float = 15) -> int:
        """Wait until the program has ended, and give its exit status."""
        end = monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if monotonic() > end:
                os.kill(self.pid, signal.SIGABRT)
                sleep(1)
                pytest.fail(f"the program does not end; the last that it wrote:\n{self.written[-5000:]}")
            sleep(0.02)
