"""External ids of one column or several, as a text: `7`, `DE/7`."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from engine.connectors.sql.values import text_of


def joined(parts: Sequence[Any]) -> str | None:
    """Give the text of the parts of a key; None where one of them is missing."""
    texts = ["" if part is None else text_of(part).strip() for part in parts]
    if not all(texts):
        return None
    return texts[0] if len(texts) == 1 else "/".join(one.replace("%", "%25").replace("/", "%2F") for one in texts)


def shown(parts: Sequence[Any]) -> str:
    """Show the parts of a key of which one may be missing, so that its row can be found."""
    return "/".join("NULL" if part is None else text_of(part).strip() for part in parts)


def without_value(names: Sequence[str], parts: Sequence[Any]) -> list[str]:
    """Name the parts of a key that are missing."""
    return [name for name, part in zip(names, parts, strict=True) if joined([part]) is None]


def parted(text: str, count: int) -> list[str] | None:
    """Give the parts of a key from its text; None where it has not so many."""
    if count == 1:
        return [text]
    parts = [unquote(part) for part in text.split("/")]
    return parts if len(parts) == count else None
