"""When something is to happen again and again, such as `Mon..Fri 06:30`: a part of what systemd.time(7) writes."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = re.compile(r"(?P<hours>\*|\d\d?(?:\.\.\d\d?)?):(?P<minute>\d\d)(?:/(?P<step>\d\d?))?")
_FORMS = "'02:30', 'Mon..Fri 06:30', 'Sat,Sun 08:00', '*:15' (every hour) or '07..19:00/20' (every twenty minutes)"


class Calendar(NamedTuple):
    """Minutes of some days of the week."""

    text: str
    """As it was written."""
    days: tuple[int, ...]
    """Days of the week, 0 for Monday."""
    hours: tuple[int, ...]
    minutes: tuple[int, ...]

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Give the first of its moments behind another, by the clocks of a zone; in UTC."""
        day = moment.astimezone(zone).date() - timedelta(days=1)
        return next(one for ahead in range(10) for one in self._of(day + timedelta(days=ahead), zone) if one > moment)

    def before(self, moment: datetime, zone: tzinfo) -> datetime:
        """Give the last of its moments that is not behind another."""
        day = moment.astimezone(zone).date() + timedelta(days=1)
        found = (
            one for ago in range(10) for one in reversed([*self._of(day - timedelta(days=ago), zone)]) if one <= moment
        )
        return next(found)

    def _of(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        """Give its moments of one day."""
        if day.weekday() in self.days:
            for hour in self.hours:
                for minute in self.minutes:
                    there = datetime.combine(day, time(hour, minute), zone)
                    moment = there.astimezone(UTC)
                    if moment.astimezone(zone).replace(tzinfo=None) == there.replace(tzinfo=None):
                        yield moment  # there is such a time on that day: clocks may have been put forward over it

    def systemd(self, zone: str) -> str:
        """Give it as systemd reads it, meant in a zone."""
        days, _, at = self.text.rpartition(" ")
        return f"{days} *-*-* {at}:00 {zone}".strip()


def calendar(text: str) -> Calendar:
    """Read a calendar. Raises `ValueError` with what is wrong."""
    days, _, at = text.strip().rpartition(" ")
    found = _TIME.fullmatch(at)
    if found is None:
        raise ValueError(f"'{text}' is no time: write it as {_FORMS}")
    hours = _hours(text, found["hours"])
    first, step = int(found["minute"]), int(found["step"] or 60)
    if first > 59 or not 1 <= step <= 60:
        raise ValueError(f"'{text}': an hour has minutes from 00 to 59")
    return Calendar(f"{days} {at}".strip(), _days(text, days), hours, tuple(range(first, 60, step)))


def _hours(text: str, written: str) -> tuple[int, ...]:
    if written == "*":
        return tuple(range(24))
    first, _, last = written.partition("..")
    hours = tuple(range(int(first), int(last or first) + 1))
    if not hours or hours[-1] > 23:
        raise ValueError(f"'{text}': hours go from 00 to 23, and a range from the earlier to the later")
    return hours


def _days(text: str, written: str) -> tuple[int, ...]:
    if not written:
        return tuple(range(7))
    days: set[int] = set()
    for part in written.split(","):
        first, _, last = part.partition("..")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"'{text}': days are {', '.join(_DAYS)}, such as 'Mon..Fri' or 'Mon,Thu'")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        if begin > end:
            raise ValueError(f"'{text}': a range of days goes from the earlier to the later one of a week")
        days |= set(range(begin, end + 1))
    return tuple(sorted(days))
