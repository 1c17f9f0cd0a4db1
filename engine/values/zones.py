"""The time zone of `[store]`: which day it is, and what a date or a time means that names no zone.

A moment is a moment, and is kept and compared in UTC; only what has no zone needs one. It is one for the whole process,
as its workspace says.
"""

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from storage import clock

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Where the intervals of Active Directory begin (MS-ADTS §2.2.9, FILETIME)."""
_NEVER = frozenset({0, 2**63 - 1})
"""The intervals that mean no moment at all."""


class _Set:
    """The zone that the workspace of this process says."""

    name = "UTC"
    zone: tzinfo = UTC


def known(name: str) -> str:
    """Give the name of a time zone back. Raises `ValueError` where there is none of that name."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        hint = "names are those of the IANA, such as Europe/Berlin; where even that fails, tzdata is missing"
        raise ValueError(f"no time zone is called '{name}': {hint}") from None
    return name


def use(name: str) -> None:
    """Let this process mean a time zone from now on."""
    _Set.name, _Set.zone = name, UTC if name == "UTC" else ZoneInfo(name)


def name_in_use() -> str:
    """Give the name of the time zone."""
    return _Set.name


def today() -> date:
    """Give the day that it is in the time zone."""
    return clock.moment().astimezone(_Set.zone).date()


def day_of(moment: datetime) -> date:
    """Give the day that a moment is on in the time zone."""
    return local(moment).date()


def local(moment: datetime) -> datetime:
    """Give a moment as the clocks of the time zone show it; what names no zone is so already."""
    return moment if moment.tzinfo is None else moment.astimezone(_Set.zone)


def aware(moment: datetime) -> datetime:
    """Give a moment in UTC; what names no zone is meant in the time zone: the first one, where the clock repeats it."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=_Set.zone)).astimezone(UTC)


def interval(moment: date) -> int:
    """Give a moment as Active Directory counts: 100 ns since 1601. A day begins at its midnight in the time zone."""
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    since = aware(at) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10


def moment_of(ticks: int) -> datetime | None:
    """Give the moment of such an interval; None for those that mean never."""
    if ticks in _NEVER:
        return None
    return datetime.fromtimestamp(ticks // 10_000_000 + int(_EPOCH.timestamp()), UTC)


def midnight(day: date) -> datetime:
    """Give the moment at which a day begins in the time zone, in UTC."""
    return aware(datetime.combine(day, time()))
