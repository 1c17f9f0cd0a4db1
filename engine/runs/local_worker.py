"""The process of a local worker: `python -m engine.runs.local_worker`, told over a pipe what it is.

It ends when that pipe does, and so with the run that has started it: a step that is going on ends at its next page.
"""

import asyncio
import os
import pickle
import threading
from contextlib import suppress

from engine.events import Event
from engine.framing import message
from engine.rules.compiling import compile_rules
from engine.runs.local_workers import Begin
from engine.runs.profile import carry_out, tune_interpreter
from engine.runs.workers import WorkerRefused, work
from engine.store_address import store_address
from engine.worker_names import NAME
from engine.workspace import Workspace
from storage.errors import StoreError
from storage.store import Store


def main() -> None:
    """Be a worker until the run is over."""
    begin: Begin = pickle.loads(message(_next_part))  # noqa: S301 - our own program's
    os.environ[NAME] = begin.name
    tune_interpreter()
    workspace = Workspace(begin.config, compile_rules(begin.config), Store.open(store_address(begin.config)))
    with suppress(StoreError, WorkerRefused):  # the run notices that it is not there, and does its work
        asyncio.run(_work(workspace, begin.name))


async def _work(workspace: Workspace, name: str) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=_await_end, args=(loop, stopping), daemon=True).start()
    async with workspace.store:
        await work(workspace, name, carry_out, _tell_nobody, stopping, lambda _: None)


def _await_end(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """Wait for the end of the pipe, in a thread, and let the worker stop then."""
    while os.read(0, 1 << 10):
        pass
    with suppress(RuntimeError):  # it has stopped by itself
        loop.call_soon_threadsafe(stopping.set)


async def _tell_nobody(_event: Event, _run_id: int) -> None:
    """Tell nobody: the run reads from the store how far a step is."""


def _next_part(most: int) -> bytes:
    if not (part := os.read(0, most)):
        raise EOFError
    return part


if __name__ == "__main__":
    main()
