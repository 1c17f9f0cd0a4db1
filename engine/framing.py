"""Messages between two processes of Interlock over a pipe: each behind its length."""

import struct
from collections.abc import Callable
from typing import Protocol

LENGTH = struct.Struct("!Q")
"""How long a message is, which follows."""
_PART = 1 << 20


class Stream(Protocol):
    """What takes as many bytes as there is room for, and says how many."""

    def write(self, data: memoryview, /) -> int | None:
        """Take some bytes, and say how many; none where there is no room."""


def send(stream: Stream, message: bytes) -> None:
    """Write a message whole. Raises `OSError`."""
    rest = memoryview(LENGTH.pack(len(message)) + message)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def exactly(size: int, next_part: Callable[[int], bytes]) -> bytes:
    """Read so many bytes; `next_part` waits for some of them, at most as many as it is given, and is never empty."""
    parts: list[bytes] = []
    while size:
        parts.append(next_part(min(size, _PART)))
        size -= len(parts[-1])
    return b"".join(parts)


def message(next_part: Callable[[int], bytes]) -> bytes:
    """Read a message whole; `next_part` as in `exactly`."""
    (length,) = LENGTH.unpack(exactly(LENGTH.size, next_part))
    return exactly(length, next_part)
