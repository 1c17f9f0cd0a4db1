"""Phase 1, import: a system that is in the very state in which it was last read is not read again.

Its connector tells the state, such as what a file holds, before anything is read. That nothing would come of reading
it is proved here: the last import read it to its end, nothing was wrong with it, it was read by today's configuration,
and nothing waits for what is seen of it. Deletion detection then has the sightings of that import.
"""

from datetime import timedelta
from importlib.metadata import version
from typing import NamedTuple

from engine.connectors.base import Connector
from engine.statistics import Statistic
from engine.step import Step
from engine.values import zones
from storage import clock, imports, runs
from storage.documents import encode, fingerprint
from storage.imports import ImportRecord, Sightings
from storage.records import StepResult
from storage.store import Transaction

AGAIN_AFTER = timedelta(days=7)
"""From then on it is read all the same."""


class LastRead(NamedTuple):
    """What the last import saw, which reading the same state again would only repeat."""

    state: str
    """As the connector told it."""
    sightings: Sightings
    by: ImportRecord
    """The import that read it."""


async def last_read(tx: Transaction, step: Step, reading: str, asked_about: set[int]) -> LastRead | None:
    """Give what the last import saw, if all that it saw is at rest and it read as `reading` says.

    `asked_about` are CSOs of whom the review asks who they are.
    """
    last = await imports.latest(tx, step.system)
    if last is None or not (last.complete and last.full) or last.sightings is None or last.state is None:
        return None
    read_by, _, state = last.state.partition(" ")
    if read_by != reading or await runs.result_of(tx, last.step_id) != StepResult.SUCCESS:
        return None
    by = await imports.of_step(tx, last.read_by or last.step_id)
    if by is None or clock.is_past(by.started_at, AGAIN_AFTER):
        return None
    sightings = Sightings(last.sightings)
    restless = asked_about | await imports.to_be_looked_at(tx, step.system, step.settings.objects)
    if any(cso_id in sightings for cso_id in restless):
        return None
    return LastRead(state, sightings, by)


def reading_of(step: Step, connector: Connector) -> str:
    """Give what stands for all that decides what is read of a system, and how: configuration, rules, program."""
    rules, settings = step.workspace.rules, step.settings
    used = {kind: sorted(rules.used[step.system, kind]) for kind in settings.objects}
    sought = {kind: connector.looks_for(kind) for kind in settings.objects}
    means = [used, sought, zones.name_in_use(), version("interlock")]
    return fingerprint(settings.model_dump_json(), encode(means)).hex()


def tell_unchanged(step: Step, last: LastRead) -> None:
    """Count and tell what was not read again."""
    step.done = step.total = len(last.sightings)
    step.statistics[Statistic.UNCHANGED] = step.done
    step.message = f"unchanged since run-{last.by.run_id}, and not read again"
