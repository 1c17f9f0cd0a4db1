"""Past runs in figures, for the plots."""

from collections import Counter
from typing import NamedTuple

from engine.workspace import Workspace
from storage import clock, runs

PAST = 120


class PastRun(NamedTuple):
    """One run that has ended: objects a second, and what was left over when it ended."""

    id: int
    rate: float
    backlog: int | None
    waiting: int | None


async def history(workspace: Workspace, limit: int = PAST) -> list[PastRun]:
    """Give the newest runs that have ended, oldest first."""
    async with workspace.store.reading() as tx:
        found = [run for run in await runs.newest(tx, limit) if run.ended_at]
        steps = await runs.paces(tx, [run.id for run in found])
    done: Counter[int] = Counter()
    seconds: Counter[int] = Counter()
    for run_id, count, began, ended in steps:
        done[run_id] += count
        seconds[run_id] += round(1000 * clock.seconds_between(began, ended))
    return [
        PastRun(run.id, 1000 * done[run.id] / max(seconds[run.id], 1), run.backlog, run.waiting)
        for run in reversed(found)
    ]
