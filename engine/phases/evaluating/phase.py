"""Phase 2, export evaluation: for each changed MVO and each target, stage what has to change there."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from engine.errors import ObjectFailed, StepFailed
from engine.events import Progress
from engine.expressions.expression import ambient
from engine.gates.mass_changes import look_before_changing
from engine.phases.evaluating.accounts import provision, update_account, withdraw_delete
from engine.phases.evaluating.deprovisioning import Deprovisioner
from engine.phases.evaluating.desired_state import Desired, desired_state
from engine.phases.evaluating.name_turns import Claim, Turns, take_turns
from engine.phases.evaluating.outbound_joins import find_or_name, keep_waiting, load_page, look_up
from engine.phases.evaluating.page import EvaluationPage
from engine.phases.evaluating.references import fill_references, owe, tell_owed
from engine.phases.exporting.doubtful_writes import settle_interrupted
from engine.phases.join_index import index_planned
from engine.phases.removal.forgetting import remove_empty_mvos
from engine.phases.synchronising.due import notice_clock
from engine.rules.flows import context_of
from engine.step import Step
from storage import counters, exports, metaverse, objects, references, transitions, wanted_marks
from storage.records import Cso, ExportStatus, JoinedBy, Mvo, StepResult
from storage.store import Transaction


async def evaluate_exports(step: Step) -> AsyncIterator[Progress]:
    """Stage, for every MVO that is due, what has to change in each target: only real differences.

    Whoever refers to an account that was planned or renamed meanwhile is looked at once more.
    """
    async for progress in _settle_first(step):
        yield progress
    async with step.page() as tx:
        await notice_clock(tx, step)
        step.total = await metaverse.count_due(tx)
    after, again, claims = 0, set[int](), list[Claim]()
    while True:
        async with step.page() as tx:
            mvos = await metaverse.due_after(tx, after, step.page_size)
            if mvos:
                evaluated = await _evaluate_page(tx, step, mvos, None)
                again |= evaluated.referring
                claims += evaluated.claims
                step.done += len(mvos)
        if not mvos:
            break
        after = mvos[-1].id
        yield step.progress()
    turns: Turns = {}
    if claims:
        async with step.page() as tx:
            turns = await take_turns(tx, step, claims)
    async for progress in _evaluate_again(step, {claim.mvo_id for claim in claims}, turns, again):
        yield progress
    async for progress in _evaluate_again(step, again, turns, set()):
        yield progress
    async for progress in _pay_references(step, turns):
        yield progress
    async for progress in tell_owed(step):
        yield progress
    await _look_before_changing(step)
    yield step.progress()


async def _settle_first(step: Step) -> AsyncIterator[Progress]:
    """Find out what became of exports that a killed run was sending, so that today's values are compared with that."""
    for system in sorted({name for name, _ in step.workspace.rules.target_types()}):
        async with step.page() as tx:
            left = await exports.with_status(tx, system, [ExportStatus.EXECUTING], 0, 1)
        if not left:
            continue
        try:
            async with step.workspace.connector(system) as connector:
                async for progress in settle_interrupted(step, connector, system):
                    yield progress
        except StepFailed as failure:
            if failure.result == StepResult.STOPPED_BY_OPERATOR:
                raise
            step.note([f"what a run was sending to '{system}' when it died is not known yet: {failure}"])


async def _look_before_changing(step: Step) -> None:
    """Hold what changes one attribute of too many objects, in every target."""
    said = []
    async with step.page() as tx:
        for system in sorted({name for name, _ in step.workspace.rules.target_types()}):
            said.append(await look_before_changing(tx, step, system))
    if any(said):
        step.result = StepResult.STOPPED_CHANGES
        step.message = "; ".join(filter(None, (step.message, *said)))


async def _evaluate_again(step: Step, mvo_ids: set[int], turns: Turns, referring: set[int]) -> AsyncIterator[Progress]:
    """Evaluate some MVOs once more, and add those that refer to accounts which get another name by it."""
    waiting = sorted(mvo_ids)
    for start in range(0, len(waiting), step.page_size):
        async with step.page() as tx:
            mvos = await metaverse.get(tx, waiting[start : start + step.page_size])
            referring |= (await _evaluate_page(tx, step, mvos, turns)).referring
        yield step.progress()


async def _pay_references(step: Step, turns: Turns) -> AsyncIterator[Progress]:
    """Pay the references that are owed to accounts planned by now."""
    after = 0
    while True:
        async with step.page() as tx:
            ids = await references.payable_outbound(tx, after, step.page_size)
            await _evaluate_page(tx, step, await metaverse.get(tx, ids), turns)
            step.statistics["references paid"] += len(set(ids) - await references.still_owing(tx, references.OUT, ids))
        if not ids:
            return
        after = ids[-1]
        yield step.progress()


class Evaluated(NamedTuple):
    """What a page of evaluation leaves to be looked at once more."""

    referring: set[int]
    """MVOs that refer to accounts which get another name."""
    claims: list[Claim]


async def _evaluate_page(tx: Transaction, step: Step, mvos: list[Mvo], turns: Turns | None) -> Evaluated:
    """Evaluate some MVOs; with `turns`, names that change hands are given, without they are only claimed."""
    frozen = [mvo for mvo in mvos if mvo.in_grace]  # within grace the accounts keep what they have
    await metaverse.set_due(tx, [mvo.id for mvo in frozen], due=False)
    page = await load_page(tx, step, mvos, turns)
    mvos = [mvo for mvo in mvos if not mvo.in_grace]
    deprovisioner = Deprovisioner(page)
    await deprovisioner.load(tx, mvos)
    wanted = _wanted(page, mvos, deprovisioner)
    await look_up(tx, page, wanted)
    await deprovisioner.load_left_behind(tx)
    targets = sum(len(step.workspace.rules.outbound.get(mvo.type, {})) for mvo in mvos)
    page.next_cso = await counters.allocate(tx, "objects", targets)
    page.next_export = await counters.allocate(tx, "exports", targets)
    first_new = page.next_cso
    ready = []
    for desired in wanted:
        try:
            ready.append((desired, find_or_name(page, desired)))
        except ObjectFailed as failure:
            page.fail(desired.mvo, desired.target, failure.error)
    await fill_references(tx, page, [desired for desired, _ in ready])
    for desired, cso in ready:
        if cso is not None and page.taken_over.get(cso.id) == desired.mvo.id:
            continue  # it is somebody else's from now on
        try:
            _evaluate_target(page, desired, cso, deprovisioner)
        except ObjectFailed as failure:
            page.fail(desired.mvo, desired.target, failure.error)
    _release_unruled(page, mvos, deprovisioner)
    for mvo in frozen:  # nor is there an account for who left before it was created
        for cso in page.joined.get(mvo.id, {}).values():
            deprovisioner.vanishes(mvo, cso)
    await _write(tx, page, first_new)
    await deprovisioner.write(tx)
    await owe(tx, page, mvos)
    await keep_waiting(tx, page, mvos)
    await metaverse.set_due(tx, [mvo.id for mvo in mvos if mvo.id not in page.still_due], due=False)
    await remove_empty_mvos(tx, [*(mvo.id for mvo in mvos if mvo.deleted), *page.taken_over.values()])
    referring = await references.referrers(tx, page.renamed) if page.renamed else set()
    await metaverse.set_due(tx, referring, due=True)
    return Evaluated(referring, page.claims)


def _wanted(page: EvaluationPage, mvos: list[Mvo], deprovisioner: Deprovisioner) -> list[Desired]:
    """Work out the wanted state of every MVO in every target; errors are told, and the others go on.

    Whose wanted state cannot be computed is somebody all the same: a delete that is staged for them is withdrawn.
    """
    workspace = page.step.workspace
    wanted = []
    around = ambient()
    for mvo in mvos:
        context = context_of(mvo.attributes, workspace.declared_mvo(mvo.type), around)
        for target, rules in workspace.rules.outbound.get(mvo.type, {}).items():
            try:
                wanted.append(desired_state(workspace, mvo, target, rules, context))
            except ObjectFailed as failure:
                page.fail(mvo, target, failure.error)
                if not mvo.deleted and (cso := page.joined.get(mvo.id, {}).get(target)) is not None:
                    withdraw_delete(page, cso)
                    deprovisioner.withdraw(cso)
    return wanted


def _evaluate_target(page: EvaluationPage, desired: Desired, cso: Cso | None, deprovisioner: Deprovisioner) -> None:
    if desired.disabling:
        if cso is not None and not deprovisioner.vanishes(desired.mvo, cso):
            deprovisioner.withdraw(cso)
            _disable(page, desired, cso, deprovisioner)
    elif not desired.rules:
        if cso is not None:
            deprovisioner.deprovision(desired.mvo, cso)
    elif cso is not None:
        deprovisioner.withdraw(cso)
        update_account(page, desired, cso)
    elif desired.provision and not page.is_put_off(desired.mvo.id, desired.target):
        provision(page, desired)


def _disable(page: EvaluationPage, desired: Desired, cso: Cso, deprovisioner: Deprovisioner) -> None:
    """Write the disabling flows; once they are there, and their person is gone, the account is let go of."""
    before = page.exports.get(cso.id)
    staged = update_account(page, desired, cso)
    if desired.mvo.deleted and not staged and before is None:
        deprovisioner.leave_alone(desired.mvo, cso, None)


def _release_unruled(page: EvaluationPage, mvos: list[Mvo], deprovisioner: Deprovisioner) -> None:
    """Let go of target objects whose last outbound rule was removed: nothing says what they should be."""
    rules = page.step.workspace.rules
    for mvo in mvos:
        for target, cso in page.joined.get(mvo.id, {}).items():
            if target not in rules.outbound.get(mvo.type, {}) and cso.joined_by in (
                JoinedBy.PROVISIONING,
                JoinedBy.OUTBOUND_JOIN,
            ):
                deprovisioner.deprovision(mvo, cso)


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
    await wanted_marks.put(tx, page.new_marks)
    await index_planned(tx, page.step, page.new_csos)
