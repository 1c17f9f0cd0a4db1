"""One entry of the audit log."""

import json
from typing import Any

from tui import feed
from tui.console.sheets.layout import Document, fact, named, prose, section
from tui.console.widgets.sheet import SheetLine
from tui.presentation.moments import local_time

_KNOWN = ("reason", "result", "profile")
"""What of the details tells why, the most telling first."""


def why(row: Document) -> str:
    """Give the reason of an entry, or what it came to."""
    said = str(next((row["details"][name] for name in _KNOWN if row["details"].get(name)), ""))
    return feed.with_names(said, row["names"])


def entry(found: Document, width: int) -> list[SheetLine]:
    """Show an entry with all that it says."""
    lines = [
        *fact("entry", found["id"], width, tone="strong"),
        *fact("at", local_time(found["at"], precise=True), width),
        *fact("operator", found["operator"], width, tone="strong"),
        *fact("from", f"{found['session']} on {found['host']}", width),
        *fact("action", found["action"], width, tone="accent"),
        *fact("subject", feed.with_names(found["subject"], found["names"]), width),
    ]
    if reason := why(found):
        lines += prose("why", reason, width)
    lines += section("Details")
    for name, value in found["details"].items():
        lines += _detail(name, value, found["names"], width)
    return [*lines, *section("Seal"), *fact("hash", found["hash"], width), *fact("after", found["previous"], width)]


def _detail(name: str, value: Any, names: feed.Names, width: int) -> list[SheetLine]:
    """Show one of the details; what has many parts gets a line for each."""
    if isinstance(value, dict):
        parts = [f"{key}: {_short(one)}" for key, one in value.items()]
    else:
        parts = [_short(one) for one in value] if isinstance(value, list) else [_short(value)]
    return [
        line
        for index, part in enumerate(parts or [""])
        for line in named(
            name if index == 0 else "", feed.with_names(part, names), width, min(max(len(name), 8), width // 3)
        )
    ]


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
