"""Phase 1, synchronisation: scope, join or project, flow, for every CSO that is due."""

from collections.abc import AsyncIterator

from engine.approvals.review_items import move_items
from engine.decisions.manual_joins import LEAVING
from engine.errors import ObjectFailed
from engine.events import Progress
from engine.labels import label_of
from engine.phases.evaluating.updates import IN_FLIGHT
from engine.phases.synchronising.computed_groups import keep_groups
from engine.phases.synchronising.due import notice_changed_rules, notice_clock, notice_deletion_rules
from engine.phases.synchronising.flowing import index_objects, recompute
from engine.phases.synchronising.joining import Joiner, Scoped
from engine.phases.synchronising.lifecycle import carry_out_approved, delete_after_grace, settle_lifecycle
from engine.phases.synchronising.owed_references import follow_gone, pay_references, tell_owed
from engine.phases.synchronising.page import SyncPage
from engine.phases.synchronising.reused_ids import ask_about_reused
from engine.phases.synchronising.unique_values import notice_lost_names
from engine.rules.compiled import Rules
from engine.rules.scope import in_scope
from engine.step import Step
from storage import exports, metaverse, objects, reviews
from storage.records import Cso, CsoStatus, JoinedBy, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

ROUNDS = 5
"""How often one run looks again at objects that waited for what others of the run have made."""


async def synchronise(step: Step) -> AsyncIterator[Progress]:
    """Bring the metaverse up to date with every CSO that changed, or whose rules or clock did.

    Approved disconnections are carried out first; then, object by object, scope, joins and flows; references that
    can be paid by now; computed groups; last, MVOs whose grace period has ended are deleted.
    """
    async with step.page() as tx:
        await notice_changed_rules(tx, step)
        await notice_clock(tx, step)
        await notice_deletion_rules(tx, step)
        step.total = await objects.count_due(tx)
    async for progress in carry_out_approved(step):
        yield progress
    # whoever is joined first, so that the others are joined by what the metaverse says now, whatever their order
    for joined in (True, False):
        async for progress in _synchronise_due(step, joined=joined):
            yield progress
    async for progress in delete_after_grace(step):
        yield progress
    async for progress in pay_references(step):
        yield progress
    async for progress in keep_groups(step):
        yield progress
    async for progress in tell_owed(step):
        yield progress


async def _synchronise_due(step: Step, *, joined: bool) -> AsyncIterator[Progress]:
    """Synchronise the CSOs that are due; those that were waiting for an MVO which appears are due again."""
    for _ in range(ROUNDS):
        woken, after = False, 0
        while True:
            async with step.page() as tx:
                csos = await objects.due_after(tx, after, step.page_size, joined=joined)
                if csos:
                    woken |= await _synchronise_page(tx, step, csos) and not joined
            if not csos:
                break
            after = csos[-1].id
            yield step.progress()
        if not woken:
            return


async def _synchronise_page(tx: Transaction, step: Step, csos: list[Cso]) -> bool:
    """Synchronise a page, and tell whether it has woken others by what it did."""
    page = SyncPage(step, {cso.id: cso for cso in csos})
    rules = step.workspace.rules
    scoped = _scope(page, csos)
    others = await _due_with_leavers(tx, page, scoped)
    page.csos |= {cso.id: cso for cso in others}
    csos, scoped = csos + others, scoped + _scope(page, others)
    by_hand = await _disconnect_by_hand(tx, page, csos)
    await _disconnect_filtered(tx, page, scoped)
    joiner = Joiner(step, page.context, page.fail)
    joins = await joiner.join(
        tx, await _without_reused(tx, page, [one for one in scoped if one[1] and one[0].mvo_id is None])
    )
    page.touched.update(mvo_id for _, mvo_id in joins)
    page.new = joiner.new
    page.touched.update(cso.mvo_id for cso, _ in scoped if cso.mvo_id is not None)
    await index_objects(tx, step, csos)
    await notice_lost_names(tx, page, csos)
    await settle_lifecycle(tx, step, page.leavers)  # first: whoever is in a grace period then stays as it is
    await recompute(tx, step, page.touched, page)
    await follow_gone(tx, step, page.left)
    seen_in_targets = [cso.mvo_id for cso in csos if (cso.system, cso.type) in rules.target_types() and cso.mvo_id]
    outbound_only = [cso.mvo_id for cso in csos if (cso.system, cso.type) not in rules.inbound and cso.mvo_id]
    await metaverse.set_due(tx, {*seen_in_targets, *outbound_only}, due=True)
    await objects.set_due(tx, {cso.id for cso in csos} - page.failed - page.woken - by_hand, due=False)
    step.done += len(csos)
    return bool(page.woken)


