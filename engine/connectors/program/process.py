"""A program that is running: one request to it at a time, its answers line by line, and an end to it in any case."""

import asyncio
import contextlib
import os
import resource
import signal
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import orjson

from engine.connectors.program.messages import Garbage, read_line
from engine.errors import CannotConnect, ConnectionLost

LONGEST = 16_000_000
"""How many bytes a line may have."""
LAST_LINES = 5
"""How many lines of its standard error are kept."""
LEAVING_SECONDS = 5.0
"""How long it may take to end by itself when nothing is asked any more."""
_MORE_SECONDS = 0.02
"""How long it is waited before a request for what may stand behind the last answer."""
_PART = 1 << 16
_SHOWN = 300


class Program:
    """A running program. What it writes to its standard error is kept, the last lines of it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, timeout: float) -> None:
        self._name = name
        self._process = process
        self._timeout = timeout
        self._buffer = bytearray()
        self._line = 0
        self._complaints: deque[str] = deque(maxlen=LAST_LINES)
        self._listening = asyncio.create_task(self._listen())
        self._why_ended = ""

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        timeout: float,
        memory_mb: int | None,
    ) -> "Program":
        """Start a program in a folder. Raises `CannotConnect`."""
        words = [_found(command[0], folder), *command[1:]]
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,  # a key in the terminal is Interlock's to understand
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise CannotConnect(f"{name}: '{command[0]}' cannot be started: {why}") from error
        if memory_mb is not None:
            limit = memory_mb * 1_000_000
            with contextlib.suppress(ProcessLookupError):  # it has ended already, which the next request tells
                resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
        return cls(name, process, timeout)

    @property
    def complaints(self) -> list[str]:
        """The last lines of its standard error."""
        return list(self._complaints)

    async def ask(self, request: Mapping[str, Any]) -> AsyncGenerator[Any]:
        """Send a request, and give what is answered, line by line, for as long as somebody takes it.

        Raises `ConnectionLost` where it ends, is silent for too long, or writes what is no message. So it does where it
        has said something that nobody asked for, as that would be taken for the answer.
        """
        if self._line:
            await self._refuse_unasked()
        writing = asyncio.create_task(self._write(orjson.dumps(request) + b"\n"))
        try:
            while True:
                yield self._read(await self._next_line())
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _refuse_unasked(self) -> None:
        """Refuse what it has said behind its last answer. Raises `ConnectionLost`."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(TimeoutError):
            self._buffer += await asyncio.wait_for(stdout.read(_PART), _MORE_SECONDS)
        if self._buffer:
            more = bytes(self._buffer[:_SHOWN]).decode(errors="replace").splitlines()[0]
            await self._lose(f"line {self._line + 1} of its output is an answer to nothing that it was asked: {more!r}")

    async def _write(self, line: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it is a pipe
        stdin.write(line)
        with contextlib.suppress(ConnectionError):  # it has ended; reading tells
            await stdin.drain()

    async def _next_line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > LONGEST:
                await self._lose(f"line {self._line + 1} of its output is longer than {LONGEST:,} bytes")
            try:
                part = await asyncio.wait_for(stdout.read(_PART), self._timeout)
            except TimeoutError:
                await self._lose(f"it said nothing for {self._timeout:g} s and was ended")
            if not part:
                await self._lose(await self._how_it_ended())
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._line += 1
        return line

    def _read(self, line: bytes) -> Any:
        try:
            return read_line(line)
        except Garbage as error:
            self.kill()
            raise ConnectionLost(f"{self._name}: line {self._line} of its output is no message: {error}") from error

    async def _how_it_ended(self) -> str:
        """Say how it ended, although it was asked something."""
        if self._why_ended:
            return self._why_ended
        self.kill()  # one that has only closed its output
        status = await self._process.wait()
        await asyncio.gather(self._listening, return_exceptions=True)
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        cut = f", in the middle of line {self._line + 1}" if self._buffer else ""
        last = f"; the last it wrote to its standard error: {self._complaints[-1]!r}" if self._complaints else ""
        return f"the program ended {how} before it had answered{cut}{last}"

    async def _lose(self, why: str) -> NoReturn:
        self.kill()
        raise ConnectionLost(f"{self._name}: {why}")

    async def _listen(self) -> None:
        """Keep the last lines of its standard error; a long one is cut."""
        stderr = self._process.stderr
        assert stderr is not None  # noqa: S101 - it is a pipe
        rest = b""
        while part := await stderr.read(_PART):
            *lines, rest = (rest + part).split(b"\n")
            for line in [*lines, rest] if len(rest) > _PART else lines:
                self._complain(line)
            rest = b"" if len(rest) > _PART else rest
        self._complain(rest)

    def _complain(self, line: bytes) -> None:
        if text := line[:_SHOWN].decode(errors="replace").strip():
            self._complaints.append(text)

    async def close(self) -> int:
        """Let it end by itself, or else end it; give its exit status."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it is a pipe
        stdin.close()
        leaving = asyncio.gather(self._forget_the_rest(), self._process.wait())
        try:
            await asyncio.wait_for(asyncio.shield(leaving), LEAVING_SECONDS)
        except TimeoutError:
            self.kill()
        self.kill()  # what it has started goes with it
        _, status = await leaving
        await asyncio.gather(self._listening, stdin.wait_closed(), return_exceptions=True)
        return status

    async def _forget_the_rest(self) -> None:
        """Read on to the end of its output, so that it is not held up."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        while await stdout.read(_PART):
            pass

    def abandon(self) -> None:
        """End it because nobody waits for it any more."""
        self._why_ended = "it was ended because nobody waits for it any more"
        self.kill()

    def kill(self) -> None:
        """End it at once, with whatever it has started."""
        # not by the process's own method, which would take its exit status away from whoever waits for that
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _found(word: str, folder: Path) -> str:
    """Give a program's path: one with a slash from the configuration's folder, any other as `PATH` finds it."""
    return str(folder / word) if "/" in word else word
