"""Phase 2, export evaluation: for each changed MVO and each target, stage what has to change there."""

from collections.abc import AsyncIterator
from dataclasses import replace

from engine.errors import ObjectError, ObjectFailed
from engine.events import Progress
from engine.expressions import ambient
from engine.labels import label_of, label_of_mvo
from engine.phases.confirming import remove_empty_mvos
from engine.phases.deprovisioning import Deprovisioner
from engine.phases.desired import Desired, desired_state
from engine.phases.evaluation_page import EvaluationPage, Joined
from engine.phases.provisioning import (
    create_export,
    create_pending_provisioning_cso,
    plan_of,
    refuse_taken_name,
)
from engine.phases.staging import IN_FLIGHT, stage_update
from engine.rules.compiled import JoinNames, ObjectType
from engine.rules.flows import context_of
from engine.rules.joins import join_key
from engine.steps import Step
from storage import counters, exports, join_keys, metaverse, objects, transitions
from storage.records import ChangeType, Cso, CsoStatus, ExportStatus, Mvo, PendingExport
from storage.store import Transaction
from storage.transitions import Move


async def evaluate_exports(step: Step) -> AsyncIterator[Progress]:
    """Stage, for every MVO that is due, what has to change in each target: only real differences."""
    async with step.page() as tx:
        step.total = await metaverse.count_due(tx)
    after = 0
    while True:
        async with step.page() as tx:
            mvos = await metaverse.due_after(tx, after, step.page_size)
            if mvos:
                await _evaluate_page(tx, step, mvos)
                step.done += len(mvos)
        if not mvos:
            return
        after = mvos[-1].id
        yield step.progress()


async def _evaluate_page(tx: Transaction, step: Step, mvos: list[Mvo]) -> None:
    page = await _load(tx, step, mvos)
    wanted = _wanted(page, mvos)
    await _look_up(tx, page, wanted)
    targets = sum(len(step.workspace.rules.outbound.get(mvo.type, {})) for mvo in mvos)
    page.next_cso = await counters.allocate(tx, "objects", targets)
    page.next_export = await counters.allocate(tx, "exports", targets)
    deprovisioner = Deprovisioner(page)
    await deprovisioner.load(tx, mvos)
    first_new = page.next_cso
    for desired in wanted:
        try:
            _evaluate_target(page, desired, deprovisioner)
        except ObjectFailed as failure:
            _fail(page, desired.mvo, desired.target, failure.error)
    _release_unruled(page, mvos, deprovisioner)
    await _write(tx, page, first_new)
    await deprovisioner.write(tx)
    await metaverse.set_due(tx, [mvo.id for mvo in mvos if mvo.id not in page.still_due], due=False)
    await remove_empty_mvos(tx, [mvo.id for mvo in mvos if mvo.deleted])


async def _load(tx: Transaction, step: Step, mvos: list[Mvo]) -> EvaluationPage:
    joined: Joined = {}
    ids = []
    for cso in await objects.joined_to(tx, [mvo.id for mvo in mvos]):
        joined.setdefault(cso.mvo_id or 0, {})[cso.system, cso.type] = cso
        ids.append(cso.id)
    return EvaluationPage(step, joined, await exports.of_objects(tx, ids))


def _wanted(page: EvaluationPage, mvos: list[Mvo]) -> list[Desired]:
    """Work out the wanted state of every MVO in every target; errors are told, and the others go on."""
    workspace = page.step.workspace
    wanted = []
    around = ambient()
    for mvo in mvos:
        context = context_of(mvo.attributes, workspace.config.metaverse[mvo.type].attributes, around)
        for target, rules in workspace.rules.outbound.get(mvo.type, {}).items():
            try:
                wanted.append(desired_state(workspace, mvo, target, rules, context))
            except ObjectFailed as failure:
                _fail(page, mvo, target, failure.error)
    return wanted


