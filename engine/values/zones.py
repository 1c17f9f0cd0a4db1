"""The time zone of `[store]`, or of a system: which day it is, and what a date or a time means that names no zone.

A moment is a moment, and is kept and compared in UTC; only what has no zone needs one. It is that of the workspace, of
the system that a step reads or writes, or of the system whose rules are evaluated just now.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from storage import clock

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Where the intervals of Active Directory begin (MS-ADTS §2.2.9, FILETIME)."""
_NEVER = frozenset({0, 2**63 - 1})
"""The intervals that mean no moment at all."""


class _Set:
    """The zone that the workspace of this process says, and that of the system which its present step is about."""

    store = "UTC"
    name = "UTC"


KEY = "\0zone"
"""The key by which what expressions see says in which time zone they mean it."""
_NO_OTHER = nullcontext()
_here: ContextVar[str | None] = ContextVar("zone", default=None)
"""The zone of what is evaluated just now, where that is another one."""


def known(name: str) -> str:
    """Give the name of a time zone back. Raises `ValueError` where there is none of that name."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        hint = "names are those of the IANA, such as Europe/Berlin; where even that fails, tzdata is missing"
        raise ValueError(f"no time zone is called '{name}': {hint}") from None
    return name


def use(name: str) -> None:
    """Let this process mean a time zone from now on: that of its store."""
    _Set.store = _Set.name = name


def use_for_step(name: str) -> None:
    """Let it mean the time zone of a system, until it means another one; the store's stays known."""
    _Set.name = name


def of_store() -> AbstractContextManager[None]:
    """Mean the time zone of the store, for a while."""
    return using(_Set.store)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Mean a time zone for a while, in which nothing is waited for."""
    before = _here.set(name)
    try:
        yield
    finally:
        _here.reset(before)


def of(context: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Mean the time zone, for a while, that what expressions see says; without one, that which is in use."""
    zone = context.get(KEY)
    return _NO_OTHER if zone is None else using(zone)


def name_in_use() -> str:
    """Give the name of the time zone."""
    return _here.get() or _Set.name


def _zone() -> tzinfo:
    name = name_in_use()
    return UTC if name == "UTC" else ZoneInfo(name)  # which keeps those that were asked for


def today() -> date:
    """Give the day that it is in the time zone."""
    return clock.moment().astimezone(_zone()).date()


def day_of(moment: datetime) -> date:
    """Give the day that a moment is on in the time zone."""
    return local(moment).date()


def local(moment: datetime) -> datetime:
    """Give a moment as the clocks of the time zone show it; what names no zone is so already."""
    return moment if moment.tzinfo is None else moment.astimezone(_zone())


def aware(moment: datetime) -> datetime:
    """Give a moment in UTC; what names no zone is meant in the time zone: the first one, where the clock repeats it."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=_zone())).astimezone(UTC)


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
