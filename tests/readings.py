"""What came of an import: connectors may begin again, and what came before counts no more then."""

from collections.abc import Sequence

from engine.connectors.base import ImportEvent, ImportRestart


def last_reading(events: Sequence[ImportEvent]) -> list[ImportEvent]:
    """Give the events after the last new beginning."""
    beginnings = [index for index, event in enumerate(events) if isinstance(event, ImportRestart)]
    return list(events[beginnings[-1] + 1 :] if beginnings else events)
