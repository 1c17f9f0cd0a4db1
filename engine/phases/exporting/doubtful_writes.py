"""Settle doubtful writes by looking at the target, never by guessing."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from engine.connectors.base import Connector, ExportOperation, ExportResult, ImportedObject
from engine.errors import ObjectError, StepFailed
from engine.events import Progress
from engine.labels import label_of
from engine.pending_exports.changes import combined
from engine.pending_exports.waves import OWED
from engine.phases.exporting.interim_names import rename, stepped_aside
from engine.phases.exporting.order import Sending
from engine.phases.exporting.owed_passwords import tell_interrupted
from engine.statistics import Statistic
from engine.step import Step
from engine.values.matching_rules import Matching, differences, same, still_to_do
from engine.worker_names import runs_elsewhere
from engine.workspace import Workspace
from storage import clock, exports, objects
from storage.records import (
    AttributeChange,
    Attributes,
    ChangeStatus,
    ChangeType,
    Cso,
    Entity,
    ExportStatus,
    PendingExport,
    StepResult,
)
from storage.transitions import Move


async def settle_everywhere(step: Step) -> AsyncIterator[Progress]:
    """Find out, in every target, what became of exports that a killed run was sending."""
    for system in sorted({name for name, _ in step.workspace.rules.target_types()}):
        async with step.page() as tx:
            left = await exports.with_status(tx, system, [ExportStatus.EXECUTING], 0, 1)
        if not left or runs_elsewhere(step.workspace.config, system):
            continue  # of what a worker reaches alone, its own export step finds out
        try:
            async with step.connected(system) as connector:
                async for progress in settle_interrupted(step, connector, system):
                    yield progress
        except StepFailed as failure:
            if failure.result == StepResult.STOPPED_BY_OPERATOR:
                raise
            step.note([f"what a run was sending to '{system}' when it died is not known yet: {failure}"])


async def settle_interrupted(step: Step, connector: Connector, system: str) -> AsyncIterator[Progress]:
    """Find out what became of the exports that a crash or a lost connection left `Executing`."""
    after = 0
    while True:
        async with step.page() as tx:
            left = await exports.with_status(tx, system, [ExportStatus.EXECUTING], after, 200)
            csos = {cso.id: cso for cso in await objects.get(tx, [export.cso_id for export in left])}
        if not left:
            return
        after = left[-1].id
        settled: list[PendingExport] = []
        aside: list[tuple[Cso, str]] = []
        for export in left:
            cso = csos[export.cso_id]
            found = await _look_up(step, connector, cso, export.new_secondary_id)
            if interim := _interim_name(step, export, found):
                settled.append(stepped_aside(step, export, cso))
                aside.append((cso, interim))
            else:
                settled.append(_settle(step, export, cso, found))
        async with step.page() as tx:
            await exports.change(tx, settled)
            await rename(tx, step.workspace, aside)
            await tell_interrupted(tx, step, left, settled, csos)
        yield step.progress()


def _interim_name(step: Step, export: PendingExport, found: ImportedObject | None) -> str | None:
    """Give the name in between that an object has, if it was sent that."""
    read = step.workspace.secondary_key
    interim = read(export.system, export.type, export.interim_id)
    if found is None or interim is None or interim != read(export.system, export.type, found.secondary_id):
        return None
    return found.secondary_id


async def _look_up(step: Step, connector: Connector, cso: Cso, new_secondary_id: str | None) -> ImportedObject | None:
    """Look an object up by its primary id, where it has one: whatever has only its DN may be somebody else."""
    names = step.workspace.rules.used[cso.system, cso.type]
    if cso.external_id is not None:
        return await connector.read_object(cso.type, external_id=cso.external_id, secondary_id=None, attributes=names)
    found = await connector.read_object(cso.type, external_id=None, secondary_id=cso.secondary_id, attributes=names)
    if found is None and new_secondary_id is not None:
        found = await connector.read_object(cso.type, external_id=None, secondary_id=new_secondary_id, attributes=names)
    return found


def _settle(step: Step, export: PendingExport, cso: Cso, found: ImportedObject | None) -> PendingExport:
    """Decide by what the target holds whether an export took place."""
    written, changes = _shown(step, export, cso, found)
    before, status = export.status, ExportStatus.EXPORTED if written else ExportStatus.PENDING
    if written and not _all_written(changes):
        # created, but not with every reference: the rest comes last
        status = ExportStatus.PENDING
        export = export._replace(change_type=ChangeType.UPDATE, wave=OWED)
    reason = "the target shows that it was written" if written else "the target shows that it was not written"
    step.moved(Move(Entity.EXPORT, export.id, step.system, label_of(cso), before, status, reason))
    step.statistics[Statistic.SETTLED] += 1
    attempts = export.attempts + written
    return export._replace(status=status, changes=changes, attempts=attempts, changed_at=clock.now())


def _shown(
    step: Step, export: PendingExport, cso: Cso, found: ImportedObject | None
) -> tuple[bool, Sequence[AttributeChange]]:
    """Tell whether the target shows that an export was written, and give its changes with what it shows of each."""
    match export.change_type:
        case ChangeType.CREATE:
            if found is None or differing_from_plan(step.workspace, cso, found):
                return False, export.changes
            return True, _judge_all(step, cso, export.changes, found.attributes)
        case ChangeType.DELETE:
            return found is None, export.changes
        case ChangeType.UPDATE:
            changes = _judge_all(step, cso, export.changes, found.attributes if found else {})
            return _has_name(step, export, found) and _all_written(changes), changes


def _all_written(changes: Sequence[AttributeChange]) -> bool:
    return all(change.status == ChangeStatus.EXPORTED for change in changes)


def _judge_all(step: Step, cso: Cso, changes: Sequence[AttributeChange], held: Attributes) -> list[AttributeChange]:
    matching = step.workspace.matching
    return [_judge(change, held, matching(cso.system, cso.type, change.name)) for change in combined(changes)]


def _has_name(step: Step, export: PendingExport, found: ImportedObject | None) -> bool:
    """Tell whether an object is there, and has its new name if it was to get one."""
    if found is None or export.new_secondary_id is None:
        return found is not None
    workspace = step.workspace
    wanted = workspace.secondary_key(export.system, export.type, export.new_secondary_id)
    return workspace.secondary_key(export.system, export.type, found.secondary_id) == wanted


def _judge(change: AttributeChange, held: Attributes, matching: Matching) -> AttributeChange:
    """Tell whether the target shows a change; of adds and removes, keep only what is still to do."""
    values = held.get(change.name, [])
    if matching is not None and _corrects_spelling(change, matching):
        matching = None
    if change.replace:
        done = same(values, change.add, matching)
        return change._replace(status=ChangeStatus.EXPORTED if done else ChangeStatus.PENDING)
    add, remove = still_to_do(change.add, change.remove, values, matching)
    if not add and not remove:
        return change._replace(status=ChangeStatus.EXPORTED)
    return change._replace(add=add, remove=remove, status=ChangeStatus.PENDING)


def _corrects_spelling(change: AttributeChange, matching: Callable[[Any], Any]) -> bool:
    """Tell whether a change corrects case or spelling, which shows only in the values as they are written."""
    return not set(map(matching, change.add)).isdisjoint(map(matching, change.remove))


def differing_from_plan(workspace: Workspace, cso: Cso, found: ImportedObject) -> list[str]:
    """Name the planned attributes that an existing object does not hold as they are meant."""
    declared = workspace.declared(cso.system, cso.type)
    differing = []
    for name, values in cso.attributes.items():
        held, matching = found.attributes.get(name, []), workspace.matching(cso.system, cso.type, name)
        if name in declared and declared[name].kind == "reference":
            _, strange = differences(held, values, matching)  # some may be owed, but none may be another's
            differing += [name] if strange else []
        elif not same(held, values, matching):
            differing.append(name)
    return differing


async def adopt_or_refuse(step: Step, connector: Connector, cso: Cso, result: ExportResult) -> ExportResult:
    """Creating something that exists and is what we meant adopts it; anything else is an error.

    So is what an import knows already as another object: no join has found it.
    """
    found = await _look_up(step, connector, cso, None)
    if found is None:
        return result  # nothing of its name: something else of it has to be unique, as the system says
    why = await _why_not_adopted(step, cso, found)
    if not why:
        return ExportResult(result.id, found.external_id, adopted=True)
    error = ObjectError(
        "existing-object",
        f"'{label_of(cso)}' exists already and is not what was meant{why}",
        "if it is the same person, give the rule a join that finds it; if not, give this one another name",
    )
    return ExportResult(result.id, error=error)


async def _why_not_adopted(step: Step, cso: Cso, found: ImportedObject) -> str:
    """Say why what exists is not what was meant; nothing where it is."""
    if found.error is not None:
        return f": it cannot be read: {found.error.message}"
    if differing := differing_from_plan(step.workspace, cso, found):
        return f": it differs in {', '.join(differing[:5])}"
    if (other := await _known_as_another(step, cso, found)) is not None:
        return f": it is known as cso-{other}, which no join has found"
    return ""


async def _known_as_another(step: Step, cso: Cso, found: ImportedObject) -> int | None:
    """Give the other CSO as which something is known that was found in the target, if there is one."""
    ids = [found.external_id] if found.external_id is not None else []
    async with step.workspace.store.reading() as tx:
        known = await objects.known_by_external_id(tx, cso.system, cso.type, ids)
    return next((one.id for one in known if one.id != cso.id), None)


async def follow_renamed(
    step: Step, connector: Connector, operation: ExportOperation, result: ExportResult
) -> ExportResult:
    """Try a change again where the object was moved: by its primary id it can still be found.

    Deleting something that is gone is a success. An object that is where we thought it was has no parent to
    move to.
    """
    deleting = operation.change_type == ChangeType.DELETE
    found = await _find_again(connector, operation)
    if found is None or found.secondary_id is None:
        return _already_gone(step, result) if deleting else result
    key_of = step.workspace.secondary_key
    known = key_of(step.system, operation.type, operation.secondary_id)
    if key_of(step.system, operation.type, found.secondary_id) == known:
        return _no_parent(result, operation)
    step.statistics[Statistic.FOLLOWED] += 1
    renaming = _name_to_take(step, operation, found)
    if renaming is None and not operation.changes and not deleting:
        return ExportResult(result.id)
    moved = replace(operation, secondary_id=found.secondary_id, new_secondary_id=renaming)
    return (await step.send_exports(connector, [moved]))[0]


async def _find_again(connector: Connector, operation: ExportOperation) -> ImportedObject | None:
    """Read where an object is by its primary id, if it has one."""
    if operation.external_id is None:
        return None
    return await connector.read_object(
        operation.type, external_id=operation.external_id, secondary_id=None, attributes=frozenset()
    )


def _name_to_take(step: Step, operation: ExportOperation, found: ImportedObject) -> str | None:
    """Give the name that an object is to get and does not have yet, or None."""
    workspace, wanted = step.workspace, operation.new_secondary_id
    here = workspace.secondary_key(step.system, operation.type, found.secondary_id)
    return None if here == workspace.secondary_key(step.system, operation.type, wanted) else wanted


async def write_the_rest(
    step: Step, connector: Connector, one: Sending, operation: ExportOperation, result: ExportResult
) -> ExportResult:
    """Write only what the target does not show yet: a server that keeps references itself was faster."""
    found = await _look_up(step, connector, one.cso, operation.new_secondary_id)
    if found is None:
        return result
    judged = _judge_all(step, one.cso, list(operation.changes), found.attributes)
    left = [change for change in judged if change.status != ChangeStatus.EXPORTED]
    renaming = _name_to_take(step, operation, found)
    step.statistics[Statistic.SETTLED] += 1
    if not left and renaming is None:
        return ExportResult(result.id)
    rest = replace(operation, secondary_id=found.secondary_id, new_secondary_id=renaming, changes=left)
    return (await step.send_exports(connector, [rest]))[0]


def _already_gone(step: Step, result: ExportResult) -> ExportResult:
    step.statistics[Statistic.ALREADY_GONE] += 1
    return ExportResult(result.id)


def _no_parent(result: ExportResult, operation: ExportOperation) -> ExportResult:
    error = ObjectError(
        "non-existent-parent",
        f"the parent of '{operation.new_secondary_id}' does not exist",
        "create it first, or provision it by a rule",
    )
    return ExportResult(result.id, error=error) if operation.new_secondary_id is not None else result
