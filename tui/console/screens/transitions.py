"""Transitions: every status transition of objects, exports and review items, as they happen."""

from typing import Any

from tui import feed
from tui.console import sheets
from tui.console.screens.listing import ListScreen
from tui.console.sheets.layout import fact, moved, prose, stated
from tui.console.widgets.columns import Column, Order
from tui.presentation import tones
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time


def _why(row: dict[str, Any]) -> str:
    return feed.with_names(row["reason"], row["names"])


def _moved(row: dict[str, Any]) -> tuple[str, str]:
    became, tone = tones.became(row)
    told = f"{row['from_status'] or glyphs().nothing} {glyphs().arrow} {row['to_status'] or became}"
    return feed.with_names(told, row["names"]), tone


class TransitionsScreen(ListScreen):
    """Status transitions, newest first."""

    TITLE = "Transitions"
    KIND = "transitions"
    ERRORS = "to:Failed"
    EMPTY = "nothing has changed its status yet"
    COLUMNS = (
        Column("id", "at", 16, lambda row: local_time(row["at"]), order=Order.TIMES),
        Column("entity", "what", 6, lambda row: row["entity"], priority=3),
        Column("system", "system", 10, lambda row: row["system"], priority=4),
        Column("to", "transition", 28, _moved, flex=1),
        Column("object", "object", 21, lambda row: row["label"], flex=2, is_label=True),
        Column("operator", "operator", 9, lambda row: row["operator"] or "", priority=5),
        Column("reason", "why", 14, _why, flex=2, priority=6),
    )

    def thing_of(self, document: dict[str, Any]) -> str | None:
        """Give the id of what moved."""
        return moved(document)

    def open_row(self, document: dict[str, Any]) -> None:
        """Open what moved."""
        self.console_app.open_thing(moved(document))

    async def detail_of(self, document: dict[str, Any]) -> sheets.Build:
        """Give the transition whole."""
        names = document["names"]
        before, after = (feed.with_names(document[one] or "", names) for one in ("from_status", "to_status"))

        def build(width: int) -> list[sheets.SheetLine]:
            return [
                *fact("object", document["label"], width, tone="strong", link=moved(document)),
                *fact("id", moved(document), width),
                *fact("system", document["system"], width),
                *stated("from", tones.status(before or "nothing"), width),
                *stated("to", tones.became({**document, "to_status": after}), width),
                *fact("at", local_time(document["at"], precise=True), width),
                *fact("by", document["operator"] or f"step {document['step_id']} of a run", width),
                *prose("why", _why(document), width),
            ]

        return build
