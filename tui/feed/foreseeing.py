"""What an approval would lead to, for the command line and the console."""

from dataclasses import asdict
from typing import Any

from engine.planning.foresight import Foresight, foresee

__all__ = ["Foresight", "foresee", "foresight_document"]


def foresight_document(found: Foresight) -> dict[str, Any]:
    """Give a foresight for JSON."""
    return {
        "items": found.items,
        "totals": [total._asdict() for total in found.totals],
        "trees": [asdict(tree) for tree in found.trees],
        "others": [asdict(tree) for tree in found.others],
    }
