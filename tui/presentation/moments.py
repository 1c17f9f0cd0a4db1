"""Times as a person reads them: this machine's clock, and how long something takes."""

from datetime import UTC, datetime


def local_time(stamp: str | None, *, precise: bool = False) -> str:
    """Show a moment of the store by this machine's clock: the time of today, else the date with it."""
    if not stamp:
        return ""
    moment = datetime.fromisoformat(stamp).astimezone()
    if precise:
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    today = datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M")


def seconds_between(earlier: str, later: str) -> float:
    """Give the seconds from one moment of the store to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def lasting(seconds: float) -> str:
    """Say how long something takes."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def since_when(stamp: str | None) -> str:
    """Say since when something is so, by this machine's clock: today's hour, a day of this week, else the date."""
    if not stamp:
        return ""
    moment, now = datetime.fromisoformat(stamp).astimezone(), datetime.now(UTC).astimezone()
    days = (now.date() - moment.date()).days
    if days <= 0:
        return f"since {moment:%H:%M}"
    if days == 1:
        return "since yesterday"
    return f"since {moment:%A}" if days < 7 else f"since {moment:%Y-%m-%d}"


def until_when(stamp: str | None) -> str:
    """Say when something is to be, by this machine's clock: in how long, or the day of this week and the hour."""
    if not stamp:
        return ""
    moment, now = datetime.fromisoformat(stamp).astimezone(), datetime.now(UTC).astimezone()
    seconds = (moment - now).total_seconds()
    if seconds < 7200:
        return f"in {max(seconds, 0) / 60:.0f} min"
    days = (moment.date() - now.date()).days
    if days < 7:
        return f"{('today', 'tomorrow')[days] if days < 2 else f'{moment:%A}'} {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"
