"""Phase 2, export evaluation: for each changed MVO and each target, stage what has to change there.

what a run was sending when it died     settle_everywhere        exporting/doubtful_writes.py
a page: what is known                   load_page                page.py
    what the rules want                 desired_state            desired_state.py
    which account that is               find_to_join             outbound_joins.py
        whether its name is free        claim_name               names.py
    what it refers to                   fill_references          references.py
    create it                           provision                accounts.py
        the object that is planned      create_pending_provisioning_cso  provisioning.py
    what differs                        update_account           accounts.py
        what somebody else has changed  find_drift               drift.py
        the update that is staged       stage_update             updates.py
    it is not wanted any more           leave                    leaving.py
    write what is decided               _write
names that change hands                 take_turns               name_turns.py
references that can be paid by now      _pay_references
references that stay owed are told      tell_owed                references.py
too many changes of one attribute       _look_before_changing
"""

from collections.abc import AsyncIterator
from functools import partial

from engine.contributions.ahead import evaluate_ahead, evaluate_due_ahead
from engine.contributions.followed import Followed, read_followed
from engine.errors import ObjectFailed
from engine.events import Progress
from engine.gates.mass_changes import look_before_changing
from engine.pending_exports.changes import PERHAPS_WRITTEN
from engine.phases.evaluating.accounts import provision, update_account, withdraw_delete
from engine.phases.evaluating.deprovisioning import (
    let_vanish,
    release,
    withdraw_question,
    write_questions,
)
from engine.phases.evaluating.desired_state import Desired, desired_state
from engine.phases.evaluating.ids import claim_id
from engine.phases.evaluating.leaving import goes_on_in_grace, leave, stay
from engine.phases.evaluating.name_turns import Turns, take_turns
from engine.phases.evaluating.names import claim_name, standing_there
from engine.phases.evaluating.outbound_joins import (
    find_to_join,
    join_account,
    keep_waiting,
    keys_to_wait_for,
    look_up,
)
from engine.phases.evaluating.page import Decisions, EvaluationPage, PutOff, Unfinished, fail, load_page, stage
from engine.phases.evaluating.references import Addresses, fill_references, leave_owed, owe, read_addresses, tell_owed
from engine.phases.exporting.doubtful_writes import settle_everywhere
from engine.phases.join_index import index_planned
from engine.phases.removal.forgetting import remove_empty_mvos
from engine.phases.synchronising.changed_tables import notice_tables, read_tables
from engine.phases.synchronising.due import notice_clock
from engine.rules import marks
from engine.rules.compiled import ObjectType
from engine.rules.flows import context_of
from engine.statistics import Statistic
from engine.step import Step
from storage import clock, counters, exports, leaving, metaverse, objects, references, transitions, wanted_marks
from storage.records import Cso, JoinedBy, Mvo, StepResult
from storage.store import Transaction


async def evaluate_exports(step: Step) -> AsyncIterator[Progress]:
    """Stage, for every MVO that is due, what has to change in each target: only real differences.

    Whoever refers to an account that was planned or renamed meanwhile is looked at once more.
    """
    async for progress in settle_everywhere(step):  # so that today's values are compared with what is there
        yield progress
    read_tables(step)
    async with step.page() as tx:
        await notice_clock(tx, step)
        await leaving.set_due(tx)
        await notice_tables(tx, step, marks.OUTBOUND)
        step.total = await metaverse.count_due(tx)
    left = Unfinished()
    async for progress in _evaluate_due(step, left):
        yield progress
    turns: Turns = {}
    if left.claims:
        async with step.page() as tx:
            turns = await take_turns(tx, step, left.claims)
    async for progress in _evaluate_again(step, {claim.mvo_id for claim in left.claims}, turns, left):
        yield progress
    async for progress in _evaluate_again(step, left.again, turns, left):
        yield progress
    async for progress in _pay_references(step, turns):
        yield progress
    async for progress in tell_owed(step):
        yield progress
    await _look_before_changing(step)
    yield step.progress()


async def _evaluate_due(step: Step, left: Unfinished) -> AsyncIterator[Progress]:
    """Evaluate every MVO that is due, and add what is left to be looked at."""
    after = 0
    while True:
        count = await evaluate_due_ahead(step, after)
        last, of_page = await step.in_page(partial(_evaluate_next, step=step, after=after, count=count))
        if last is None:
            return
        left.again |= of_page.again
        left.claims += of_page.claims
        left.put_off |= of_page.put_off
        after = last
        yield step.progress()


async def _evaluate_next(tx: Transaction, step: Step, after: int, count: int) -> tuple[int | None, Unfinished]:
    """Evaluate the MVOs that are due behind an id; give the last one's id, None where there are no more."""
    mvos = await metaverse.due_after(tx, after, count)
    if not mvos:
        return None, Unfinished()
    step.done += len(mvos)
    return mvos[-1].id, await _evaluate_page(tx, step, mvos, None)


async def _look_before_changing(step: Step) -> None:
    """Hold what changes one attribute of too many objects, in every target."""
    said = []
    async with step.page() as tx:
        for system in sorted({name for name, _ in step.workspace.rules.target_types()}):
            said.append(await look_before_changing(tx, step, system))
    if any(said):
        step.result = StepResult.STOPPED_CHANGES
        step.message = "; ".join(filter(None, (step.message, *said)))


async def _evaluate_again(step: Step, mvo_ids: set[int], turns: Turns, left: Unfinished) -> AsyncIterator[Progress]:
    """Evaluate some MVOs once more, and add those that refer to accounts which get another name by it."""
    waiting = sorted(mvo_ids)
    for start in range(0, len(waiting), step.page_size):
        ids = waiting[start : start + step.page_size]
        await evaluate_ahead(step, ids)
        work = partial(_evaluate_some, step=step, ids=ids, turns=turns, put_off=left.put_off)
        left.again |= (await step.in_page(work)).again
        yield step.progress()


async def _evaluate_some(tx: Transaction, step: Step, ids: list[int], turns: Turns, put_off: PutOff) -> Unfinished:
    return await _evaluate_page(tx, step, await metaverse.get_without_contributors(tx, ids), turns, put_off)


async def _pay_references(step: Step, turns: Turns) -> AsyncIterator[Progress]:
    """Pay the references that are owed to accounts planned by now."""
    after = 0
    while True:
        ids = await step.in_page(partial(_pay_next, step=step, after=after, turns=turns))
        if not ids:
            return
        after = ids[-1]
        yield step.progress()


async def _pay_next(tx: Transaction, step: Step, after: int, turns: Turns) -> list[int]:
    """Evaluate the next MVOs again that owe a reference which can be paid, and give their ids."""
    ids = await references.payable_outbound(tx, after, step.page_size)
    await _evaluate_page(tx, step, await metaverse.get_without_contributors(tx, ids), turns)
    still = await references.still_owing(tx, references.OUT, ids)
    step.statistics[Statistic.REFERENCES_PAID] += len(set(ids) - still)
    return ids


async def _evaluate_page(
    tx: Transaction, step: Step, mvos: list[Mvo], turns: Turns | None, put_off: PutOff | None = None
) -> Unfinished:
    """Evaluate some MVOs; with `turns`, names that change hands are given, without they are only claimed."""
    page = await load_page(tx, step, mvos, turns, put_off)
    evaluated = [mvo for mvo in mvos if not mvo.in_grace]  # within grace the accounts keep what they have
    decided = await _begin_decisions(tx, step, mvos)
    first_new = decided.next_cso
    wanted = _wanted(page, decided, mvos, await read_followed(tx, step.workspace, mvos))
    page = await look_up(tx, page, wanted)
    accounts = _take_accounts(page, decided, wanted)
    addresses = await read_addresses(tx, step.workspace, [desired for desired, _ in accounts])
    _decide(page, decided, accounts, addresses | decided.addresses)
    _release_unruled(page, decided, evaluated)
    _drop_plans_in_grace(page, decided, mvos)
    return Unfinished(await _write(tx, page, decided, first_new, mvos), decided.claims, decided.put_off)


async def _begin_decisions(tx: Transaction, step: Step, mvos: list[Mvo]) -> Decisions:
    """Begin the decisions of a page, with enough ids for everything that it may make."""
    targets = sum(len(step.workspace.rules.outbound.get(mvo.type, {})) for mvo in mvos)
    first_cso = await counters.allocate(tx, "objects", targets)
    each = 2 if step.workspace.rules.have_stages else 1  # a delete may give way to what has to be done before it
    return Decisions(first_cso, await counters.allocate(tx, "exports", targets * each))


def _drop_plans_in_grace(page: EvaluationPage, decided: Decisions, mvos: list[Mvo]) -> None:
    """Let the accounts of those vanish who left before they were created; the others stay as they are within grace.

    Those that leave in stages are looked at as ever.
    """
    for mvo in mvos:
        if mvo.in_grace:
            for cso in page.joined.get(mvo.id, {}).values():
                if not goes_on_in_grace(page, mvo, cso):
                    let_vanish(page, decided, mvo, cso)


def _wanted(page: EvaluationPage, decided: Decisions, mvos: list[Mvo], followed: Followed) -> list[Desired]:
    """Work out the wanted state of every MVO in every target; errors are told, and the others go on.

    Whose wanted state cannot be computed is somebody all the same: a delete that is staged for them is withdrawn.
    """
    workspace = page.step.workspace
    wanted: list[Desired] = []
    around, now = workspace.around(), clock.now()
    for mvo in mvos:
        context = followed.into(context_of(mvo.attributes, workspace.declared_mvo(mvo.type), around), mvo)
        for target, rules in workspace.rules.outbound.get(mvo.type, {}).items():
            cso = page.account_of(mvo, target)
            if mvo.in_grace and not (cso and goes_on_in_grace(page, mvo, cso)):
                continue
            known = page.departures.get(cso.id) if cso else None
            try:
                wanted.append(desired_state(workspace, mvo, target, rules, context, now, known))
            except ObjectFailed as failure:
                fail(page, decided, mvo, target, failure.error)
                _call_delete_off(page, decided, mvo, target)
    return wanted


def _call_delete_off(page: EvaluationPage, decided: Decisions, mvo: Mvo, target: ObjectType) -> None:
    """Withdraw the delete that is staged, or asked about, for the account of somebody who is there."""
    cso = page.account_of(mvo, target)
    if cso is not None and not mvo.deleted and not mvo.in_grace:
        withdraw_delete(page, decided, cso)
        withdraw_question(page, decided, cso)


def _take_accounts(page: EvaluationPage, decided: Decisions, wanted: list[Desired]) -> list[tuple[Desired, Cso | None]]:
    """Take for each wanted state its account: the one it has, or joins now, or None; its name is claimed then."""
    found: list[tuple[Desired, Cso | None]] = []
    for desired in wanted:
        try:
            found.append((desired, _take_account(page, decided, desired)))
        except ObjectFailed as failure:
            fail(page, decided, desired.mvo, desired.target, failure.error)
    return found


def _take_account(page: EvaluationPage, decided: Decisions, desired: Desired) -> Cso | None:
    cso = page.account_of(desired.mvo, desired.target)
    if cso is not None or desired.going is not None:
        return cso
    if (free := find_to_join(page, decided, desired)) is not None:
        return join_account(page, decided, desired, free)
    excluded = any(one.joined_by == JoinedBy.EXCLUDED for one in standing_there(page, desired))
    if excluded:
        decided.left_out.add((desired.mvo.id, desired.target))
    if excluded or not desired.provision:
        decided.waiting += keys_to_wait_for(page, desired)
        return None
    claim_id(page, decided, desired, None)
    claim_name(page, decided, desired, None)
    if desired.secondary_id is not None and page.step.workspace.is_dn(*desired.target):
        decided.addresses[desired.target[0], desired.mvo.id] = desired.secondary_id
    return None


