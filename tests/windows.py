"""Windows of hours, as they are configured, around or after the present."""

from datetime import UTC, datetime, timedelta


def window(begins: float, ends: float, *, of: datetime | None = None) -> str:
    """Give the window that begins and ends so many hours from now, or from another moment; negative ones are past."""
    now = of or datetime.now(UTC)
    return f"{now + timedelta(hours=begins):%H:%M}-{now + timedelta(hours=ends):%H:%M}"
