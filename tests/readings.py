"""What came of an import: connectors may begin again, and what came before counts no more then."""

from collections.abc import Sequence

from engine.connectors.base import ImportEnd, ImportEvent, ImportPage, ImportRestart


def last_reading(events: Sequence[ImportEvent]) -> tuple[list[ImportPage], ImportEnd]:
    """Give the pages after the last new beginning, and the end."""
    beginnings = [index for index, event in enumerate(events) if isinstance(event, ImportRestart)]
    *before, end = events[beginnings[-1] + 1 :] if beginnings else events
    pages = [event for event in before if isinstance(event, ImportPage)]
    assert pages == before
    assert isinstance(end, ImportEnd)
    return pages, end
