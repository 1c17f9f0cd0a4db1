"""How long: `30d`, `12h`, `90s`, `2w`, `1y`."""

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