def _fail(page: EvaluationPage, mvo: Mvo, target: ObjectType, error: ObjectError) -> None:
    page.still_due.add(mvo.id)
    cso = page.joined.get(mvo.id, {}).get(target)
    label = label_of(cso) if cso else label_of_mvo(mvo)
    page.step.failed(error, object_type=target[1], label=label, object_id=cso.id if cso else None, system=target[0])


async def _look_up(tx: Transaction, page: EvaluationPage, wanted: list[Desired]) -> None:
    """Read who has the wanted DNs, and which unjoined objects outbound joins could find."""
    keys: dict[str, set[str]] = {}
    joins: dict[tuple[ObjectType, JoinNames], set[str]] = {}
    for desired in wanted:
        if not desired.rules:
            continue
        if desired.secondary_key is not None:
            keys.setdefault(desired.target[0], set()).add(desired.secondary_key)
        if desired.target in page.joined.get(desired.mvo.id, {}):
            continue
        for names in _joins_of(desired):
            if key := join_key(desired.attributes, names):
                joins.setdefault((desired.target, names), set()).add(key)
    for system, wanted_keys in keys.items():
        held = page.holders.setdefault(system, {})
        for cso in await objects.holders_of(tx, system, wanted_keys):
            held.setdefault(page.step.workspace.secondary_key(system, cso.type, cso.secondary_id) or "", []).append(cso)
    for (target, names), wanted_keys in joins.items():
        owner = f"{target[0]}.{target[1]}"
        page.candidates[target, names] = await join_keys.find(tx, owner, "+".join(names), wanted_keys)
    ids = {cso_id for found in page.candidates.values() for csos in found.values() for cso_id in csos}
    page.candidate_csos = {cso.id: cso for cso in await objects.get(tx, ids)}


def _joins_of(desired: Desired) -> list[JoinNames]:
    return [names for rule in desired.rules for names in rule.joins]


def _evaluate_target(page: EvaluationPage, desired: Desired, deprovisioner: Deprovisioner) -> None:
    cso = page.joined.get(desired.mvo.id, {}).get(desired.target)
    if not desired.rules:
        if cso is not None:
            deprovisioner.deprovision(desired.mvo, cso)
        return
    if cso is None:
        cso = _join_existing(page, desired)
    if cso is not None:
        deprovisioner.withdraw(cso)
        _update(page, desired, cso)
    elif desired.provision:
        _provision(page, desired)


def _release_unruled(page: EvaluationPage, mvos: list[Mvo], deprovisioner: Deprovisioner) -> None:
    """Let go of target objects whose last outbound rule was removed: nothing says what they should be."""
    rules = page.step.workspace.rules
    for mvo in mvos:
        for target, cso in page.joined.get(mvo.id, {}).items():
            if target not in rules.outbound.get(mvo.type, {}) and cso.joined_by in ("provisioning", "outbound join"):
                deprovisioner.deprovision(mvo, cso)


def _join_existing(page: EvaluationPage, desired: Desired) -> Cso | None:
    """Find the unjoined target object that an outbound join matches, and join it instead of making a double."""
    for names in _joins_of(desired):
        key = join_key(desired.attributes, names)
        found = page.candidates.get((desired.target, names), {}).get(key, []) if key else []
        csos = [page.candidate_csos[cso_id] for cso_id in found if cso_id in page.candidate_csos]
        free = [cso for cso in csos if cso.mvo_id is None and cso.status == CsoStatus.NORMAL]
        if len(free) > 1:
            raise ObjectFailed(
                "ambiguous-join",
                f"{len(free)} objects of '{desired.target[0]}' match by {', '.join(names)}: "
                + ", ".join(label_of(cso) for cso in free[:5]),
                "make the values unique in the target, or join by something that is",
            )
        if free:
            page.joins.append((free[0].id, desired.mvo.id, "outbound join"))
            del page.candidate_csos[free[0].id]
            page.step.statistics["joins"] += 1
            return free[0]._replace(mvo_id=desired.mvo.id, joined_by="outbound join")
    return None


