"""What the steps of past days came to, day by day; a day is one of universal time."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, cast, func, literal_column, select

from storage.dialects import expressions
from storage.store import Transaction
from storage.tables import item_errors, runs, steps

READING = ("import", "confirm")
"""Phases that read what a system holds."""
_OF_STEPS = func.substr(steps.c.started_at, literal_column("1"), literal_column("10"))


class DayOfSystem(NamedTuple):
    """What a phase did with a system on a day."""

    day: str
    phase: str
    system: str
    most_done: int
    """Objects in the step that had most of them."""
    joins: int
    projections: int


async def days_of_systems(tx: Transaction, since: str) -> list[DayOfSystem]:
    """Sum up the steps since a moment by day, phase and system."""
    group = (_OF_STEPS, steps.c.phase, steps.c.system)
    summed = (func.coalesce(_sum("joins"), 0), func.coalesce(_sum("projections"), 0))
    query = select(*group, func.max(steps.c.done), *summed).where(steps.c.started_at >= since).group_by(*group)
    return [DayOfSystem(*row) for row in await tx.execute(query)]


def _sum(name: str) -> ColumnElement[int]:
    return func.sum(cast(expressions.member(steps.c.statistics, name), Integer))


async def errors_by_day(tx: Transaction, since: str) -> dict[str, int]:
    """Count the item errors since a moment by day; warnings are none."""
    query = (
        select(_OF_STEPS, func.count())
        .select_from(item_errors.join(steps, steps.c.id == item_errors.c.step_id))
        .where(steps.c.started_at >= since, expressions.as_number(item_errors.c.is_warning) == 0)
        .group_by(_OF_STEPS)
    )
    return {str(day): int(count) for day, count in await tx.execute(query)}


async def runs_since(tx: Transaction, since: str) -> Iterable[tuple[str, str]]:
    """Give when each run since a moment began and ended, of those that have ended."""
    query = select(runs.c.started_at, runs.c.ended_at).where(runs.c.started_at >= since, runs.c.ended_at.is_not(None))
    return [(began, ended) for began, ended in await tx.execute(query)]
