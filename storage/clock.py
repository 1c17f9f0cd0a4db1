"""The time as the store writes it: UTC, ISO 8601 with milliseconds, so that text order is time order."""

from datetime import UTC, datetime, timedelta


def of_this_machine() -> datetime:
    """Give the present moment in UTC: the one place that asks the computer's clock what day it is."""
    return datetime.now(UTC)


def moment() -> datetime:
    """Give the present moment in UTC, as the program goes by it."""
    return of_this_machine()


def now() -> str:
    """Give the present moment, written down."""
    return stamp(moment())


def stamp(at: datetime) -> str:
    """Write a moment down."""
    there = at if at.tzinfo is UTC else at.astimezone(UTC)
    return there.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def after(seconds: float) -> str:
    """Give the moment that many seconds from now."""
    return stamp(moment() + timedelta(seconds=seconds))


def later(written: str, seconds: float) -> str:
    """Give the moment that many seconds after a written one."""
    return stamp(datetime.fromisoformat(written) + timedelta(seconds=seconds))


def is_past(written: str, age: timedelta) -> bool:
    """Tell whether a written moment is longer ago than an age, or in the future: then the clock was turned."""
    return not timedelta(0) <= moment() - datetime.fromisoformat(written) <= age


def seconds_between(earlier: str, later: str) -> float:
    """Give the seconds from one written moment to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
