"""Evaluation that can be stopped: in a process of its own, with a deadline and a limit of memory.

What is `quick` whatever it is given is evaluated where it is needed. The rest, such as loops and long values, may take
for ever, and in C code, where no signal is heard: so the process that computes is killed.
"""

import atexit
import os
import pickle
import select
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from time import monotonic
from typing import Any, NamedTuple

from engine.errors import ObjectError
from engine.expressions.tables import TABLES, Given, Table
from engine.framing import LENGTH, exactly, send
from engine.processor_time import processor_seconds

SECONDS = 2.0
"""Processor time that one expression may take over one object: it does not depend on what else the machine does."""
_SECONDS_AT_MOST = 30.0
"""How long it may take on a machine that has no processor time for it."""
MEMORY = 768 * 2**20
"""Bytes that the process may address."""
_LARGEST_ANSWER = 64 * 2**20
_KEPT = 64 * 2**20
"""Bytes of answers that are kept at most of what is evaluated ahead."""
_MOST_TABLES = 20
"""Lookup tables, and their versions, that the process holds before another one takes its place."""
_STARTING_SECONDS = 60.0


class Request(NamedTuple):
    """An expression, as it is compiled, and what it reads."""

    kind: str
    source: str
    own: tuple[str, ...]
    values: dict[str, Any]
    zone: str = "UTC"
    """The time zone in which it is evaluated."""


class Answer(NamedTuple):
    """What became of it: a value, or what is wrong."""

    value: Any
    failure: ObjectError | None = None


class Stopped(Exception):
    """Raised where an expression took too long or too much memory; says which."""


_MISSING: ContextVar[dict[bytes, Request] | None] = ContextVar("missing", default=None)


@contextmanager
def collecting() -> Iterator[dict[bytes, Request]]:
    """Give what is asked for within it and was not evaluated ahead; that fails, and is not evaluated."""
    missing: dict[bytes, Request] = {}
    token = _MISSING.set(missing)
    try:
        yield missing
    finally:
        _MISSING.reset(token)


class Watched:
    """Evaluates expressions in a process that it starts when it first needs it, and ends when that takes too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ahead: dict[bytes, bytes] = {}
        self._kept = 0
        self._given: set[bytes] = set()

    def evaluate(self, request: Request) -> Answer:
        """Evaluate an expression, unless that was done ahead. Raises `Stopped`."""
        key = _key(request)
        known, missing = self._ahead.get(key), _MISSING.get()
        if known is None and missing is not None:
            missing[key] = request
            raise Stopped("it is not evaluated yet")
        return _read(known if known is not None else self._ask(request))

    def evaluate_ahead(self, request: Request) -> None:
        """Evaluate an expression and keep what became of it, for whoever asks next, whatever the time is then."""
        try:
            told = self._ask(request)
        except Stopped as why:
            told = pickle.dumps(why)
        if self._kept + len(told) <= _KEPT:
            self._ahead[_key(request)] = told
            self._kept += len(told)

    def forget(self) -> None:
        """Drop what was evaluated ahead."""
        self._ahead.clear()
        self._kept = 0

    def _ask(self, request: Request) -> bytes:
        with self._lock:
            if len(self._given) >= _MOST_TABLES:
                self.end()
            process = self._process = self._process or _started()
            try:
                self._give(process, request.values.get(TABLES, {}).values())
                limit = _Limit(process.pid, SECONDS, _SECONDS_AT_MOST)
                _write(process, pickle.dumps(request))
                return _answer(process, limit)
            except Stopped:
                self.end()
                raise

    def _give(self, process: subprocess.Popen[bytes], tables: Iterable[Table | str]) -> None:
        """Give the process the tables that it was not given yet, by value."""
        for table in tables:
            if isinstance(table, Table) and table.digest not in self._given:
                _write(process, pickle.dumps(Given(table.digest, table.columns, dict(table.rows))))
                self._given.add(table.digest)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._given.clear()
        if self._process is not None:
            with self._process as process:
                process.kill()
            self._process = None

    def abandon(self) -> None:
        """Know nothing of the process, which after a fork is the other one's, nor of who was waiting for it."""
        self._lock = threading.Lock()
        self._process = None
        self._given = set()
        self.forget()


class _Limit:
    """When a process has had its time: so many seconds of the processor, but no longer than so many by the clock."""

    def __init__(self, pid: int, busy: float, seconds: float) -> None:
        self._pid = pid
        self._deadline = monotonic() + seconds
        self._busy_at_most = processor_seconds(pid) + busy

    def left(self) -> float:
        """Give the seconds that it has at least."""
        return max(min(self._busy_at_most - processor_seconds(self._pid), self._deadline - monotonic()), 0)


def _started() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "engine.expressions.evaluator"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    _answer(process, _Limit(process.pid, _STARTING_SECONDS, _STARTING_SECONDS))  # it says that it is there
    return process


def _write(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        send(process.stdin, request)
    except BrokenPipeError:
        raise Stopped("it took too much memory") from None


def _answer(process: subprocess.Popen[bytes], limit: _Limit) -> bytes:
    (length,) = LENGTH.unpack(_exactly(process, LENGTH.size, limit))
    if length > _LARGEST_ANSWER:
        raise Stopped("its result is too long")
    return _exactly(process, length, limit)


def _exactly(process: subprocess.Popen[bytes], size: int, limit: _Limit) -> bytes:
    stdout = process.stdout
    assert stdout is not None  # noqa: S101 - it is a pipe
    ready = select.poll()
    ready.register(stdout, select.POLLIN)

    def next_part(most: int) -> bytes:
        while not ready.poll(1000 * (left := limit.left())):
            if not left:
                raise Stopped(f"it took longer than {SECONDS:g} s")
        if not (part := stdout.read(most)):
            raise Stopped("it took too much memory")
        return part

    return exactly(size, next_part)


def _read(told: bytes) -> Answer:
    answer = pickle.loads(told)  # noqa: S301 - our own program's
    if isinstance(answer, Stopped):
        raise answer
    found: Answer = answer
    return found


def _key(request: Request) -> bytes:
    """Give what stands for a request; the time of day makes no difference."""
    return blake2b(pickle.dumps(request._replace(values={**request.values, "now": None}))).digest()


WATCHED = Watched()
"""The one of this process."""
atexit.register(WATCHED.end)
os.register_at_fork(after_in_child=WATCHED.abandon)
