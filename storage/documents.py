"""JSON documents as the store keeps them: canonical text, so that equal documents have equal hashes."""

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Any

import orjson


def encode(document: object) -> str:
    """Give the canonical JSON text of a document: sorted keys, no white space."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


octets: Callable[[object], bytes] = partial(orjson.dumps, option=orjson.OPT_SORT_KEYS)
"""Gives the same as octets, for whoever only hashes it."""


def sealed(document: object, *more: str) -> tuple[str, int]:
    """Give a document's canonical text, and the 64-bit hash of it and of some texts more."""
    raw = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    mark = blake2b(raw, digest_size=8)
    for text in more:
        mark.update(b"\0" + text.encode())
    return raw.decode(), int.from_bytes(mark.digest(), signed=True)


decode: Callable[[str], Any] = orjson.loads
"""Reads a document back."""


def fingerprint(*texts: str) -> bytes:
    """Give the 16-byte hash of some texts, in their order."""
    return blake2b("\0".join(texts).encode(), digest_size=16).digest()
