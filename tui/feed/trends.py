"""How things went day by day: objects read, joins, errors, and how long runs took."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from engine.workspace import Workspace
from storage import clock, trends
from storage.trends import READING

DAYS = 180
"""Days that are looked back at."""


class Day(NamedTuple):
    """One day of universal time; None where nothing is known of it."""

    day: str
    objects: int | None
    """Objects that the imports of all systems have read, each system's fullest import counted."""
    joins: int
    """Joins and projections."""
    errors: int
    """Item errors, without warnings."""
    runs: int
    longest: float | None
    """Seconds of the run that took longest."""


async def by_day(workspace: Workspace, until: str | None = None) -> list[Day]:
    """Give the days up to one, today if it is not said, oldest first; those before the first run are left out."""
    last = date.fromisoformat((until or clock.now())[:10])
    since = (last - timedelta(days=DAYS - 1)).isoformat()
    async with workspace.store.reading() as tx:
        of_systems = await trends.days_of_systems(tx, since)
        errors = await trends.errors_by_day(tx, since)
        past = list(await trends.runs_since(tx, since))
    read: dict[str, Counter[str]] = defaultdict(Counter)
    joins = Counter[str]()
    for one in of_systems:
        joins[one.day] += one.joins + one.projections
        if one.phase in READING and one.most_done:
            read[one.day][one.system] = max(read[one.day][one.system], one.most_done)
    took: dict[str, list[float]] = defaultdict(list)
    for began, ended in past:
        took[began[:10]].append(clock.seconds_between(began, ended))
    known = [*joins, *errors, *took]
    days = _days(date.fromisoformat(min(known)), last) if known else []
    return [
        Day(
            day,
            sum(read[day].values()) if day in read else None,
            joins[day],
            errors.get(day, 0),
            len(took.get(day, ())),
            max(took[day]) if day in took else None,
        )
        for day in days
    ]


def _days(first: date, last: date) -> list[str]:
    return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
