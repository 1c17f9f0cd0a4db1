"""What a SCIM service answers."""

from datetime import datetime
from typing import Any, NamedTuple

from engine.errors import ConnectionLost

FAILED = 500
BROKEN = frozenset({FAILED, 502, 504})
"""Answers that do not say whether anything was done."""


class Answer(NamedTuple):
    """What the service said: the status, its document (empty if it gave none), and the version of a resource."""

    status: int
    document: dict[str, Any]
    etag: str | None = None
    at: datetime | None = None
    """When it was given, by the clock of the service."""

    @property
    def detail(self) -> str:
        """Give what it says is wrong, in its words."""
        said = str(self.document.get("detail") or f"HTTP {self.status}")
        kind = self.document.get("scimType")
        return f"{kind}: {said}" if kind else said


class BrokenOver(ConnectionLost):
    """Raised where the service broke down over a change, with what it said; nobody knows whether that took place."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer
