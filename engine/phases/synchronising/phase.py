"""Phase 1, synchronisation: scope, join or project, flow, for every CSO that is due.

who is due, by changed rules and the clock  notice_changed_rules  due.py
    by changed rows of lookup tables        notice_tables         changed_tables.py
whose disconnection was approved            carry_out_approved    approved_disconnections.py
a page: whose scope an object is in         page_of               page.py
    whose id may be somebody else's         ask_about_reused      reused_ids.py
    whom it joins, or projects              find_joins            joining.py
    which rows name another person by now   find_strays           strays.py
    whose connector has left                settle_lifecycle      lifecycle.py
    what flows                              recompute             flowing.py
        the strongest contributor of each   contribute            contributions/flowing.py
        unique values                       keep_or_give_values   unique_values.py
            and those they were before      remember              former_values.py
        who refers to whom, what is owed    keep_edges            references.py
        in which computed groups            move_members          computed_groups.py
    who refers to whoever has left          follow_gone           owed_references.py
whose grace period has ended                delete_after_grace    lifecycle.py
whose former values are kept no longer      end_aliases           alias_ends.py
references that can be paid by now          pay_references        owed_references.py
computed groups                             keep_groups           computed_groups.py
references that stay owed are told          tell_owed             owed_references.py
"""

from collections.abc import AsyncIterator
from functools import partial

from engine.approvals.review_items import move_items
from engine.contributions.ahead import synchronise_ahead
from engine.contributions.joined import mvos_of
from engine.events import Progress
from engine.labels import label_of
from engine.pending_exports.changes import IN_FLIGHT
from engine.pending_exports.dropping import drop_unsent
from engine.phases.join_index import index_objects
from engine.phases.synchronising.alias_ends import end_aliases
from engine.phases.synchronising.approved_disconnections import carry_out_approved
from engine.phases.synchronising.changed_tables import notice_tables, read_tables
from engine.phases.synchronising.computed_groups import keep_groups
from engine.phases.synchronising.due import notice_changed_rules, notice_clock, notice_deletion_rules
from engine.phases.synchronising.flowing import Known, recompute
from engine.phases.synchronising.joining import Joins, find_joins, write_joins
from engine.phases.synchronising.lifecycle import delete_after_grace, settle_lifecycle
from engine.phases.synchronising.owed_references import follow_gone, pay_references, tell_owed
from engine.phases.synchronising.page import SyncPage, leaves_by_hand, page_of, tell, with_others
from engine.phases.synchronising.reused_ids import ask_about_reused
from engine.phases.synchronising.strays import Doubt, find_strays, in_doubt
from engine.phases.synchronising.unique_values import lost_values
from engine.rules import marks
from engine.statistics import Statistic
from engine.step import Step
from storage import exports, metaverse, objects, reviews
from storage.records import Cso, Entity, JoinedBy, ReviewKind, ReviewState
from storage.store import Transaction
from storage.transitions import Move

ROUNDS = 5
"""How often one run looks again at objects that waited for what others of the run have made."""


async def synchronise(step: Step) -> AsyncIterator[Progress]:
    """Bring the metaverse up to date with every CSO that changed, or whose rules or clock did.

    Approved disconnections are carried out first; then, page by page, scope, joins, deletion rules and flows; MVOs
    whose grace period has ended are deleted; then references that can be paid by now, and computed groups. Last it is
    told which references stay owed.
    """
    read_tables(step)
    step.total = await step.in_page(partial(_notice, step=step))
    async for progress in carry_out_approved(step):
        yield progress
    # whoever is joined first, so that the others are joined by what the metaverse says now, whatever their order
    for joined in (True, False):
        async for progress in _synchronise_due(step, joined=joined):
            yield progress
    async for progress in delete_after_grace(step):
        yield progress
    async for progress in end_aliases(step):
        yield progress
    async for progress in pay_references(step):
        yield progress
    async for progress in keep_groups(step):
        yield progress
    async for progress in tell_owed(step):
        yield progress


async def _notice(tx: Transaction, step: Step) -> int:
    """Find out what has become due by itself; give how many CSOs are due."""
    await notice_changed_rules(tx, step)
    await notice_tables(tx, step, marks.INBOUND)
    await notice_clock(tx, step)
    await notice_deletion_rules(tx, step)
    return await objects.count_due(tx)


async def _synchronise_due(step: Step, *, joined: bool) -> AsyncIterator[Progress]:
    """Synchronise the CSOs that are due; those that were waiting for an MVO which appears are due again."""
    for _ in range(ROUNDS):
        woken, after = False, 0
        while True:
            count = await synchronise_ahead(step, after, joined=joined)
            last, has_woken = await step.in_page(
                partial(_synchronise_next, step=step, after=after, count=count, joined=joined)
            )
            if last is None:
                break
            woken |= has_woken and not joined
            after = last
            yield step.progress()
        if not woken:
            return


async def _synchronise_next(
    tx: Transaction, step: Step, after: int, count: int, *, joined: bool
) -> tuple[int | None, bool]:
    """Synchronise the CSOs that are due behind an id; give the last one's id, and whether others were woken by them."""
    csos = await objects.due_after(tx, after, count, joined=joined)
    return (csos[-1].id, await _synchronise_page(tx, step, csos)) if csos else (None, False)