def _decide(
    page: EvaluationPage, decided: Decisions, accounts: list[tuple[Desired, Cso | None]], addresses: Addresses
) -> None:
    """Decide for each wanted state what is staged for its account."""
    for desired, cso in accounts:
        whole, owed = fill_references(desired, addresses)
        if page.turns is None and cso is not None and cso.id in decided.joined_now:
            whole = leave_owed(decided, whole, owed)
        decided.owed += [] if desired.mvo.in_grace else owed
        if cso is not None and decided.taken_over.get(cso.id) == desired.mvo.id:
            continue  # it is somebody else's from now on
        try:
            _evaluate_target(page, decided, whole, cso)
        except ObjectFailed as failure:
            fail(page, decided, desired.mvo, desired.target, failure.error)


def _evaluate_target(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso | None) -> None:
    if cso is None:
        if desired.provision and not decided.is_put_off(desired.mvo, desired.target):
            stay(page, decided, desired, provision(page, decided, desired))
    elif desired.going is not None:
        leave(page, decided, desired, cso, desired.going)
    else:
        withdraw_question(page, decided, cso)
        stay(page, decided, desired, cso.id)
        update_account(page, decided, desired, cso)


def _release_unruled(page: EvaluationPage, decided: Decisions, mvos: list[Mvo]) -> None:
    """Let go of target objects whose last outbound rule was removed: nothing says what they should be.

    What a source gives stays joined; only what was to be written to it is dropped.
    """
    rules = page.step.workspace.rules
    for mvo in mvos:
        for target, cso in page.joined.get(mvo.id, {}).items():
            if target in rules.outbound.get(mvo.type, {}):
                continue
            before = page.exports.get(cso.id)
            if cso.joined_by in (JoinedBy.PROVISIONING, JoinedBy.OUTBOUND_JOIN):
                release(page, decided, mvo, cso)
            elif before is not None and before.status not in PERHAPS_WRITTEN:
                stage(page, decided, cso, before, None, "no rule writes to it any more")


async def _write(
    tx: Transaction, page: EvaluationPage, decided: Decisions, first_new: int, mvos: list[Mvo]
) -> set[int]:
    """Carry out what a page has decided; give the MVOs that are to be looked at once more."""
    step = page.step
    decided.check()
    await objects.add_planned(tx, decided.planned)
    if decided.planned:
        await transitions.record_new_objects(tx, first_new, step_id=step.id, reason="provisioned")
    await objects.update_plan(tx, decided.replans)
    await objects.join(tx, decided.joins)
    await exports.remove(tx, [export.id for export in decided.removed])
    await exports.add(tx, decided.added)
    await exports.change(tx, decided.changed)
    await wanted_marks.put(tx, decided.marks)
    await index_planned(tx, step, decided.planned)
    await leaving.put(tx, decided.departures)
    await leaving.drop(tx, decided.staying)
    await write_questions(tx, step, decided)
    await objects.remove(tx, decided.vanished, review_ids={})
    evaluated = [mvo for mvo in mvos if not mvo.in_grace]
    await owe(tx, step.workspace, evaluated, decided.owed)
    await keep_waiting(tx, step.workspace, evaluated, decided.waiting)
    await metaverse.set_due(tx, [mvo.id for mvo in mvos if mvo.id not in decided.still_due], due=False)
    await remove_empty_mvos(tx, [*(mvo.id for mvo in evaluated if mvo.deleted), *decided.taken_over.values()])
    referring = await references.referrers(tx, decided.renamed) if decided.renamed else set()
    await metaverse.set_due(tx, referring, due=True)
    return referring | {mvo_id for mvo_id, _ in decided.put_off}
