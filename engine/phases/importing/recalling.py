"""Phase 1, import: a record that is what it was when it was read last is not read again.

A connector that knows what a record is before it reads it, such as the cells of a row or the bytes of an entry, looks
its fingerprint up. That the record says of its CSO what it said before is proved here: the last import of the system
was read by today's configuration, nobody else has written to the system's CSOs since, and the CSO is at rest. What may
stand only once in an import is proved at its end; where a record that was not read may stand there twice, all is read.
"""

from collections.abc import Sequence

from engine.connectors.base import ImportPage
from engine.phases.importing.arrivals import Arrival
from engine.phases.importing.matching import Known
from engine.phases.importing.state import ImportState
from engine.phases.importing.unchanged import AGAIN_AFTER
from engine.statistics import Statistic
from storage import census, clock, imports, known_records, objects
from storage.fingerprints import Fingerprints
from storage.imports import Sightings
from storage.known_records import Kept
from storage.store import Transaction


async def load_fingerprints(tx: Transaction, task: ImportState) -> None:
    """Read what is known of a system's records, if all that has become of them is known; before the import begins."""
    system = task.step.system
    last, kept = await imports.latest(tx, system), await known_records.of_system(tx, system)
    if last is None or kept is None or kept.step_id != last.step_id:
        return
    task.known_since_step = kept.step_id
    if kept.reading == task.reading and not clock.is_past(kept.since, AGAIN_AFTER) and not _reads_each(task):
        task.read_since = kept.since
        task.fingerprints = Fingerprints((await _at_rest(tx, task)).__contains__)
        async for piece in known_records.pieces(tx, system):
            task.fingerprints.learn(piece)


async def _at_rest(tx: Transaction, task: ImportState) -> Sightings:
    """Give the CSOs of which nothing has to be written if they are what they were."""
    system, found = task.step.system, Sightings()
    for kind, partition in await census.parts(tx, system):
        async for page in objects.normal_ids(tx, system, kind, partition):
            found.update(page)
    found.remove(task.asked_about)
    found.remove(await imports.to_be_looked_at(tx, system, task.step.settings.objects))
    found.remove(task.exported)
    return found


def _reads_each(task: ImportState) -> bool:
    """Tell whether each record is read, known or not.

    Which id objects had before is looked at whenever they come; and where the first alone are wanted, others would be
    read for those that are known.
    """
    settings = task.step.settings
    return settings.first is not None or any(one.previous_id is not None for one in settings.objects.values())


def take_unchanged(task: ImportState, page: ImportPage) -> None:
    """Take what a page says is unchanged for what was read before."""
    ids = [one.cso_id for one in page.unchanged]
    if len(set(ids)) < len(ids) or len(task.recalled.unseen(ids)) < len(ids):
        task.is_doubtful = True
    task.recalled.update(ids)
    task.sightings.update(ids)
    task.fingerprints.keep_all(page.unchanged)
    task.step.statistics[Statistic.UNCHANGED] += len(page.unchanged)


def note_met(task: ImportState, known: Known) -> None:
    """Note whose ids and names some objects have that were read: nobody who was not read may have them, too."""
    task.met.update(cso.id for cso in known.by_external_id.values())
    task.met.update(cso.id for named in known.by_secondary.values() for cso in named)


async def note_others(tx: Transaction, task: ImportState, names: Sequence[str]) -> None:
    """Note likewise whose names anything has that was read, of whatever type or of none."""
    system = task.step.system
    for kind in task.step.settings.objects if names else ():
        keys = map(task.step.workspace.key_reader(system, kind), names)
        task.met.update(cso.id for cso in await objects.known_by_secondary(tx, system, kind, keys))


def stands_twice(task: ImportState) -> bool:
    """Tell whether a record that was not read may stand in the import twice: then all has to be read."""
    return task.is_doubtful or task.recalled.meets(task.met)


def keep_applied(task: ImportState) -> None:
    """Keep the fingerprints of what a page has written: it is."""
    task.fingerprints.keep_all(task.applied)
    task.applied.clear()


def forget_settled(task: ImportState, one: Arrival) -> None:
    """Do not keep the fingerprint of what seemed to be unchanged: it stands in the import twice."""
    if one.fingerprint is not None:
        task.fingerprints.drop(one.fingerprint)


def note_applied(task: ImportState, one: Arrival, cso_id: int) -> None:
    """Note of what a page writes that a CSO is what came; it counts once the page is written."""
    if one.fingerprint is not None and one.error is None:
        task.applied.append((one.fingerprint, cso_id))


async def keep_fingerprints(tx: Transaction, task: ImportState, *, nothing_applied: bool) -> None:
    """Keep for the next import what this one knows of the records; after one that applied nothing holds what did."""
    step = task.step
    if nothing_applied:
        await known_records.hold_after(tx, step.system, task.known_since_step, step.id)
    elif task.end.full and not task.is_noted:  # else what was told of records would not be told again
        kept = Kept(step.id, task.reading, task.read_since)
        await known_records.keep(tx, step.system, kept, task.fingerprints.pieces())
