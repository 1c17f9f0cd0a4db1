"""How systems take exports: in which hours, how fast, how many a run; what waits for that, and until when."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from engine.configuration.models import Config
from engine.values import zones
from engine.values.hours import hours as hours_of
from engine.values.hours import is_within, next_begin
from storage import clock, exports
from storage.store import Transaction


class Paced(NamedTuple):
    """A system that does not take exports at any time, as fast as it can, and as many as there are."""

    system: str
    window: str | None
    rate: str | None
    max_exports: int | None
    opens: str | None
    """When it takes exports again, in UTC, where it takes none now."""
    waiting: int
    """How many exports a run would send if nothing kept them back."""

    @property
    def limits(self) -> str:
        """Say what is configured."""
        told = {"window": self.window, "rate": self.rate, "max_exports": self.max_exports}
        return ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)

    @property
    def kept_back(self) -> str:
        """Say how many exports wait, and for what; an empty text where none do."""
        if self.waiting and self.opens is not None:
            until = zones.local(datetime.fromisoformat(self.opens))
            return f"{_exports(self.waiting)} until {until:%Y-%m-%d %H:%M}, when its window opens"
        if self.max_exports is not None and self.waiting > self.max_exports:
            return f"{_exports(self.waiting - self.max_exports)} for a later run: one sends {self.max_exports:,}"
        return ""


def _exports(count: int) -> str:
    return f"{count:,} {'exports wait' if count != 1 else 'export waits'}"


async def sendable(tx: Transaction, config: Config) -> dict[str, int]:
    """Count what a run would send to each system that has hours, a rate or a most."""
    return {name: await exports.count_sendable(tx, name) for name in _limited(config)}


def paces(config: Config, waiting: Mapping[str, int]) -> list[Paced]:
    """Tell how each system that has hours, a rate or a most takes exports now; `waiting` is what `sendable` counted."""
    return [_paced(config, name, waiting.get(name, 0)) for name in _limited(config)]


def _limited(config: Config) -> list[str]:
    return [
        name
        for name, one in config.systems.items()
        if one.window is not None or one.rate is not None or one.max_exports is not None
    ]


def _paced(config: Config, name: str, waiting: int) -> Paced:
    settings = config.systems[name]
    opens = _opens(settings.window) if settings.window is not None else None
    return Paced(name, settings.window, settings.rate, settings.max_exports, opens, waiting)


def _opens(window: str) -> str | None:
    """Give when a window opens that is closed now."""
    now = zones.local(clock.moment())
    hours = hours_of(window)
    if is_within(hours, now):
        return None
    return clock.stamp(zones.aware(next_begin(hours, now.replace(tzinfo=None))))
