"""Try a proposed configuration: the plan of the first ten people, worked out in a process and a folder of their own."""

import tempfile
from pathlib import Path
from typing import Any

import orjson

from tui.beginning.proposal import Source, Target, proposed
from tui.feed.own_process import carry_out

FIRST = 10
"""People of whom the plan is made."""
SECONDS = 120
"""How long the plan may take."""


async def plan_of_first(source: Source, target: Target | None) -> dict[str, Any]:
    """Give the plan of the first ten people as a document.

    Raises `RuntimeError` with what the program said where there is none.
    """
    few = source._replace(connection={**source.connection, "first": FIRST})
    with tempfile.TemporaryDirectory(prefix="interlock-") as name:
        folder = Path(name)
        (folder / "interlock.toml").write_text(proposed(few, target), encoding="utf-8")
        done = await carry_out(folder / "interlock.toml", ["plan"], seconds=SECONDS)
    try:
        found: dict[str, Any] = orjson.loads(done.out)
    except orjson.JSONDecodeError:
        raise RuntimeError(done.err.replace(str(folder), "") or f"it ended with {done.status}") from None
    return found
