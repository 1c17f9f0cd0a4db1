"""How long: `30d`, `12h`, `90s`, `2w`, `1y`; and how many hours, minutes and seconds."""

import re
from datetime import timedelta

_DURATION = re.compile(r"(\d+)\s*([smhdwy])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 365 * 86400}
"""The units of a duration, in seconds; a year has 365 days."""


def duration(text: str) -> timedelta:
    """Read a duration such as `30d`, `12h`, `90s`, `2w`, `1y`. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text}' is not a duration (such as 30d, 12h, 10m, 1y)")
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds > 100 * 366 * 86400:
        raise ValueError(f"'{text}' is too long a duration: at most a hundred years")
    return timedelta(seconds=seconds)


def clock_of(span: timedelta) -> str:
    """Write a span of time as databases do: hours, more than a day's if need be, minutes and seconds, `36:05:00`."""
    left, sign = (-span, "-") if span < timedelta() else (span, "")
    minutes, seconds = divmod(left.days * 86_400 + left.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{left.microseconds:06}" if left.microseconds else ""
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"
