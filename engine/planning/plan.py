"""Plan a run: carry it out for real, on a copy of the store and on copies of what it writes to, and tell it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from engine.configuration.file import load
from engine.configuration.models import Config, EngineConfig, SystemConfig
from engine.configuration.steps import StepPlan
from engine.events import Event, RunFinished, StepFinished
from engine.planning.changes import tell_changes
from engine.planning.folder import private_folder
from engine.planning.person import Person, person_of
from engine.planning.records import AttributeDiff, PlannedChange, PlannedStep
from engine.planning.targets import PlannedWorkspace
from engine.runs.profile import execute_run
from engine.step import Control
from engine.store_address import store_address
from storage import plans, reviews, runs
from storage.dialects.base import Place
from storage.records import StepResult
from storage.store import Store

FIRST_ERRORS = 1000
SIMULATED = "simulated on a copy of the system, with what the plan sends"


class Plan:
    """What a run of some steps would do, once `run` was followed to its end."""

    def __init__(self, workspace: PlannedWorkspace, store: Place, *, is_new: bool) -> None:
        self.workspace = workspace
        self.store = store
        """Where the store is that the plan is for."""
        self.is_new = is_new
        """Whether it does not exist yet, so that the plan began with an empty one."""
        self.steps: list[PlannedStep] = []
        self.result = StepResult.INTERRUPTED
        self.waiting = 0
        """Review items that would wait for a decision."""
        self.only: Person | None = None
        """Whose changes alone are told."""
        self.step_ids: list[int] = []
        """The steps in the copy of the store, in the order of `steps`."""
        self.control = Control()
        """By which the run on the copies is stopped."""
        self._begun = False

    async def run(self, profile: str, steps: Sequence[StepPlan], operator: str) -> AsyncIterator[Event]:
        """Carry the steps out on the copies, and tell what happens as a run would. Raises `AlreadyRunning`."""
        control = self.control = Control()
        if not self._begun:
            self._begun = True
            async with self.workspace.store.transaction() as tx:
                await plans.begin(tx)
        async for event in execute_run(self.workspace, profile, steps, operator, control):
            if isinstance(event, StepFinished):
                yield await self._finish(event, control.run_id)
                continue
            if isinstance(event, RunFinished):
                self.result = event.result
            yield event
        async with self.workspace.store.reading() as tx:
            self.waiting = await reviews.count_waiting(tx)
            counts = [await plans.count_told(tx, step_id) for step_id in self.step_ids]
        self.steps = [step._replace(changes=count) for step, count in zip(self.steps, counts, strict=True)]

    async def _finish(self, event: StepFinished, run_id: int) -> StepFinished:
        """Keep what a step did, and say of one that met a copy that it did."""
        phase, system = event.plan
        simulated = phase in ("import", "delta", "export", "confirm") and system in self.workspace.copies
        async with self.workspace.store.transaction() as tx:
            await tell_changes(tx, self.workspace, event.step_id, event.plan)
            errors = await runs.errors_of(tx, run_id, step_id=event.step_id, limit=FIRST_ERRORS)
        first = [error for _, error in errors]
        self.step_ids.append(event.step_id)
        self.steps.append(
            PlannedStep(
                phase,
                system,
                event.result,
                event.message,
                event.statistics,
                event.errors,
                first,
                changes=0,
                simulated=simulated,
            )
        )
        if not simulated:
            return event
        return replace(event, message="; ".join(filter(None, (event.message, SIMULATED))))

    async def changes(self, step: int | None = None, limit: int = 0) -> AsyncIterator[PlannedChange]:
        """Give the changes of a step (its place in `steps`), or of all; the first ones, or (0) every one."""
        ids = self.step_ids if step is None else [self.step_ids[step]]
        async with self.workspace.store.reading() as tx:
            for step_id in ids:
                shown = 0
                async for document in plans.told(tx, step_id, 0 if self.only else limit):
                    attributes = [AttributeDiff(**one) for one in document.pop("attributes")]
                    change = PlannedChange(**document, attributes=attributes)
                    if (self.only is None or self.only.has(change)) and not 0 < limit <= shown:
                        shown += 1
                        yield change

    async def tell_only(self, kind: str, number: int) -> bool:
        """Tell from now on what changes of one person, found by an id; whether there is such a one."""
        async with self.workspace.store.reading() as tx:
            self.only = await person_of(tx, kind, number)
        if self.only is None:
            return False
        counts = [len([one async for one in self.changes(place)]) for place in range(len(self.steps))]
        self.steps = [step._replace(changes=count) for step, count in zip(self.steps, counts, strict=True)]
        return True


@asynccontextmanager
async def planning(path: Path) -> AsyncIterator[Plan]:
    """Read a configuration, copy its store, and give a plan to be run on the copy; afterwards the copy is gone.

    Raises `ConfigurationError`, `StoreError`, or `OSError` where there is no room for the copy.
    """
    config, rules = load(path)
    where = store_address(config)
    with private_folder() as folder:
        place, store, is_new = await asyncio.to_thread(Store.open_copy, where, folder)
        async with store:
            # whoever may look may plan: what a plan changes is a copy
            alone = EngineConfig(workers=1)  # another process would have the systems themselves, not their copies
            copied = config.model_copy(update={"roles": None, "engine": alone, "systems": _at_once(config)})
            yield Plan(PlannedWorkspace(copied, rules, store, folder), place, is_new=is_new)


def _at_once(config: Config) -> dict[str, SystemConfig]:
    """Give the systems without hours and pace: a plan says what is to be done, whenever that will be."""
    unhurried = {"window": None, "rate": None, "max_exports": None}
    return {name: system.model_copy(update=unhurried) for name, system in config.systems.items()}
