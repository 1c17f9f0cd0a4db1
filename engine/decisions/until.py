"""Until when something is put off: a duration, or a day."""

from datetime import datetime

from engine.errors import DecisionRefused
from engine.values.durations import duration
from storage import clock


def moment_of(until: str) -> str:
    """Read a duration such as `7d`, or a day such as `2027-01-31`, which begins where this machine is, as a moment.

    Raises `DecisionRefused`, also for what is over.
    """
    try:
        moment = clock.stamp(datetime.fromisoformat(until).astimezone())
    except (ValueError, OverflowError):
        try:
            moment = clock.after(duration(until).total_seconds())
        except (ValueError, OverflowError):
            raise DecisionRefused(f"'{until}' is neither a duration such as 7d nor a day such as 2027-01-31") from None
    if moment <= clock.now():
        raise DecisionRefused(f"{until} is over already")
    return moment
