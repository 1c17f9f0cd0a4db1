"""Hours of the day in which something may happen, `20:00-06:00`, and how often, `50/s`."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import NamedTuple

_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")
_RATE = re.compile(r"(\d+)\s*/\s*([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Hours(NamedTuple):
    """From one time of day until another; where that is earlier, over midnight."""

    begin: time
    end: time

    def __contains__(self, moment: object) -> bool:
        if not isinstance(moment, datetime):
            return False
        at = moment.time()
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def hours(text: str) -> list[Hours]:
    """Read hours, several with commas between. Raises ValueError."""
    return [_one(part.strip()) for part in text.split(",")]


def is_within(several: Iterable[Hours], moment: datetime) -> bool:
    """Tell whether a moment, by the clock that the hours are of, is within one of them."""
    return any(moment in one for one in several)


def next_begin(several: Iterable[Hours], now: datetime) -> datetime:
    """Give the next moment at which one of some hours begins; of the clock that `now` is of."""
    today = [datetime.combine(now.date(), one.begin) for one in several]
    return min(begin if begin > now else begin + timedelta(days=1) for begin in today)


def _one(text: str) -> Hours:
    match = _HOURS.fullmatch(text)
    problem = f"'{text}' names no hours of a day, such as 20:00-06:00"
    if not match:
        raise ValueError(problem)
    numbers = [int(part) for part in match.groups()]
    try:
        begin, end = time(numbers[0], numbers[1]), _end(numbers[2], numbers[3])
    except ValueError:
        raise ValueError(problem) from None
    if begin == end:
        raise ValueError(f"'{text}' begins when it ends; leave it out where any hour will do")
    return Hours(begin, end)


def _end(hour: int, minute: int) -> time:
    """Give a time of day; 24:00 is the next day's beginning."""
    return time(0, 0) if (hour, minute) == (24, 0) else time(hour, minute)


def per_second(text: str) -> float:
    """Read how often something may happen: `50/s`, `600/m`, `100/h`. Raises ValueError."""
    match = _RATE.fullmatch(text.strip())
    if not match or not int(match[1]):
        raise ValueError(f"'{text}' does not say how often, such as 50/s, 600/m or 100/h")
    return int(match[1]) / _SECONDS[match[2]]
