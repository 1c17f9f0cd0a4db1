"""What the last runs leave for a person: steps that could not go on, profiles that are late, errors of objects."""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b
from typing import NamedTuple

from engine.todo.groups import Group, Kind, filtered
from engine.workspace import Workspace
from storage import clock, runs, todo, wanted_marks
from storage.records import CARRIED_THROUGH, GATE_STOPS, StepRecord, StepResult
from storage.store import Transaction
from storage.todo import StuckExports, ToldErrors
from storage.wanted_marks import TOLD

TOLD_ELSEWHERE = frozenset({"deleted-is-there-again", "unresolved-reference", "drift"})
"""Codes of what has groups of its own, which tell how it stands now."""
SAID_ON_PURPOSE = (*GATE_STOPS, StepResult.STOPPED_BY_OPERATOR)
"""How steps end early that have groups of their own, or that somebody has ended."""
MOST = 5
"""How many messages of one code have groups of their own."""


async def stopped_steps(tx: Transaction) -> list[Group]:
    """Tell of the steps that could not go on when they were last tried."""
    found = []
    for step in await todo.last_steps(tx):
        if step.result is None or step.result in (*CARRIED_THROUGH, *SAID_ON_PURPOSE):
            continue
        name = f"{step.phase} {step.system}".strip()
        found.append(
            Group(
                f"step {name} {step.result}",
                Kind.RUN,
                step.system,
                1,
                f"'{name}' ended with {step.result}: {step.message or 'it said nothing more'}",
                await todo.failing_since(tx, step, CARRIED_THROUGH),
                f"put right what it says, then 'interlock step {name}' or the whole run again",
                "runs",
                filtered(id=f"run-{step.run_id}"),
            )
        )
    return found


async def late_profiles(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Tell of the profiles that are to run every so often, and have not."""
    found = []
    open_now = {run.profile for run in await runs.open_runs(tx)}
    last = await runs.last_carried_through(tx, CARRIED_THROUGH)
    for name, profile in workspace.config.profiles.items():
        if profile.every is None or name in open_now:
            continue
        began = last.get(name)
        if began is not None and not clock.is_past(began, profile.every):
            continue
        was = f"the last run that was carried through began at {began[:16]}Z" if began else "it never ran"
        found.append(
            Group(
                f"late {name}",
                Kind.RUN,
                "",
                1,
                f"profile '{name}' is late: it is to run every {_spoken(profile.every)}, and {was}",
                clock.later(began, profile.every.total_seconds()) if began else "",
                f"look whether what starts it still does; 'interlock run {name}' starts it now",
                "runs",
                filtered(profile=name),
            )
        )
    return found


def _spoken(every: timedelta) -> str:
    hours, rest = divmod(int(every.total_seconds()), 3600)
    if rest:
        return f"{int(every.total_seconds()) // 60} minutes"
    return f"{hours // 24} days" if hours > 24 and hours % 24 == 0 else f"{hours} hours"


class _Told(NamedTuple):
    """Errors of one group, with the step that told them."""

    step: StepRecord
    errors: ToldErrors
    is_rest: bool
    """Whether each says something else than the others."""


async def item_errors(tx: Transaction, stuck: Iterable[StuckExports]) -> list[Group]:
    """Tell of the errors and warnings of objects in the last step of each kind that was carried through."""
    in_queue = {(one.system, one.code) for one in stuck}
    steps = await _telling_steps(tx)
    found = []
    since: dict[tuple[int, str], str] = {}
    for told in await _by_message(tx, steps, await todo.told_errors(tx, steps)):
        first = told.errors
        of_export = told.step.phase in ("export", "confirm") and (first.system, first.code) in in_queue
        if first.code in TOLD_ELSEWHERE or of_export:
            continue
        place = told.step.id, first.code
        if place not in since:
            since[place] = await todo.began(tx, told.step, first.code, CARRIED_THROUGH)
        found.append(_of_objects(told, since[place]))
    return found


async def _telling_steps(tx: Transaction) -> dict[int, StepRecord]:
    """Give the steps whose errors still hold: of an import that read nothing anew, those of the one that did read."""
    last = await todo.last_steps(tx, CARRIED_THROUGH)
    read_by = await todo.read_by(tx, [step.id for step in last])
    full = {step.system: step.id for step in last if step.phase == "import"}
    steps = [step for step in last if step.phase != "delta" or step.id > full.get(step.system, 0)]
    return {read_by.get(step.id, step.id): step for step in steps}


async def _by_message(tx: Transaction, steps: dict[int, StepRecord], errors: list[ToldErrors]) -> list[_Told]:
    """Put together what is one thing to do: what says the same, and of each code all that says something else."""
    found = []
    for one in errors:
        step = steps[one.step_id]
        alike = await todo.told_alike(tx, one, MOST) if one.number > 1 else []
        found += [_Told(step, same, is_rest=False) for same in alike]
        if rest := one.number - sum(same.number for same in alike):
            other = await todo.told_otherwise(tx, one, [same.message for same in alike]) if alike else one
            found.append(_Told(step, other._replace(number=rest), is_rest=rest > 1))
    return found


def _of_objects(told: _Told, since: str) -> Group:
    first, step = told.errors, told.step
    said = f"{first.code}: {'such as: ' if told.is_rest else ''}{first.message}"
    digest = "" if told.is_rest else f" {blake2b(first.message.encode(), digest_size=8).hexdigest()}"
    return Group(
        f"{step.phase} {first.system} {first.type} {first.code}{digest}",
        Kind.WARNING if first.is_warning else Kind.ERROR,
        first.system,
        first.number,
        said,
        since,
        first.advice,
        "errors",
        filtered(run=f"run-{step.run_id}", phase=step.phase, code=first.code),
        first.example,
    )


async def reported_drift(tx: Transaction) -> list[Group]:
    """Tell of the drift that rules only report, where it is there still."""
    told = await todo.objects_told_of(tx, "drift")
    marks = await wanted_marks.get(tx, told)
    still = {cso_id: told[cso_id] for cso_id, known in marks.items() if any(name.startswith(TOLD) for name in known)}
    if not still:
        return []
    return [
        Group(
            "drift",
            Kind.DRIFT,
            "",
            len(still),
            "drift: what is in the target is not what a rule wants that only reports it",
            min(still.values()),
            'change it at the source, or in the target; or set drift = "correct" on the rule',
            "errors",
            filtered(code="drift"),
        )
    ]
