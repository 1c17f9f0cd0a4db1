"""What the last runs leave for a person: steps that could not go on, profiles that are late, errors of objects."""

from hashlib import blake2b
from typing import NamedTuple

from engine.scheduling import times
from engine.todo.groups import Group, Kind, filtered
from engine.workspace import Workspace
from storage import lease, runs, todo, wanted_marks
from storage.records import CARRIED_THROUGH, GATE_STOPS, StepRecord, StepResult
from storage.store import Transaction
from storage.todo import ToldErrors
from storage.wanted_marks import TOLD

TOLD_ELSEWHERE = frozenset(
    {"deleted-is-there-again", "unresolved-reference", "drift", "exported-change-not-reimported"}
)
"""Codes of what has groups of its own, which tell how it stands now."""
SAID_ON_PURPOSE = (*GATE_STOPS, StepResult.STOPPED_BY_OPERATOR)
"""How steps end early that have groups of their own, or that somebody has ended."""
_READING = ("import", "confirm", "delta")
MOST = 5
"""How many messages of one code have groups of their own."""


async def stopped_steps(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Tell of the steps that could not go on when they were last tried."""
    found = []
    for step in await todo.last_steps(tx):
        went_on = step.result is None or step.result in (*CARRIED_THROUGH, *SAID_ON_PURPOSE)
        if went_on or not _is_configured(workspace, step.system):
            continue
        name = f"{step.phase} {step.system}".strip()
        since = await todo.failing_since(tx, step, CARRIED_THROUGH)
        found.append(
            Group(
                f"step {name} {step.result} {since} {_digest(step.message)}",
                Kind.RUN,
                step.system,
                1,
                f"'{name}' ended with {step.result}: {step.message or 'it said nothing more'}",
                since,
                f"put right what it says, then 'interlock step {name}' or the whole run again",
                "runs",
                filtered(id=f"run-{step.run_id}"),
            )
        )
    return found


def _is_configured(workspace: Workspace, system: str) -> bool:
    """Tell whether there is still a system of that name; what belongs to none is everybody's."""
    return system in ("", "metaverse") or system in workspace.config.systems


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


async def dead_runs(tx: Transaction) -> list[Group]:
    """Tell of runs whose process died in the middle, and that nobody has followed by another."""
    living = await lease.living_run(tx)
    return [
        Group(
            f"dead run-{run.id}",
            Kind.RUN,
            "",
            1,
            f"run-{run.id} ({run.profile}) was interrupted: its process has ended, and nothing has run since",
            run.started_at,
            "run it again: what was being sent is looked up first, and nothing is done twice",
            "runs",
            filtered(id=f"run-{run.id}"),
        )
        for run in await runs.open_runs(tx)
        if run.id != living
    ]


async def late_profiles(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Tell of the profiles that are to run every so often, or at a time, and have not."""
    found = []
    for name, since, began in await times.late_profiles(tx, workspace):
        was = f"the last run that was carried through began at {began[:16]}Z" if began else "it never ran"
        when = times.expected(workspace.config.profiles[name])
        found.append(
            Group(
                f"late {name}",
                Kind.RUN,
                "",
                1,
                f"profile '{name}' is late: it is to run {when}, and {was}",
                since,
                f"look whether what starts it still does; 'interlock run {name}' starts it now",
                "runs",
                filtered(profile=name),
            )
        )
    return found


class _Told(NamedTuple):
    """Errors of one group, with the step that told them."""

    step: StepRecord
    errors: ToldErrors
    is_rest: bool
    """Whether each says something else than all others."""


async def item_errors(tx: Transaction, workspace: Workspace) -> list[Group]:
    """Tell of the errors and warnings of objects in the last step of each kind that was carried through.

    What failed to be sent, or did not stick, stands in the queue, and is told from there.
    """
    steps = {
        number: step for number, step in (await _telling_steps(tx)).items() if _is_configured(workspace, step.system)
    }
    found = []
    since: dict[tuple[int, str], str] = {}
    for told in await _by_message(tx, steps, await todo.told_errors(tx, steps)):
        first = told.errors
        is_in_queue = told.step.phase == "export" and not first.is_warning
        if first.code in TOLD_ELSEWHERE or is_in_queue or not _is_configured(workspace, first.system):
            continue
        place = told.step.id, first.code
        if place not in since:
            since[place] = await todo.began(tx, told.step, first.code, CARRIED_THROUGH)
        found.append(_of_objects(told, since[place]))
    return found


async def _telling_steps(tx: Transaction) -> dict[int, StepRecord]:
    """Give the steps whose errors still hold: of those that read a system, the last that read it whole, and later ones.

    Of an import that read nothing anew, it is the one that did read.
    """
    last = await todo.last_steps(tx, CARRIED_THROUGH)
    read_by = await todo.read_by(tx, [step.id for step in last])
    whole: dict[str, int] = {}
    for step in last:
        if step.phase in ("import", "confirm"):
            whole[step.system] = max(step.id, whole.get(step.system, 0))
    steps = [step for step in last if step.phase not in _READING or step.id >= whole.get(step.system, 0)]
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
            found.append(_Told(step, other._replace(number=rest), is_rest=True))
    return found


def _of_objects(told: _Told, since: str) -> Group:
    first, step = told.errors, told.step
    such_as = "such as: " if told.is_rest and first.number > 1 else ""
    kind = Kind.WARNING if first.is_warning else Kind.ERROR
    same = "" if told.is_rest else f" {_digest(first.message)}"
    columns = {"run": f"run-{step.run_id}", "phase": step.phase, "system": first.system, "type": first.type}
    return Group(
        f"{kind} {step.phase} {first.system} {first.type} {first.code}{same}",
        kind,
        first.system,
        first.number,
        f"{first.code}: {such_as}{first.message}",
        since,
        first.advice,
        "errors",
        filtered(**{name: value for name, value in columns.items() if value}, code=first.code),
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
