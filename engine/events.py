"""What a run tells while it goes on: frozen facts, in the order they happen."""

from dataclasses import dataclass

from engine.configuration.steps import StepPlan
from storage.records import StepResult


@dataclass(slots=True, frozen=True)
class RunStarted:
    """A run holds the lease; `interrupted` names the runs whose processes had died.

    `clock_behind` is by how many seconds this machine's clock is behind the end of the last run: it was set back.
    """

    run_id: int
    profile: str
    plans: tuple[StepPlan, ...]
    interrupted: tuple[int, ...]
    clock_behind: float = 0.0


@dataclass(slots=True, frozen=True)
class StepStarted:
    """A step begins."""

    step_id: int
    plan: StepPlan


@dataclass(slots=True, frozen=True)
class Progress:
    """A page of a step is committed; `total` is None where nobody knows it."""

    plan: StepPlan
    done: int
    total: int | None
    statistics: dict[str, int]


@dataclass(slots=True, frozen=True)
class StepFinished:
    """A step has ended, one way or another."""

    step_id: int
    plan: StepPlan
    result: StepResult
    message: str
    statistics: dict[str, int]
    errors: int
    warnings: int = 0
    """How many objects there is something to know of, though nothing has failed."""


@dataclass(slots=True, frozen=True)
class RunFinished:
    """The run has given its lease back."""

    run_id: int
    result: StepResult


Event = RunStarted | StepStarted | Progress | StepFinished | RunFinished
