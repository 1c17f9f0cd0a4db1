"""How much one page holds: no more than has so many bytes, whatever its number."""

from collections.abc import Iterable
from itertools import accumulate

PAGE_BYTES = 8_000_000
"""Bytes of the documents of a page in the store."""


def fitting(sizes: Iterable[int]) -> int:
    """Say how many of the objects of a page fit into `PAGE_BYTES`, by the sizes of their documents; one always does."""
    return max(1, sum(1 for whole in accumulate(sizes) if whole <= PAGE_BYTES))