async def _synchronise_page(tx: Transaction, step: Step, csos: list[Cso]) -> bool:
    """Synchronise a page, and tell whether it has woken others by what it did."""
    page = page_of(step, csos)
    doubts = await in_doubt(tx, page)
    if others := await _due_with_leavers(tx, page, doubts):
        page = with_others(page, others)
        doubts = await in_doubt(tx, page)
    by_hand = [cso for cso in page.csos.values() if leaves_by_hand(cso)]
    strays = await find_strays(tx, page, doubts)
    leavers = by_hand + strays + _filtered_leavers(page)
    await _disconnect(tx, page, by_hand, leavers)
    step.statistics[Statistic.FILTERED_DISCONNECTORS] += len(_outside(page))
    joins, failures = await _join(tx, page)
    await index_objects(tx, step, list(page.csos.values()))
    lost = await lost_values(tx, step.workspace, page.csos.values())
    await settle_lifecycle(tx, step, leavers)  # first: whoever is in a grace period then stays as it is
    left = mvos_of(leavers)
    touched = {mvo_id for _, mvo_id, _ in joins.links} | mvos_of(cso for cso, _ in page.scoped) | left
    touched |= {mvo_id for mvo_id, _ in lost}
    known = Known(page.contexts, page.csos, joins.new, lost, failures)
    flowed = await recompute(tx, step, touched, known)
    await follow_gone(tx, step, left)
    await metaverse.set_due(tx, _seen_in_targets(page), due=True)
    staying_due = failures | flowed.failed | flowed.woken | {cso.id for cso in (*by_hand, *strays)}
    await objects.set_due(tx, page.csos.keys() - staying_due, due=False)
    step.done += len(page.csos)
    return bool(flowed.woken)


async def _due_with_leavers(tx: Transaction, page: SyncPage, doubts: list[Doubt]) -> list[Cso]:
    """Give, where somebody of a page leaves a person, whoever else of that person is due: they may leave together."""
    by_hand = [cso for cso in page.csos.values() if leaves_by_hand(cso)]
    leaving = [*_outside(page), *(one.cso for one in doubts), *by_hand]
    left = mvos_of(leaving)
    if not left:
        return []
    others = [cso.id for cso in await objects.joined_to(tx, left) if cso.id not in page.csos]
    return await objects.due_among(tx, others)


async def _join(tx: Transaction, page: SyncPage) -> tuple[Joins, set[int]]:
    """Join or project whoever is in scope and joined to nobody; give also all of the page with whom something is wrong.

    Not those of whom it has to be decided whether they are who had their id before.
    """
    unjoined = [(cso, rules) for cso, rules in page.scoped if rules and cso.mvo_id is None]
    reused = await ask_about_reused(tx, page.step, [cso for cso, _ in unjoined])
    asking = [(cso, rules) for cso, rules in unjoined if cso.id not in reused]
    joins = await find_joins(tx, page.step, page.contexts, asking)
    await write_joins(tx, page.step, asking, joins)
    failures = page.failures | reused | joins.failures
    tell(page.step, [(page.csos[cso_id], error) for cso_id, error in failures.items()])
    return joins, set(failures)


def _filtered_leavers(page: SyncPage) -> list[Cso]:
    """Give the joined CSOs that have left every scope, unless a rule says that they remain."""
    inbound = page.step.workspace.rules.inbound
    remaining = {kind for kind, rules in inbound.items() if any(rule.remains for rule in rules)}
    joined = [cso for cso in _outside(page) if cso.mvo_id is not None and cso.joined_by != JoinedBy.HAND]
    return [cso for cso in joined if (cso.system, cso.type) not in remaining]


def _outside(page: SyncPage) -> list[Cso]:
    """Give the CSOs that are in no rule's scope."""
    return [cso for cso, rules in page.scoped if not rules]


async def _disconnect(tx: Transaction, page: SyncPage, by_hand: list[Cso], leavers: list[Cso]) -> None:
    """Let CSOs leave their MVOs; whatever was staged for them is dropped. The rest of the sync may join them again."""
    excluded = {cso.id for cso in by_hand if cso.joined_by == JoinedBy.EXCLUDING}
    await objects.join(tx, [(cso.id, None, JoinedBy.EXCLUDED if cso.id in excluded else None) for cso in leavers])
    await metaverse.set_due(tx, mvos_of(by_hand), due=True)
    await _drop_staged(tx, page, [cso.id for cso in leavers])
    page.step.statistics[Statistic.DISCONNECTORS] += len(leavers)


async def _drop_staged(tx: Transaction, page: SyncPage, ids: list[int]) -> None:
    """Drop whatever was staged, or asked, for CSOs that leave, but for what was sent already."""
    asked = await reviews.of_objects(tx, ids, ReviewKind.DELETE, reviews.LIVE)
    await move_items(tx, page.step, asked.values(), ReviewState.WITHDRAWN, "disconnected")
    staged = await exports.of_objects(tx, ids)
    unsent = [one for one in staged.values() if one.status not in IN_FLIGHT]
    await drop_unsent(tx, unsent)
    for one in unsent:
        label = label_of(page.csos[one.cso_id])
        page.step.moved(Move(Entity.EXPORT, one.id, one.system, label, one.status, None, "disconnected"))


def _seen_in_targets(page: SyncPage) -> set[int]:
    """Give the MVOs whose accounts were seen, or that no rule fills: evaluation has to look at them."""
    rules = page.step.workspace.rules
    targets = rules.target_types()
    joined = [(cso.system, cso.type, cso.mvo_id) for cso in page.csos.values() if cso.mvo_id]
    return {
        mvo_id for system, kind, mvo_id in joined if (system, kind) in targets or (system, kind) not in rules.inbound
    }
