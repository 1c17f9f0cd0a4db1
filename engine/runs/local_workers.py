"""Workers that a run starts on its own machine, so that steps of several systems go on at once on several cores.

They end with the run. What none of them has taken by the time the run has nothing else to do, or what they refuse, it
carries out itself: nothing waits for a process that is still starting, or that could not be started.
"""

import asyncio
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from typing import NamedTuple

from engine.configuration.models import Config
from engine.framing import send
from engine.worker_names import own_name
from engine.workspace import Workspace
from storage import workers
from storage.errors import StoreError

MOST = 8
"""How many processes a run has at most, however many cores there are."""
_LEAVING_SECONDS = 10.0


class Begin(NamedTuple):
    """What such a worker is started with."""

    config: Config
    name: str


def processes_of(config: Config) -> int:
    """Give how many processes may carry out steps of one run on this machine, its own included."""
    configured = config.engine.workers
    if configured != "auto":
        return configured
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST)


class LocalWorkers:
    """The local workers of one run: none, until there is something for them to do."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._processes: list[subprocess.Popen[bytes]] = []
        self.names = [f"{own_name()}/{number}" for number in range(1, processes_of(workspace.config))]
        """What those are called that may be started."""
        self.hands = asyncio.Lock()
        """Held while the run carries out a step itself."""

    async def start(self, wanted: int) -> None:
        """Let there be so many of them, or as many as may be; where one cannot be started, the run does its work."""
        for name in self.names[len(self._processes) : max(wanted, 0)]:
            with suppress(OSError):
                begin = Begin(self._workspace.config, name)
                self._processes.append(await asyncio.to_thread(_started, begin))

    async def end(self) -> None:
        """Let them end: what one still carries out, it leaves at its next page."""
        if not self._processes:
            return
        for process in self._processes:
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr] # it is a pipe
        await asyncio.gather(*(asyncio.to_thread(_wait, process) for process in self._processes))
        with suppress(StoreError):  # the next one of the name takes its place
            async with self._workspace.store.transaction() as tx:
                await workers.forget(tx, self.names)


def _started(begin: Begin) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.runs.local_worker"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
        start_new_session=True,
    )
    try:
        send(process.stdin, pickle.dumps(begin))  # type: ignore[arg-type] # it is a pipe
    except OSError:  # it has ended already
        process.kill()
        process.wait()
        raise
    return process


def _wait(process: "subprocess.Popen[bytes]") -> None:
    with process:
        try:
            process.wait(_LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
