"""How the C library holds memory: fitted to threads that take turns, where it is one that can be."""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""The number by which `mallopt` knows how many heaps there may be (glibc, malloc.h)."""


def share_heap() -> None:
    """Let all threads take memory from one heap: of one for each, most is held and not used."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_memory_back() -> None:
    """Give the system what is free: the C library would keep it, in pieces that are of no use to what comes next."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
