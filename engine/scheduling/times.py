"""When a profile is to run next, and since when it is late."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.configuration.models import ProfileConfig
from engine.values.calendars import Calendar, calendar
from engine.workspace import Workspace
from storage import clock, lease, runs
from storage.records import CARRIED_THROUGH, Run
from storage.store import Transaction

PATIENCE = timedelta(hours=1)
"""So long after its time a profile that has not begun is late: timers are spread, and a machine may be off."""


class Scheduled(NamedTuple):
    """A profile with its times."""

    profile: str
    at: list[str]
    """When it is to run, as the configuration says."""
    every: str
    """How often it is to have run at least; empty where that is not said."""
    last: Run | None
    """Its last run."""
    next: str
    """When it is to run next; empty where no time is given."""
    is_running: bool
    late_since: str | None
    """Since when it is late; empty where that is not known, None where it is not late."""


async def schedule(tx: Transaction, workspace: Workspace) -> list[Scheduled]:
    """Give every profile with when it ran last, when it is to run next, and whether it is late."""
    late = {name: since for name, since, _ in await late_profiles(tx, workspace)}
    going_on = await _going_on(tx)
    last = await runs.last_of_profiles(tx, workspace.config.profiles)
    zone = ZoneInfo(workspace.config.store.timezone)
    return [
        Scheduled(
            name,
            profile.at,
            spoken(profile.every) if profile.every is not None else "",
            last.get(name),
            _next(profile, zone),
            name in going_on,
            late.get(name),
        )
        for name, profile in workspace.config.profiles.items()
    ]


async def late_profiles(tx: Transaction, workspace: Workspace) -> list[tuple[str, str, str]]:
    """Give the profiles that are late: (profile, since when, when the last run that was carried through began).

    One that is going on is not late. Both moments are empty where they are not known.
    """
    zone = ZoneInfo(workspace.config.store.timezone)
    going_on = await _going_on(tx)
    began = await runs.last_carried_through(tx, CARRIED_THROUGH)
    found = []
    for name, profile in workspace.config.profiles.items():
        since = None if name in going_on else _late_since(profile, began.get(name), zone)
        if since is not None:
            found.append((name, since, began.get(name, "")))
    return found


async def _going_on(tx: Transaction) -> set[str]:
    living = await lease.living_run(tx)
    return {run.profile for run in await runs.open_runs(tx) if run.id == living}


def _late_since(profile: ProfileConfig, began: str | None, zone: ZoneInfo) -> str | None:
    """Say since when a profile is late whose last run began at a moment; None where it is not."""
    if profile.every is not None and (began is None or clock.is_past(began, profile.every)):
        return clock.later(began, profile.every.total_seconds()) if began else ""
    planned = [one.before(clock.moment() - PATIENCE, zone) for one in calendars(profile)]
    if not planned or (began is not None and datetime.fromisoformat(began) >= max(planned)):
        return None
    return clock.stamp(max(planned))


def _next(profile: ProfileConfig, zone: ZoneInfo) -> str:
    coming = [one.after(clock.moment(), zone) for one in calendars(profile)]
    return clock.stamp(min(coming)) if coming else ""


def calendars(profile: ProfileConfig) -> list[Calendar]:
    """Give the times of a profile."""
    return [calendar(text) for text in profile.at]


def expected(profile: ProfileConfig) -> str:
    """Say when a profile is to run, such as `every 25 hours` or `at Mon..Fri 06:30`."""
    parts = [f"at {' and '.join(profile.at)}"] if profile.at else []
    parts += [f"every {spoken(profile.every)}"] if profile.every is not None else []
    return ", ".join(parts)


def spoken(every: timedelta) -> str:
    """Say a duration in its largest whole unit."""
    seconds = int(every.total_seconds())
    size, unit = next((one for one in _UNITS if seconds % one[0] == 0 and seconds > one[0]), (1, "second"))
    count = seconds // size
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
