"""Carry a command out in a process of its own: what takes long there holds nobody up here."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    """A command that has ended."""

    status: int
    out: bytes
    err: str


def plain_surroundings() -> dict[str, str]:
    """Give this process's environment for one whose output is not for a terminal."""
    return {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}


async def carry_out(config: Path, arguments: Sequence[str], *, seconds: float | None = None) -> Done:
    """Carry out `interlock ARGUMENTS --json -c CONFIG`.

    It ends with whoever waits for it. Raises `OSError` where no process can be started, and `TimeoutError`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "tui", *arguments, "--json", "-c", str(config)),
        env=plain_surroundings(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except (TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):  # it may have ended at the same moment
            process.kill()
        await process.communicate()  # the loop may end next: nothing of the process stays open in it
        raise
    return Done(process.returncode or 0, out, err.decode(errors="replace").strip())
