"""Phase 1, what makes objects due though they did not change: rules that did, and the clock."""

from collections.abc import Sequence

from engine.config import DeletionRule
from engine.errors import ObjectFailed
from engine.rules.joins import keys_of
from engine.steps import Step
from storage import clock, join_keys, metaverse, objects, runs
from storage.records import Cso, Mvo
from storage.store import Transaction


async def notice_changed_rules(tx: Transaction, step: Step) -> None:
    """Make every object due whose rules are not those it was last synchronised under."""
    rules = step.workspace.rules
    for owner, joins in rules.joins.items():
        mark = repr([join.name for join in joins])
        if await runs.rule_mark(tx, f"keys {owner}") != mark:
            await _rebuild_keys(tx, step, owner)
            await runs.set_rule_mark(tx, f"keys {owner}", mark)
    gone = {scope: "" for scope in await runs.rule_scopes(tx) if scope.startswith(("in ", "out "))}
    for scope, fingerprint in (gone | rules.fingerprints).items():
        if await runs.rule_mark(tx, scope) != fingerprint:
            await _make_due(tx, scope)
            await runs.set_rule_mark(tx, scope, fingerprint)


async def notice_deletion_rules(tx: Transaction, step: Step) -> None:
    """Let MVOs that are in their grace period have the one that the rules give now.

    One that ends sooner than was approved is asked about again.
    """
    for mvo_type, settings in step.workspace.config.metaverse.items():
        rule = settings.deletion
        seconds = int(rule.grace.total_seconds())
        before = await runs.rule_mark(tx, f"deletion {mvo_type}")
        if before == (mark := f"{rule.when} {seconds}"):
            continue
        await runs.set_rule_mark(tx, f"deletion {mvo_type}", mark)
        shift = seconds - int(before.split()[1]) if before else 0
        after = 0
        while before and (mvos := await metaverse.in_grace(tx, mvo_type, after, step.page_size)):
            after = mvos[-1].id
            await metaverse.change(tx, [_with_other_grace(mvo, rule, shift) for mvo in mvos])
            if rule.when == "manual":  # what was held back in the grace period is computed now
                await objects.set_due(
                    tx, [cso.id for cso in await objects.joined_to(tx, [mvo.id for mvo in mvos])], due=True
                )


def _with_other_grace(mvo: Mvo, rule: DeletionRule, shift: int) -> Mvo:
    if rule.when == "manual":
        return mvo._replace(delete_after=None, approval_id=None, deletion_cause=None, due=True)
    approval_id = None if shift < 0 else mvo.approval_id
    return mvo._replace(delete_after=clock.later(mvo.delete_after or clock.now(), shift), approval_id=approval_id)


async def notice_clock(tx: Transaction, step: Step) -> None:
    """Make every object due whose rules read the clock, where it shows something else by now."""
    moment = clock.moment()
    for scope, read in step.workspace.rules.clocks.items():
        if not read:
            continue
        shows = moment.date().isoformat() if read == "today" else moment.isoformat()
        if await runs.rule_mark(tx, f"clock {scope}") != shows:
            await _make_due(tx, scope)
            await runs.set_rule_mark(tx, f"clock {scope}", shows)


async def _make_due(tx: Transaction, scope: str) -> None:
    direction, _, name = scope.partition(" ")
    if direction == "in":
        await objects.set_type_due(tx, *name.split(".", 1))
    else:
        await metaverse.set_type_due(tx, name)


async def _rebuild_keys(tx: Transaction, step: Step, owner: str) -> None:
    """Index all objects of an owner anew, because the attributes it is found by have changed."""
    await join_keys.clear(tx, owner)
    system, _, kind = owner.partition(".")
    after = 0
    while True:
        found: Sequence[Cso | Mvo]
        if system == "metaverse":
            found = await metaverse.of_type(tx, kind, after, step.page_size)
        else:
            found = await objects.of_type(tx, system, kind, after, step.page_size)
        if not found:
            return
        await join_keys.add(tx, index_keys(step, owner, found))
        after = found[-1].id


def index_keys(step: Step, owner: str, found: Sequence[Cso | Mvo]) -> list[join_keys.JoinKey]:
    """Give every key by which some objects of an owner can be found; who has none that can be computed has none."""
    workspace = step.workspace
    joins = workspace.rules.joins.get(owner, ())
    keys: list[join_keys.JoinKey] = []
    for one in found if joins else ():
        if isinstance(one, Mvo):
            context = workspace.seen_mvo(one.type, one.attributes)
        else:
            context = workspace.seen(one.system, one.type, one.attributes)
        for join in joins:
            try:
                keys += keys_of(owner, [join], one.id, one.attributes, context)
            except ObjectFailed:
                continue  # it cannot be found by that key; a rule that reads it tells what is wrong
    return keys
