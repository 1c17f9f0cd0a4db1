"""The real program in a process of its own, without its start: one that has loaded everything forks each of them.

Loading takes most of a short command's time, and the tests give thousands of commands. The process that is forked has
a working folder, an environment, arguments and streams of its own, and runs the same `main`. A few commands are carried
out first, so that what they compile need not be compiled in each process.
"""

import atexit
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from tests.compiled import keep_what_is_compiled
from tui import feed
from tui.terminal.commands_by_name import PLACES

SECONDS = 300
_LOADED = (
    *(f"tui.terminal.commands.{module}" for module in {place.module for place in PLACES}),
    *feed._BEHIND,
    "tui.terminal.cli",
    "tui.console.app",
    "engine.connectors.csv.connector",
    "engine.connectors.ldap.connector",
    "engine.connectors.ldap.ldap3_client",
    "engine.connectors.ldif.connector",
)
"""What the commands import, some of them late."""
_USUAL = (
    *(["check"], ["run"], ["plan"], ["run"], ["runs", "--json"], ["show", "run-1", "--json"]),
    *([listing, "--json"] for listing in ("objects", "metaverse", "exports", "review", "transitions")),
)
"""What is carried out before anything is asked for."""
_ROOT = Path(__file__).parent.parent
_LARGEST_REQUEST = 1 << 20


class Done(NamedTuple):
    """A command that has ended, with what it wrote."""

    status: int
    out: bytes
    err: bytes


def run(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], together: bool = False) -> Done:
    """Run `interlock ARGUMENTS`; where both streams go together, all that was written is in `out`."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _loaded().command(arguments, cwd, env, [out.fileno(), (out if together else err).fileno()])
        return Done(status, _whole(out.fileno()), _whole(err.fileno()))


def start(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> "Running":
    """Start `interlock ARGUMENTS`, which writes nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return _loaded().start(arguments, cwd, env, [nowhere.fileno(), nowhere.fileno()])


@contextmanager
def running(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Iterator["Running"]:
    """Start `interlock ARGUMENTS`, which writes nowhere, and kill it at the end."""
    command = start(arguments, cwd=cwd, env=env)
    try:
        yield command
    finally:
        command.kill()


def _whole(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


class _Loaded:
    """The process that has loaded the program, as the one sees it that asks for commands."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(SECONDS)
        with theirs:
            command = [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())]
            wide = {**os.environ, "COLUMNS": "200"}  # rich looks once, when it is loaded
            self._process = subprocess.Popen(command, cwd=_ROOT, env=wide, pass_fds=[theirs.fileno()])
        atexit.register(self.close)

    def start(self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], streams: list[int]) -> "Running":
        request = json.dumps([list(arguments), str(cwd), dict(env)]).encode()
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.settimeout(SECONDS)
        with theirs:
            socket.send_fds(self._line, [request], [*streams, theirs.fileno()])
        return Running(line, int(line.recv(100)))

    def command(self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], streams: list[int]) -> int:
        started = self.start(arguments, cwd, env, streams)
        try:
            return started.status()
        except TimeoutError:
            started.kill()
            raise AssertionError(f"interlock {' '.join(arguments)}: still running after {SECONDS} s") from None

    def close(self) -> None:
        self._line.close()
        self._process.wait()


class Running:
    """A command that was started, until its exit status is told."""

    def __init__(self, line: socket.socket, pid: int) -> None:
        self._line = line
        self.pid = pid
        self._status: int | None = None

    def goes_on(self) -> bool:
        """Tell whether it has not ended yet."""
        if self._status is None and select.select([self._line], [], [], 0)[0]:
            self.status()
        return self._status is None

    def status(self) -> int:
        """Wait for its end, and give its exit status. Raises `TimeoutError` where it goes on for too long."""
        if self._status is None:
            self._status = int(self._line.recv(100))
            self._line.close()
        return self._status

    def kill(self) -> None:
        """Kill it, unless it has ended, and wait until it is gone."""
        with suppress(ProcessLookupError):  # it may end just now
            if self.goes_on():
                os.kill(self.pid, signal.SIGKILL)
        self.status()


@cache
def _loaded() -> _Loaded:
    return _Loaded()


def _serve(line: socket.socket) -> None:
    """Fork a process for each request, and tell whoever asked its id and, once it has ended, its exit status."""
    ended, ends = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # the pipe is written to only where somebody listens
    signal.set_wakeup_fd(ends)
    asked: dict[int, socket.socket] = {}
    while True:
        ready = select.select([line.fileno(), ended], [], [])[0]
        if ended in ready:
            os.read(ended, _LARGEST_REQUEST)
            _tell_ends(asked)
        if line.fileno() not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(line, _LARGEST_REQUEST, 3)
        if not request:
            return
        *streams, asking = descriptors
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (line.fileno(), ended, ends, asking, *(one.fileno() for one in asked.values())):
                os.close(other)
            arguments, cwd, env = json.loads(request)
            os._exit(_command(arguments, cwd, env, streams))
        for stream in streams:
            os.close(stream)
        asked[pid] = socket.socket(fileno=asking)
        _say(asked[pid], pid)


def _tell_ends(asked: dict[int, socket.socket]) -> None:
    """Tell of each process that has ended, and forget it."""
    while asked:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with asked.pop(pid) as line:
            _say(line, os.waitstatus_to_exitcode(status))


def _say(line: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # whoever asked does not care any more
        line.send(str(number).encode())


def _command(arguments: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> int:
    import tui.__main__

    os.dup2(streams[0], 1)
    os.dup2(streams[1], 2)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None  # it is looked for once
    random.seed()
    sys.modules["__main__"] = tui.__main__  # as after `python -m tui`, which the usage lines name
    sys.argv = [str(tui.__main__.__file__), *arguments]
    sys.path[0] = cwd
    status: Any = 0
    try:
        tui.__main__.main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(status or 0)


def _load() -> None:
    for name in _LOADED:
        import_module(name)
    keep_what_is_compiled()
    with tempfile.TemporaryDirectory() as folder:
        _carry_out_once(Path(folder))


def _carry_out_once(folder: Path) -> None:
    """Carry out what tests do most, so that its statements are compiled."""
    from tests.inside import Inside
    from tui.demo.people import people
    from tui.demo.workspace import make_workspace

    toml = make_workspace(folder, list(people(5)), demo=False)
    office = Inside(folder, toml.read_text())
    for arguments in _USUAL:
        office(*arguments)


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
