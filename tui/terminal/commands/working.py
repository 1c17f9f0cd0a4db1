"""Be a worker: carry out the steps of systems that only this machine can reach."""

import asyncio
import os
import signal
from typing import Annotated

import typer

from tui import feed
from tui.terminal.commands.running import LogFormat, LogOption
from tui.terminal.context import CONFIG, NO_START, USAGE, ConfigOption, carry_out, fail, open_workspace
from tui.terminal.log import Log
from tui.terminal.printing import complain, log_in_json, say
from tui.terminal.progress import Teller


def worker(
    name: Annotated[
        str, typer.Option("--name", envvar="INTERLOCK_WORKER", help="What `runs_on` calls it; by default its machine.")
    ] = "",
    config: ConfigOption = CONFIG,
    log: LogOption = "text",
) -> None:
    """Carry out the steps of the systems that run on this worker, for runs that begin anywhere.

    It goes on until it is stopped; a step that is going on then ends at its next page.
    """
    if log == "json":
        log_in_json()
    own = name.strip() or feed.worker_names.own_name()
    os.environ[feed.worker_names.NAME] = own
    workspace = open_workspace(config)
    mine = [system for system, settings in workspace.config.systems.items() if own in settings.runs_on]
    if not mine:
        fail(f"no system runs on worker '{own}': name it in [systems.NAME] runs_on, or give another --name", USAGE)
    if log == "text":
        say(f"worker '{own}' waits for steps of {', '.join(mine)}")
    feed.tune_interpreter()
    try:
        carry_out(workspace, _work(workspace, own, log))
    except feed.WorkerRefused as error:
        fail(str(error), NO_START)


async def _work(workspace: feed.Workspace, name: str, log: LogFormat) -> None:
    """Work until a signal says that it is enough: then a step that is going on ends at its next page."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    teller = Log(workspace) if log == "json" else Teller(workspace)

    async def tell(event: feed.Event, run_id: int) -> None:
        teller.run_id = run_id
        await teller.tell(event)

    await feed.workers.work(workspace, name, feed.carry_out, tell, stopping, complain)
