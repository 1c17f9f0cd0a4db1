"""Figures of how everything stands, as Prometheus reads them: for node_exporter's textfile collector."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from engine.monitoring.metrics_file import refuse_anything_else
from engine.scheduling.times import late_profiles
from engine.todo.gathering import gather
from engine.todo.groups import Kind
from engine.workspace import Workspace
from storage import census, clock, exports, imports, metaverse, references, reviews, runs, todo, workers
from storage.lease import is_heard_of
from storage.records import CARRIED_THROUGH, Run, StepRecord
from storage.store import Transaction

Labels = Mapping[str, str]


class Metrics:
    """Gauges that are filled once."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

    def gauge(self, name: str, what: str, figures: Iterable[tuple[Labels, float]]) -> None:
        """Add a gauge with its figures, each by its labels; without any it is left out."""
        listed = list(figures)
        if listed:
            gauge = Gauge(f"interlock_{name}", what, list(listed[0][0]), registry=self._registry)
            for labels, value in listed:
                (gauge.labels(**labels) if labels else gauge).set(value)

    def text(self) -> str:
        """Give all of it in the text format."""
        return generate_latest(self._registry).decode()

    def write(self, path: Path) -> None:
        """Put all of it into a file, which is never seen half written. Raises `OSError`, also for a file of others."""
        refuse_anything_else(path)
        write_to_textfile(str(path), self._registry)
        path.chmod(0o644)  # whoever collects them is somebody else


async def collect(workspace: Workspace) -> Metrics:
    """Count how everything stands."""
    found = Metrics()
    found.gauge("info", "The version that counted this.", [({"version": version("interlock")}, 1)])
    found.gauge("collected_timestamp_seconds", "When this was counted.", [({}, clock.moment().timestamp())])
    async with workspace.store.reading() as tx:
        await _add_objects(tx, found)
        await _add_waiting(tx, workspace, found)
        await _add_runs(tx, workspace, found)
        await _add_steps(tx, found)
        await _add_imports(tx, workspace, found)
    return found


async def _add_objects(tx: Transaction, found: Metrics) -> None:
    found.gauge(
        "objects",
        "Connected system objects.",
        [
            ({"system": system, "type": kind, "status": status.value}, count)
            for system, kind, status, count in await census.counts(tx)
        ],
    )
    found.gauge(
        "metaverse_objects",
        "Metaverse objects.",
        [({"type": kind}, count) for kind, count in await metaverse.counts(tx)],
    )


async def _add_waiting(tx: Transaction, workspace: Workspace, found: Metrics) -> None:
    found.gauge(
        "pending_exports",
        "Exports that are not confirmed.",
        [
            ({"system": system, "change": change.value, "status": status.value, "held": "yes" if held else "no"}, count)
            for system, change, status, held, count in await exports.counts(tx)
        ],
    )
    held = await reviews.held(tx)
    found.gauge("review_items_waiting", "Items that wait for a decision.", [({}, await reviews.count_waiting(tx))])
    found.gauge("held_objects", "Objects that a gate lets not pass.", [({}, sum(batch.missing for batch in held))])
    found.gauge("owed_references", "References whose target is not there.", [({}, await references.count_owed(tx))])
    groups = [one for one in await gather(tx, workspace) if not one.is_acknowledged]
    found.gauge(
        "todo_groups",
        "Groups of what waits for a person and nobody has acknowledged.",
        [({"kind": kind.value}, sum(one.kind == kind for one in groups)) for kind in Kind],
    )


async def _add_runs(tx: Transaction, workspace: Workspace, found: Metrics) -> None:
    profiles = workspace.config.profiles
    last = await runs.last_of_profiles(tx, profiles)
    began = await runs.last_carried_through(tx, CARRIED_THROUGH)
    late = {name for name, _, _ in await late_profiles(tx, workspace)}
    ended = {name: run for name, run in last.items() if run.ended_at}
    there = await workers.every(tx)
    found.gauge("worker_alive", "Whether a worker lives.", [({"worker": one.name}, is_heard_of(one)) for one in there])
    found.gauge("run_open", "Runs that have not ended.", [({}, len(await runs.open_runs(tx)))])
    found.gauge(
        "profile_last_start_timestamp_seconds",
        "When the last run of a profile began.",
        [({"profile": name}, _seconds(run.started_at)) for name, run in last.items()],
    )
    found.gauge(
        "profile_last_duration_seconds",
        "How long the last run of a profile took.",
        [({"profile": name}, _took(run)) for name, run in ended.items()],
    )
    found.gauge(
        "profile_last_result",
        "How the last run of a profile ended.",
        [({"profile": name, "result": run.result.value}, 1) for name, run in ended.items() if run.result],
    )
    found.gauge(
        "profile_last_success_timestamp_seconds",
        "When the last run of a profile that was carried through began.",
        [({"profile": name}, _seconds(began[name])) for name in profiles if name in began],
    )
    found.gauge("profile_late", "Whether a profile is late.", [({"profile": name}, name in late) for name in profiles])


async def _add_steps(tx: Transaction, found: Metrics) -> None:
    last = [step for step in await todo.last_steps(tx) if step.ended_at]
    counted = {step.id: 0 for step in last}
    for errors in await todo.told_errors(tx, list(counted)):
        counted[errors.step_id] += errors.number
    found.gauge(
        "step_last_objects",
        "Objects that the last step of a phase and system did.",
        [(_labels(step), step.done) for step in last],
    )
    found.gauge("step_last_duration_seconds", "How long it took.", [(_labels(step), _took(step)) for step in last])
    found.gauge(
        "step_last_object_errors",
        "Objects that had an error or a warning in it.",
        [(_labels(step), counted[step.id]) for step in last],
    )
    found.gauge(
        "step_last_failed",
        "Whether it could not be carried through.",
        [(_labels(step), step.result not in CARRIED_THROUGH) for step in last],
    )


async def _add_imports(tx: Transaction, workspace: Workspace, found: Metrics) -> None:
    good = {system: await imports.last_full(tx, system) for system in workspace.config.systems}
    found.gauge(
        "import_last_complete_timestamp_seconds",
        "When the last import of a system that was read to its end began.",
        [({"system": system}, _seconds(one.started_at)) for system, one in good.items() if one is not None],
    )


def _labels(step: StepRecord) -> Labels:
    return {"phase": step.phase, "system": step.system}


def _took(one: Run | StepRecord) -> float:
    return clock.seconds_between(one.started_at, one.ended_at or one.started_at)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
