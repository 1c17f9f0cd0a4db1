"""How fast a step goes: a rate over the last seconds, and the time that is left."""

from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

from tui import feed

WINDOW = 40
"""How many looks at a step are remembered: with four a second, ten seconds."""
SAMPLE_SECONDS = 1.0
"""The plot moves on this often, for all of it has to be sent anew then."""


class Pace:
    """Watches the step that is running."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._step = 0
        self._sampled_at = float("-inf")
        self._seen: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self.samples: deque[float] = deque(maxlen=120)
        """Objects a second, newest last: what is plotted."""

    def note(self, steps: Iterable[feed.StepRecord]) -> None:
        """Take a look at the step that is running."""
        running = [step for step in steps if step.result is None]
        if not running:
            self._seen.clear()
            return
        step = running[-1]
        if step.id != self._step:
            self._step = step.id
            self._seen.clear()
        if not self._seen or self._seen[-1][1] != step.done:
            now = self._clock()
            self._seen.append((now, step.done))
            if now - self._sampled_at >= SAMPLE_SECONDS:
                self._sampled_at = now
                self.samples.append(self.rate)

    @property
    def rate(self) -> float:
        """Objects a second; 0 while nobody knows."""
        if len(self._seen) < 2:
            return 0.0
        (first, done_first), (last, done_last) = self._seen[0], self._seen[-1]
        return (done_last - done_first) / (last - first) if last > first else 0.0

    def left(self, step: feed.StepRecord) -> float | None:
        """Seconds that a step still takes, if that can be told."""
        rate = self.rate
        if not rate or step.total is None or step.id != self._step:
            return None
        return max(step.total - step.done, 0) / rate
