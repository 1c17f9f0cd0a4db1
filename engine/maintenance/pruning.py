"""Prune history at the end of a run, in small transactions and for a bounded time; the next run goes on."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from time import monotonic

from engine.configuration.models import Config
from engine.workspace import Workspace
from storage import clock, lease, retention
from storage.store import Transaction

Prune = Callable[[Transaction, str, int], Awaitable[int]]

ROWS = 2_000
"""Rows that go in one transaction: some hundredths of a second in which nobody else can write."""
SECONDS = 1.0
SHARE = 0.2
"""How long a run prunes at most: a second, or this part of its own time, so that large runs do not fall behind."""
LEAST = timedelta(days=2)
"""What counts deletions of the last day together needs their items."""


async def prune(workspace: Workspace, owner: str, run_seconds: float) -> Counter[str]:
    """Take away what is older than `[retention]` says, and give how many rows went, by kind.

    `run_seconds` is how long the run took.

    Only the holder of the lease may call this. Raises `StoreError`; what went until then is gone.
    """
    gone: Counter[str] = Counter()
    end = monotonic() + max(SECONDS, SHARE * run_seconds)
    for name, work, before in _due(workspace.config):
        while monotonic() < end:
            async with workspace.store.transaction() as tx:
                await lease.renew(tx, owner)
                rows = await work(tx, before, ROWS)
            gone[name] += rows
            if not rows:
                break
    return gone


def _due(config: Config) -> Iterator[tuple[str, Prune, str]]:
    kept = config.retention
    least = max([LEAST, *(timedelta(days=days + 1) for days in _trend_days(config))])
    items = max(kept.items, least) if kept.items else kept.items
    work: list[tuple[str, Prune, timedelta]] = [
        ("transitions", retention.prune_transitions, kept.transitions),
        ("items", retention.prune_items, items),
        ("batches", retention.prune_batches, items),
        ("runs", retention.prune_runs, kept.runs),
    ]
    for name, prune_one, age in work:
        if age:
            yield name, prune_one, clock.after(-age.total_seconds())


def _trend_days(config: Config) -> Iterator[int]:
    """Give how far back the gates look for slow losses."""
    for system in config.systems.values():
        yield system.deletions.trend_days
        yield from (kind.deletions.trend_days for kind in system.objects.values() if kind.deletions)
