"""Phase 3, when and how fast a system takes exports: its hours, its rate, and how many a run may send."""

import asyncio

from engine.step import Step
from engine.values import zones
from engine.values.hours import hours, is_within, per_second
from storage import clock, exports, runs
from storage.store import Transaction

_LOOK_SECONDS = 1.0
"""How often somebody who wants the run to stop is listened to while it waits."""


class Pace:
    """How many exports may go now. It counts what it lets through."""

    def __init__(self, step: Step, sent_before: int) -> None:
        """Take what earlier steps of the run have sent to the system."""
        settings = step.settings
        self._step = step
        self._hours = hours(settings.window) if settings.window is not None else []
        self._rate = per_second(settings.rate) if settings.rate is not None else None
        self._most = settings.max_exports
        self._taken = sent_before
        self._due = 0.0
        """When the next one may go, by the loop's clock."""

    @property
    def is_paced(self) -> bool:
        """Whether it has to be asked anew before each batch."""
        return self._rate is not None or self._most is not None or bool(self._hours)

    def room(self, size: int) -> int:
        """Give how many exports the next batch may have: none while the system takes none."""
        if self.why_not():
            return 0
        if self._rate is not None:
            size = min(size, max(1, int(self._rate)))
        return size if self._most is None else min(size, self._most - self._taken)

    def why_not(self) -> str:
        """Say why nothing may go now; an empty text where it may."""
        if self._step.settings.read_only:
            return "it is read_only"
        with zones.of_store():  # whatever the system's own dates and times mean
            now = zones.local(clock.moment())
        if self._hours and not is_within(self._hours, now):
            return f"it is {now:%H:%M}, and its window is {', '.join(map(str, self._hours))}"
        if self._most is not None and self._taken >= self._most:
            return f"max_exports lets {self._most:,} go in a run"
        return ""

    def take(self, count: int) -> None:
        """Count exports that go."""
        self._taken += count
        if self._rate is not None:
            now = asyncio.get_running_loop().time()
            self._due = max(self._due, now) + count / self._rate

    async def wait(self) -> None:
        """Wait until the next batch may go. Raises `StepFailed` where the run is to stop."""
        loop = asyncio.get_running_loop()
        while (left := self._due - loop.time()) > 0:
            await asyncio.sleep(min(left, _LOOK_SECONDS))
            async with self._step.page():
                pass  # says that the run is alive, and hears whether it is to stop


async def pace_of(tx: Transaction, step: Step) -> Pace:
    """Find out how many exports may go in this step."""
    steps = await runs.steps_of(tx, step.control.run_id) if step.settings.max_exports is not None else []
    before = [one for one in steps if one.phase == step.plan.phase and one.system == step.system and one.id != step.id]
    return Pace(step, sum(one.done for one in before))


async def tell_waiting(tx: Transaction, step: Step, pace: Pace) -> None:
    """Say with the step's result what waits, and for what."""
    waiting = await exports.count_sendable(tx, step.system)
    if waiting and (why := pace.why_not()):
        told = f"{waiting:,} {'exports wait' if waiting != 1 else 'export waits'}: {why}"
        step.message = "; ".join(filter(None, (step.message, told)))
