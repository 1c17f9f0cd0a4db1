"""JSON documents as the store keeps them: canonical text, so that equal documents have equal hashes."""

from hashlib import blake2b
from typing import Any

import orjson


def encode(document: object) -> str:
    """Give the canonical JSON text of a document: sorted keys, no white space."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def decode(text: str) -> Any:
    """Read a document back."""
    return orjson.loads(text)


def fingerprint(*texts: str) -> bytes:
    """Give the 16-byte hash of some texts, in their order."""
    return blake2b("\0".join(texts).encode(), digest_size=16).digest()
