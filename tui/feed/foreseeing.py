"""What an approval would lead to, for the command line and the console."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from engine.planning.foresight import Foresight, foresee

__all__ = ["Foresight", "foresee", "foresee_beside", "foresight_document"]


async def foresee_beside(config: Path, ids: Sequence[int], limit: int = 100) -> dict[str, Any]:
    """Give a foresight, worked out in a process of its own: it computes for seconds where many items are asked about.

    Raises `RuntimeError` with what the process said where it failed.
    """
    names = [f"rev-{item_id}" for item_id in ids]
    command = [sys.executable, "-P", "-m", "tui", "review", "consequences", *names]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--limit", str(limit), "--json", "-c", str(config)),
        env={name: value for name, value in os.environ.items() if name != "FORCE_COLOR"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(err.decode(errors="replace").strip() or f"it ended with {process.returncode}")
    found: dict[str, Any] = orjson.loads(out)
    return found


def foresight_document(found: Foresight) -> dict[str, Any]:
    """Give a foresight for JSON."""
    return {
        "items": found.items,
        "totals": [total._asdict() for total in found.totals],
        "trees": [asdict(tree) for tree in found.trees],
        "others": [asdict(tree) for tree in found.others],
    }
