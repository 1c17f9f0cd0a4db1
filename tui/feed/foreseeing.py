"""What takes long, in a process of its own: what decisions would lead to, and whom rules are for."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from engine.planning.by_hand import Followed, follow
from engine.planning.foresight import Foresight, foresee
from tui.feed.own_process import carry_out

__all__ = [
    "Followed",
    "Foresight",
    "follow",
    "follow_beside",
    "follow_document",
    "foresee",
    "foresee_beside",
    "foresight_document",
    "rules_beside",
]


async def foresee_beside(config: Path, ids: Sequence[int], limit: int = 100) -> dict[str, Any]:
    """Give a foresight, worked out in a process of its own: it computes for seconds where many items are asked about.

    Raises `RuntimeError` with what the process said where it failed.
    """
    names = [f"rev-{item_id}" for item_id in ids]
    found: dict[str, Any] = await _beside(config, ["review", "consequences", *names, "--limit", str(limit)])
    return found


async def follow_beside(config: Path, verb: str, things: Sequence[str]) -> dict[str, Any]:
    """Give what a decision by hand about some ids would lead to, worked out likewise. Raises `RuntimeError`."""
    found: dict[str, Any] = await _beside(config, ["consequences", verb, *things])
    return found


async def rules_beside(config: Path) -> list[dict[str, Any]]:
    """Give the rules with how many are in the scope of each, counted likewise. Raises `RuntimeError`."""
    found: list[dict[str, Any]] = await _beside(config, ["rules"])
    return found


async def _beside(config: Path, arguments: Sequence[str]) -> Any:
    """Carry a command out in a process of its own, and give the document that it writes."""
    done = await carry_out(config, arguments)
    if done.status:
        raise RuntimeError(done.err or f"it ended with {done.status}")
    return orjson.loads(done.out)


def foresight_document(found: Foresight) -> dict[str, Any]:
    """Give a foresight for JSON."""
    return {
        "items": found.items,
        "totals": [total._asdict() for total in found.totals],
        "trees": [asdict(tree) for tree in found.trees],
        "others": [asdict(tree) for tree in found.others],
    }


def follow_document(found: Followed) -> dict[str, Any]:
    """Give what a decision by hand would lead to for JSON."""
    return {
        "says": found.says,
        "totals": [total._asdict() for total in found.totals],
        "changes": [change.document() for change in found.changes],
        "errors": [error._asdict() for error in found.errors],
    }