async def _due_with_leavers(tx: Transaction, page: SyncPage, scoped: list[Scoped]) -> list[Cso]:
    """Give, where somebody of a page leaves a person, whoever else of that person is due: they may leave together."""
    leaving = [cso for cso, own in scoped if not own] + [cso for cso in page.csos.values() if _leaves_by_hand(cso)]
    left = {cso.mvo_id for cso in leaving if cso.mvo_id is not None}
    if not left:
        return []
    others = [cso.id for cso in await objects.joined_to(tx, left) if cso.id not in page.csos]
    return await objects.due_among(tx, others)


async def _without_reused(tx: Transaction, page: SyncPage, scoped: list[Scoped]) -> list[Scoped]:
    """Leave out those of whom it has to be decided whether they are who had their id before."""
    errors = await ask_about_reused(tx, page.step, [cso for cso, _ in scoped])
    for cso, _ in scoped:
        if cso.id in errors:
            page.fail(cso, ObjectFailed(*errors[cso.id]))
    return [(cso, own) for cso, own in scoped if cso.id not in errors]


def _comes_in(rules: Rules, cso: Cso) -> bool:
    """Tell whether a CSO feeds the metaverse, or did before its last rule was removed, and is not taken away."""
    if cso.status != CsoStatus.NORMAL or cso.joined_by == JoinedBy.EXCLUDED or _leaves_by_hand(cso):
        return False
    return (cso.system, cso.type) in rules.inbound or cso.joined_by in (JoinedBy.JOIN, JoinedBy.PROJECTION)


def _leaves_by_hand(cso: Cso) -> bool:
    return cso.joined_by in LEAVING and cso.mvo_id is not None


def _scope(page: SyncPage, csos: list[Cso]) -> list[Scoped]:
    """Give each CSO that comes in with the rules whose scope it is in; where that cannot be told it fails."""
    scoped = []
    rules = page.step.workspace.rules
    for cso in csos:
        if not _comes_in(rules, cso):
            continue
        try:
            scoped.append((cso, in_scope(rules.inbound.get((cso.system, cso.type), []), page.context(cso))))
        except ObjectFailed as failure:
            page.fail(cso, failure)
    return scoped


async def _disconnect_by_hand(tx: Transaction, page: SyncPage, csos: list[Cso]) -> set[int]:
    """Disconnect what an operator has taken away or excluded, and give it; the rest of the sync may join it again."""
    leaving = [cso for cso in csos if _leaves_by_hand(cso)]
    excluded = {cso.id for cso in leaving if cso.joined_by == JoinedBy.EXCLUDING}
    await objects.join(tx, [(cso.id, None, JoinedBy.EXCLUDED if cso.id in excluded else None) for cso in leaving])
    await _leave(tx, page, leaving)
    await metaverse.set_due(tx, {cso.mvo_id for cso in leaving if cso.mvo_id is not None}, due=True)
    return {cso.id for cso in leaving}


async def _leave(tx: Transaction, page: SyncPage, leaving: list[Cso]) -> None:
    """Note whom the page's leavers left; whatever was staged for them is dropped."""
    page.step.statistics["disconnectors"] += len(leaving)
    page.leavers += leaving
    left = {cso.mvo_id for cso in leaving if cso.mvo_id is not None}
    page.left.update(left)
    page.touched.update(left)
    staged = await exports.of_objects(tx, [cso.id for cso in leaving])
    asked = await reviews.of_objects(tx, [cso.id for cso in leaving], ReviewKind.DELETE, reviews.LIVE)
    await move_items(tx, page.step, asked.values(), ReviewState.WITHDRAWN, "disconnected")
    unsent = [one for one in staged.values() if one.status not in IN_FLIGHT]
    await exports.remove(tx, [one.id for one in unsent])
    for one in unsent:
        cso = page.csos[one.cso_id]
        page.step.moved(Move("export", one.id, one.system, label_of(cso), one.status, None, "disconnected"))


async def _disconnect_filtered(tx: Transaction, page: SyncPage, scoped: list[Scoped]) -> None:
    """Disconnect joined CSOs that have left every scope, unless a rule says that they remain."""
    outside = [cso for cso, rules in scoped if not rules]
    page.step.statistics["filtered disconnectors"] += len(outside)
    inbound = page.step.workspace.rules.inbound
    remaining = {kind for kind, rules in inbound.items() if any(rule.remains for rule in rules)}
    joined = [cso for cso in outside if cso.mvo_id is not None and cso.joined_by != JoinedBy.HAND]
    leaving = [cso for cso in joined if (cso.system, cso.type) not in remaining]
    await objects.join(tx, [(cso.id, None, None) for cso in leaving])
    await _leave(tx, page, leaving)
