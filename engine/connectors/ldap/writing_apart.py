"""Write what gets a password in a process of its own: that alone ever holds it, and its memory goes when it ends.

A password is made, sealed, sent and delivered there; here nothing of it arrives but what became of each operation.
"""

import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from engine.configuration.models import SystemConfig
from engine.connectors.base import ExportOperation, ExportResult
from engine.connectors.initial_passwords import PasswordPolicy
from engine.connectors.ldap.options import LdapOptions
from engine.errors import ConnectionLost, StepFailed
from engine.framing import message, send
from engine.values import zones

BEAT_SECONDS = 0.25
"""How often an empty message says that somebody waits, and how soon it is noticed that nobody does any more."""
STOPPING_SECONDS = 120.0
"""How long it may go on when nobody waits any more: what is being delivered is brought to its end."""
_LEAVING_SECONDS = 5.0


class Begin(NamedTuple):
    """Which directory is written to, and how it is reached."""

    name: str
    system: SystemConfig
    options: LdapOptions
    folder: Path
    zone: str
    """The time zone in which dates are written."""


class Export(NamedTuple):
    """A batch."""

    operations: list[ExportOperation]


class Reset(NamedTuple):
    """Another password for one entry."""

    operation: ExportOperation
    policy: PasswordPolicy


class Answer(NamedTuple):
    """What became of a request."""

    results: list[ExportResult]
    failure: StepFailed | None
    notes: list[str]


class WriterApart:
    """Executes operations in a process that it starts when it first has some."""

    def __init__(self, begin: Callable[[], Begin], notes: list[str], stop: threading.Event) -> None:
        """Take what gives the directory, a list for what to tell of it, and what is set when nobody waits any more."""
        self._begin = begin
        self._notes = notes
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None

    def export(self, operations: Sequence[ExportOperation]) -> list[ExportResult]:
        """Execute operations. Raises `ConnectionLost` with the results there are."""
        return self._ask(Export([*operations]))

    def reset_password(self, operation: ExportOperation, policy: PasswordPolicy) -> ExportResult:
        """Give the entry of an operation another password. Raises `StepFailed`."""
        return self._ask(Reset(operation, policy))[0]

    def close(self) -> None:
        """Let the process end; end it where it does not."""
        if (process := self._process) is None:
            return
        self._process = None
        with process:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_LEAVING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _ask(self, request: Export | Reset) -> list[ExportResult]:
        try:
            if self._process is None:
                begin = pickle.dumps(self._begin())
                self._process = _started()
                _write(self._process, begin)
            _write(self._process, pickle.dumps(request))
            answer: Answer = pickle.loads(self._answer(self._process))  # noqa: S301 - our own program's
        except (OSError, EOFError) as error:
            process = self._process
            self.close()
            ended = f"ended with status {process.returncode}" if process is not None else f"cannot be started: {error}"
            raise ConnectionLost(f"the process that writes what gets a password {ended}") from None
        self._notes += [note for note in answer.notes if note not in self._notes]
        if answer.failure is not None:
            raise answer.failure
        return answer.results

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read an answer, and say meanwhile that somebody is waiting. Raises `EOFError` or `OSError`."""
        stdout = process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        waited_for = monotonic()

        def next_part(most: int) -> bytes:
            nonlocal waited_for
            while not select.select([stdout], [], [], BEAT_SECONDS)[0]:
                if not self._stop.is_set():
                    waited_for = monotonic()
                elif monotonic() - waited_for < STOPPING_SECONDS:
                    process.terminate()
                else:
                    process.kill()
                _write(process, b"")
            if not (part := stdout.read(most)):
                raise EOFError
            return part

        return message(next_part)


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "engine.connectors.ldap.writer_process"]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ), start_new_session=True
    )


def _write(process: subprocess.Popen[bytes], message: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    send(process.stdin, message)


def begin_with(name: str, system: SystemConfig, options: LdapOptions, folder: Path) -> Begin:
    """Give the directory as the other process wants to know it: the one server that this one speaks to."""
    return Begin(name, system, options, folder.resolve(), zones.name_in_use())
