"""Phase 1, what makes objects due though they did not change: rules that did, and the clock."""

from engine.contributions.everybody import METAVERSE, pages_of
from engine.contributions.joined import by_mvo
from engine.phases.join_index import index_keys
from engine.rules import marks
from engine.rules.lifecycle import Cause, cause_by_now
from engine.step import Step
from engine.values import zones
from engine.workspace import Workspace
from storage import clock, join_keys, metaverse, objects, references, runs
from storage.records import Mvo
from storage.store import Transaction


async def notice_changed_rules(tx: Transaction, step: Step) -> None:
    """Make every object due whose rules are not those it was last synchronised under."""
    rules = step.workspace.rules
    gone = {scope: "" for scope in await runs.rule_scopes(tx) if marks.is_of_rules(scope)}
    scopes = gone | rules.fingerprints
    kept = await runs.rule_marks_of(tx, [*map(marks.keys, rules.joins), *scopes])
    for owner, joins in rules.joins.items():
        mark = repr([join.name for join in joins])
        if kept.get(marks.keys(owner)) != mark:
            await _rebuild_keys(tx, step, owner)
            await runs.set_rule_mark(tx, marks.keys(owner), mark)
    for scope, fingerprint in scopes.items():
        if kept.get(scope) != fingerprint:
            await _make_due(tx, scope)
            if not fingerprint:
                await _forget_owed(tx, scope)
            await runs.set_rule_mark(tx, scope, fingerprint)


async def notice_deletion_rules(tx: Transaction, step: Step) -> None:
    """Let MVOs that are in their grace period have the one that the rules give now, or none.

    One that ends sooner than was approved is asked about again.
    """
    for mvo_type, settings in step.workspace.config.metaverse.items():
        rule = settings.deletion
        seconds = int(rule.grace.total_seconds())
        before = await runs.rule_mark(tx, marks.deletion(mvo_type))
        if before == (mark := " ".join([rule.when, str(seconds), rule.trigger, *rule.authorities])):
            continue
        await runs.set_rule_mark(tx, marks.deletion(mvo_type), mark)
        shift = seconds - int(before.split()[1]) if before else 0
        after = 0
        while before and (mvos := await metaverse.in_grace(tx, mvo_type, after, step.page_size)):
            after = mvos[-1].id
            await _change_grace(tx, step, mvos, shift)


async def _change_grace(tx: Transaction, step: Step, mvos: list[Mvo], shift: int) -> None:
    """Give MVOs their grace period by the rule as it is now; what was held back in one that is over is computed."""
    joined = by_mvo(await objects.joined_to(tx, [mvo.id for mvo in mvos]))
    config, rules = step.workspace.config, step.workspace.rules
    changed = [_by_now(mvo, cause_by_now(config, rules, mvo, joined.get(mvo.id, [])), shift) for mvo in mvos]
    await metaverse.change(tx, changed)
    due = [cso.id for mvo in changed if not mvo.in_grace for cso in joined.get(mvo.id, [])]
    await objects.set_due(tx, due, due=True)


def _by_now(mvo: Mvo, cause: Cause | None, shift: int) -> Mvo:
    if cause is None:
        return mvo._replace(delete_after=None, approval_id=None, deletion_cause=None, due=True)
    ends = clock.later(mvo.delete_after or clock.now(), shift)
    return mvo._replace(delete_after=ends, approval_id=None if shift < 0 else mvo.approval_id, deletion_cause=cause)


async def notice_clock(tx: Transaction, step: Step) -> None:
    """Make every object due whose rules read the clock, where it shows something else by now."""
    moment = clock.moment()
    for scope, read in step.workspace.rules.clocks.items():
        if not read:
            continue
        shows = " ".join(_days(step.workspace, scope)) if read == "today" else moment.isoformat()
        if await runs.rule_mark(tx, marks.clock(scope)) != shows:
            await _make_due(tx, scope)
            await runs.set_rule_mark(tx, marks.clock(scope), shows)


def _days(workspace: Workspace, scope: str) -> list[str]:
    """Give which day it is to the rules of a scope: in each time zone that they mean."""
    place, kind = marks.read_by(scope)
    systems = [system for system, _ in workspace.rules.outbound.get(kind, {})] if place == METAVERSE else [place]
    days = []
    for zone in dict.fromkeys(map(workspace.zone_of, systems)):
        with zones.using(zone):
            days.append(zones.today().isoformat())
    return days


async def _make_due(tx: Transaction, scope: str) -> None:
    place, kind = marks.read_by(scope)
    if place == METAVERSE:
        await metaverse.set_type_due(tx, kind)
    else:
        await objects.set_type_due(tx, place, kind)


async def _forget_owed(tx: Transaction, scope: str) -> None:
    """Forget what the objects of a type owe that no rule reads any more."""
    place, kind = marks.read_by(scope)
    if place != METAVERSE:
        await references.drop_owed_by(tx, place, kind)


async def _rebuild_keys(tx: Transaction, step: Step, owner: str) -> None:
    """Index all objects of an owner anew, because the attributes it is found by have changed."""
    await join_keys.clear(tx, owner)
    place, _, kind = owner.partition(".")
    async for page in pages_of(tx, place, kind, step.page_size):
        await join_keys.add(tx, index_keys(step.workspace, owner, page))
