"""Keep a plan beside its store while it is made, so that others can watch it, look through it, and run it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from engine.configuration.steps import StepPlan
from engine.events import Event, Progress, StepFinished, StepStarted
from engine.planning.plan import Plan
from engine.planning.records import PlannedChange, PlannedStep
from engine.planning.world import unseen, world
from storage import clock, kept_plans, lease, transitions
from storage.dialects.base import Place
from storage.errors import AlreadyRunning
from storage.kept_plans import Kept, Total
from storage.store import Store

PAGE = 1000
TOLD_EVERY = 0.25
"""Seconds between two words on how far a step is."""
WATCH_SECONDS = 0.5
"""How often it is looked whether somebody wants the plan to stop; it shows that it lives, too."""
SHOWN_ERRORS = 100
WHOLE = frozenset({"add", "gone", "forget", "project", "delete", "Create", "Delete"})
"""Operations that make or take a whole object: its attributes are the object itself, and no change of it."""


class Keeping:
    """Writes down how far a plan is, and then what it tells."""

    def __init__(self, plan: Plan, kept: Store, about: dict[str, Any]) -> None:
        self._plan = plan
        self._kept = kept
        self._about = about
        self._step = -1
        self._shown: dict[str, Any] = {}
        self._told_at = 0.0

    async def tell(self, event: Event) -> None:
        """Write down what an event means."""
        match event:
            case StepStarted():
                self._step += 1
                self._shown = {**_step(event.plan), "began": clock.now()}
                await self._put()
            case Progress() if monotonic() - self._told_at >= TOLD_EVERY:
                self._shown |= {"done": event.done, "total": event.total, "statistics": event.statistics}
                await self._put()
            case StepFinished():
                self._shown |= {
                    "result": event.result.value,
                    "message": event.message,
                    "statistics": event.statistics,
                    "errors": event.errors,
                    "ended": clock.now(),
                }
                await self._put()

    async def _put(self) -> None:
        self._told_at = monotonic()
        async with self._kept.transaction() as tx:
            await kept_plans.put_step(tx, self._step, self._shown)

    async def finish(self) -> None:
        """Write down every change, once the plan has been followed to its end."""
        await self.say(result=self._plan.result.value, waiting=self._plan.waiting, sorting=True)
        number = 0
        for place, step in enumerate(self._plan.steps):
            number = await self._keep_step(place, step, number)
        await self.say(ended_at=clock.now(), sorting=False)

    async def _keep_step(self, place: int, step: PlannedStep, number: int) -> int:
        """Keep what a step would do, from a number on; give the last number."""
        counted: Counter[tuple[str, str, str, str]] = Counter()
        page: list[tuple[Kept, PlannedChange]] = []
        async for change in self._plan.changes(place):
            number += 1
            page.append((Kept(number, place, change.document()), change))
            if len(page) == PAGE:
                await self._keep_page(page, counted)
                page = []
        await self._keep_page(page, counted)
        shown = {
            **_step(StepPlan(step.phase, step.system)),
            "result": step.result.value,
            "message": step.message,
            "statistics": {name: count for name, count in step.statistics.items() if count},
            "errors": step.errors,
            "first_errors": [error._asdict() for error in step.first_errors[:SHOWN_ERRORS]],
            "changes": step.changes,
            "simulated": step.simulated,
        }
        async with self._kept.transaction() as tx:
            await kept_plans.put_step(tx, place, shown)
            await kept_plans.add_totals(tx, (Total(place, *key, count) for key, count in counted.items()))
        await self._keep_sends(place)
        return number

    async def _keep_page(
        self, page: list[tuple[Kept, PlannedChange]], counted: Counter[tuple[str, str, str, str]]
    ) -> None:
        touched = []
        for kept, change in page:
            counted[change.system, change.type, "", change.told] += 1
            for name, becomes in _becomes(change).items():
                counted[change.system, change.type, name, becomes] += 1
                touched.append((kept.step, change.system, change.type, name, kept.id, becomes))
        async with self._kept.transaction() as tx:
            if page:
                await kept_plans.add(tx, [kept for kept, _ in page], [change.told for _, change in page])
            await kept_plans.add_touched(tx, touched)

    async def _keep_sends(self, place: int) -> None:
        after = 0
        while True:
            async with self._plan.workspace.store.reading() as tx:
                page = await transitions.sent_in(tx, self._plan.step_ids[place], after, PAGE)
            if not page:
                return
            after = page[-1][0]
            async with self._kept.transaction() as tx:
                await kept_plans.add_sends(tx, place, [label for _, label in page])

    async def say(self, **more: Any) -> None:
        """Write down what has become of the plan."""
        self._about |= more
        async with self._kept.transaction() as tx:
            await kept_plans.tell_about(tx, self._about)

    async def watch(self) -> None:
        """Show that the plan is being made, and stop it when that is wanted."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self.say(heartbeat_at=clock.now())
            async with self._kept.reading() as tx:
                found = await kept_plans.about(tx)
            if found is not None and found[1] is not None:
                self._plan.control.stop_requested_by = found[1]


def _step(plan: StepPlan) -> dict[str, Any]:
    return {
        "phase": plan.phase,
        "system": plan.system,
        "result": None,
        "message": "",
        "done": 0,
        "total": None,
        "statistics": {},
        "errors": 0,
        "changes": 0,
        "simulated": False,
    }


def _becomes(change: PlannedChange) -> dict[str, str]:
    """Tell what becomes of each attribute of an object that stays."""
    if change.operation in WHOLE:
        return {}
    return {
        one.name: "changed" if one.old and one.new else "set" if one.new else "emptied" for one in change.attributes
    }


@asynccontextmanager
async def keeping(
    plan: Plan, config: Path, profile: str | None, first: int, steps: Sequence[StepPlan], operator: str
) -> AsyncIterator[Keeping]:
    """Keep a plan of the steps of a profile from one on; however it ends is written down as well.

    Raises `AlreadyRunning` while another is being made, or a `StoreError` where none can be kept.
    """
    await _refuse_beside_another(plan.store)
    workspace = plan.workspace
    systems = list(dict.fromkeys(one.system for one in steps if one.system))
    async with workspace.store.reading() as tx:
        stood = await world(tx, workspace, config, systems)
    about = {
        "profile": profile,
        "first": first,
        "systems": systems,
        "steps": [str(one) for one in steps],
        "operator": operator,
        **lease.this_process(),
        "heartbeat_at": clock.now(),
        "started_at": clock.now(),
        "ended_at": None,
        "result": None,
        "sorting": False,
        "failure": "",
        "waiting": 0,
        "world": stood._asdict(),
        "unseen": unseen(workspace.config, systems),
        "run": None,
    }
    async with await kept_plans.create(plan.store) as kept:
        keeper = Keeping(plan, kept, about)
        await keeper.say()
        watching = asyncio.create_task(keeper.watch())
        try:
            yield keeper
        except BaseException as error:
            watching.cancel()
            await keeper.say(failure=str(error) or "it was stopped", ended_at=clock.now())
            raise
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _refuse_beside_another(store: Place) -> None:
    place = kept_plans.newest(store)
    if place is None:
        return
    async with kept_plans.opened(place) as kept, kept.reading() as tx:
        found = await kept_plans.about(tx)
    if found is not None and kept_plans.is_going_on(found[0]):
        about = found[0]
        raise AlreadyRunning(
            f"{about['operator']} is making a plan (process {about['pid']} on {about['host']}); wait for it, or stop it"
        )