def _provision(page: EvaluationPage, desired: Desired) -> None:
    """Plan a new object and stage its Create."""
    system = desired.target[0]
    refuse_taken_name(desired, page.holders.get(system, {}), page.planned.setdefault(system, {}))
    planned = create_pending_provisioning_cso(page.step.workspace, desired, page.next_cso)
    page.next_cso += 1
    page.new_csos.append(planned)
    export = create_export(desired, planned.id, page.export_id())
    page.added.append(export)
    label = planned.content.secondary_id or planned.content.external_id or ""
    page.step.moved(Move("export", export.id, system, label, None, ExportStatus.PENDING, export.cause))
    page.step.statistics["provisioning adds"] += 1


def _update(page: EvaluationPage, desired: Desired, cso: Cso) -> None:
    """Stage what differs on an object that exists, or is still planned."""
    before = page.exports.get(cso.id)
    if cso.status == CsoStatus.OBSOLETE:
        return
    if before is not None and before.change_type == ChangeType.DELETE:
        if before.status in (*IN_FLIGHT, ExportStatus.NOT_CONFIRMED):
            page.still_due.add(desired.mvo.id)
            return
        page.stage(cso, before, None, "back in scope: the staged delete is withdrawn")
        page.step.statistics["deletes withdrawn"] += 1
        before = None
    if cso.status == CsoStatus.PENDING_PROVISIONING:
        _replan(page, desired, cso, before)
        return
    if before is not None and before.status == ExportStatus.EXECUTING:
        page.still_due.add(desired.mvo.id)
        return
    export_id = before.id if before else page.export_id()
    after = stage_update(page.step.workspace, desired, cso, before, export_id)
    if after is not None and after.new_secondary_id is not None and after != before:
        system = desired.target[0]
        try:
            refuse_taken_name(desired, page.holders.get(system, {}), page.planned.setdefault(system, {}))
        except ObjectFailed as failure:
            # The name has to wait; everything else is put right now.
            _fail(page, desired.mvo, desired.target, failure.error)
            staying = replace(desired, secondary_id=None, secondary_key=None)
            after = stage_update(page.step.workspace, staying, cso, before, export_id)
    if after == before:
        return
    page.stage(cso, before, after, after.cause if after else "the target already holds what is wanted")
    if after is not None:
        page.step.statistics["provisioning renames" if after.new_secondary_id else "export attribute flow"] += 1


def _replan(page: EvaluationPage, desired: Desired, cso: Cso, before: PendingExport | None) -> None:
    """Bring the plan of an object that was not created yet up to date."""
    if before is not None and before.status in (*IN_FLIGHT, ExportStatus.NOT_CONFIRMED):
        page.still_due.add(desired.mvo.id)
        return
    if before is not None and cso.attributes == desired.planned() and cso.secondary_id == desired.secondary_id:
        return
    system = desired.target[0]
    refuse_taken_name(desired, page.holders.get(system, {}), page.planned.setdefault(system, {}))
    page.replans.append((cso.id, plan_of(page.step.workspace, desired)))
    after = create_export(desired, cso.id, before.id if before else page.export_id())
    if before is not None:
        after = after._replace(created_at=before.created_at, held=before.held)
    page.stage(cso, before, after, "the plan changed before it was sent")
    page.step.statistics["provisioning adds"] += 1


async def _write(tx: Transaction, page: EvaluationPage, first_new: int) -> None:
    await objects.add_planned(tx, page.new_csos)
    if page.new_csos:
        reason = "provisioned"
        await transitions.record_new_objects(tx, first_new, step_id=page.step.id, reason=reason)
    await objects.update_plan(tx, page.replans)
    await objects.join(tx, page.joins)
    await exports.remove(tx, [export.id for export in page.removed])
    await exports.add(tx, page.added)
    await exports.change(tx, page.changed)
