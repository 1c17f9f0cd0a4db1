"""Waiting for what another process does, and no longer than is reasonable."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(what: Callable[[], Found | None], seconds: float = 60) -> Found:
    """Wait until something is so, and give it."""
    last = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < last, "it did not happen"
        time.sleep(0.02)
    return found
