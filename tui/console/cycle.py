"""Where a profile stands: which of its steps were carried out last, and which is next."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tui import feed

PHASES = ("import", "evaluate", "export", "confirm", "detect")
"""The five phases of the track; synchronising belongs to the first."""
GOOD = frozenset({feed.StepResult.SUCCESS, feed.StepResult.NO_OBJECTS, feed.StepResult.WARNINGS})
GOING_ON = frozenset({feed.StepResult.DISCOVERY_ERRORS, feed.StepResult.SYNC_ERRORS, feed.StepResult.EXPORT_ERRORS})
"""Results with errors of single objects, after which the next step is next all the same."""


class Standing(NamedTuple):
    """A profile beside the history of steps."""

    records: list[feed.StepRecord | None]
    """For each step of the profile, how it last went in the present round."""
    next_step: int
    """The index of the step that is next."""


ONE_STEP = "step "
"""How the name of a run begins that was one step."""


def standing(
    plans: Sequence[feed.StepPlan],
    steps: Sequence[feed.StepRecord],
    profile: str = "",
    profiles: Mapping[int, str] | None = None,
) -> Standing:
    """Follow the history through the steps of a profile, round and round; `profiles` names those of the runs."""
    records: list[feed.StepRecord | None] = [None] * len(plans)
    position, run_id = 0, 0
    over: dict[int, bool] = {}
    # whether the steps of the run are over, by their places: some may go on at the same time
    for record in steps:
        of_run = (profiles or {}).get(record.run_id, "")
        has_place = of_run == profile or of_run.startswith(ONE_STEP)
        index = record.position if has_place and _is_at(plans, record) else _nearest(plans, record, position)
        if index is None:
            continue
        if record.run_id != run_id or not has_place:
            run_id, over = record.run_id, {}
            if index < position:
                records[index:] = [None] * (len(plans) - index)
        records[index], over[index] = record, _is_over(record)
        position = min((place for place, is_over in over.items() if not is_over), default=max(over) + 1)
    return Standing(records, position % len(plans) if plans else 0)


def _is_at(plans: Sequence[feed.StepPlan], record: feed.StepRecord) -> bool:
    """Tell whether the step at a record's place is the one it is of: profiles change, single steps have none."""
    return 0 <= record.position < len(plans) and plans[record.position] == _plan(record)


def _nearest(plans: Sequence[feed.StepPlan], record: feed.StepRecord, position: int) -> int | None:
    """Find the step that a record without a place is of, the nearest from a position on."""
    order = [*range(position, len(plans)), *range(position)]
    return next((index for index in order if plans[index] == _plan(record)), None)


def _plan(record: feed.StepRecord) -> feed.StepPlan:
    return feed.StepPlan(record.phase, record.system)


def _is_over(record: feed.StepRecord) -> bool:
    return record.result in GOOD or record.result in GOING_ON


def phase_of(step_phase: str) -> str:
    """Give the phase of the track that a step belongs to."""
    return "import" if step_phase in ("sync", "delta") else step_phase


def lamp(record: feed.StepRecord | None, *, alive: bool) -> str:
    """Give the lamp of a step: idle, running, held, done or danger."""
    if record is None:
        return "idle"
    if record.result is None:
        return "running" if alive else "danger"
    if record.result in GOOD:
        return "done"
    return "held" if record.result in feed.GATE_STOPS else "danger"


def lamps(plans: Sequence[feed.StepPlan], found: Standing, *, alive: bool) -> dict[str, str]:
    """Give the lamp of each of the five phases: the one of its steps that matters most."""
    shown: dict[str, str] = {}
    for phase in PHASES:
        mine = [
            lamp(record, alive=alive)
            for plan, record in zip(plans, found.records, strict=True)
            if phase_of(plan.phase) == phase
        ]
        shown[phase] = _together(mine)
    return shown


def _together(mine: list[str]) -> str:
    for state in ("running", "held", "danger"):
        if state in mine:
            return state
    return "done" if mine and all(state == "done" for state in mine) else "idle"
