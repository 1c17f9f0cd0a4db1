"""Phase 1, computed groups: kept exact as their members change, come and go."""

from collections.abc import AsyncIterator, Iterable
from functools import partial

from engine.errors import ObjectFailed
from engine.events import Progress
from engine.labels import label_of_mvo
from engine.phases.join_index import index_keys
from engine.phases.synchronising.references import keep_edges
from engine.rules import marks
from engine.rules.compiled import ComputedGroup
from engine.rules.flows import context_of, evaluate_all
from engine.statistics import Statistic
from engine.step import Step
from engine.values import zones
from storage import clock, counters, join_keys, key_owners, metaverse, references, runs
from storage.join_keys import JoinKey
from storage.records import Attributes, Mvo
from storage.store import Transaction


async def move_members(tx: Transaction, step: Step, mvos: Iterable[Mvo]) -> None:
    """Let MVOs that were just computed into the groups whose condition holds for them, and out of the others."""
    groups = step.workspace.rules.groups
    if not groups:
        return
    own = {name: [mvo for mvo in mvos if mvo.type == group.of] for name, group in groups.items()}
    found = await join_keys.find(
        tx, key_owners.COMPUTED_GROUPS, "name", [name for name, members in own.items() if members]
    )
    known = {mvo.id: mvo for mvo in await metaverse.get(tx, [ids[0] for ids in found.values()])}
    for name, ids in found.items():
        if ids[0] in known:
            members = _moved(step, groups[name], known[ids[0]], own[name])
            await _set_members(tx, step, groups[name], known[ids[0]], members)


def _moved(step: Step, group: ComputedGroup, before: Mvo, mvos: list[Mvo]) -> set[int]:
    """Give the members of a group once some MVOs are in it, or not, by its condition."""
    members = set(before.attributes.get(group.attribute, ()))
    for mvo in mvos:
        belongs = _apply_condition(step, group, mvo)
        if belongs is False:
            members.discard(mvo.id)
        elif belongs:
            members.add(mvo.id)
    return members


def _apply_condition(step: Step, group: ComputedGroup, mvo: Mvo) -> bool | None:
    """Apply a group's condition, and give whether it holds; None, no change, where it fails, or in grace."""
    if mvo.deleted:
        return False
    if mvo.in_grace:
        return None
    declared = step.workspace.config.metaverse[mvo.type].attributes
    try:
        return bool(group.condition(context_of(mvo.attributes, declared, step.workspace.around())))
    except ObjectFailed as failure:
        step.failed(failure.error, object_type=mvo.type, label=label_of_mvo(mvo), system="metaverse")
        return None


async def keep_groups(step: Step) -> AsyncIterator[Progress]:
    """Make, change and remove computed groups as the configuration says, and drop members that are gone."""
    groups = step.workspace.rules.groups
    async with step.page() as tx:
        await _remove_others(tx, step)
        found = await join_keys.find(tx, key_owners.COMPUTED_GROUPS, "name", list(groups))
        stale = [name for name, group in groups.items() if await runs.rule_mark(tx, marks.group(name)) != _mark(group)]
        for name in set(groups) - set(stale):
            await _drop_gone(tx, step, groups[name], found[name][0])
    for name in stale:
        async for progress in _build(step, groups[name]):
            yield progress


def _mark(group: ComputedGroup) -> str:
    """Give what a group's members depend on beside the members themselves."""
    shows = {"today": zones.today().isoformat(), "now": clock.moment().isoformat()}.get(group.condition.clock, "")
    return f"{group.fingerprint} {shows}"


async def _remove_others(tx: Transaction, step: Step) -> None:
    """Delete the MVOs of groups that are no longer configured; their accounts follow their rules."""
    others = {
        name: ids
        for name, ids in (await join_keys.all_of(tx, key_owners.COMPUTED_GROUPS)).items()
        if name not in step.workspace.rules.groups
    }
    found = await metaverse.get(tx, [one for ids in others.values() for one in ids])
    gone = [mvo for mvo in found if not mvo.deleted]
    await metaverse.change(tx, [mvo._replace(deleted=True, due=True, changed_at=clock.now()) for mvo in gone])
    step.count_deleted(mvo.id for mvo in gone)
    for name in others:
        await runs.set_rule_mark(tx, marks.group(name), "")


async def _drop_gone(tx: Transaction, step: Step, group: ComputedGroup, mvo_id: int) -> None:
    lost = await references.lost(tx, mvo_id, group.attribute)
    for mvo in await metaverse.get(tx, [mvo_id]) if lost else ():
        members = set(mvo.attributes.get(group.attribute, ())) - lost
        await _set_members(tx, step, group, mvo, members)


async def _build(step: Step, group: ComputedGroup) -> AsyncIterator[Progress]:
    """Compute a group anew: its own attributes, and its members out of everybody."""
    members: set[int] = set()
    after = 0
    async with step.page() as tx:
        before = set((await _keep_mvo(tx, step, group)).attributes.get(group.attribute, ()))
    while belonging := await step.in_page(partial(_apply_next, step=step, group=group, after=after)):
        members |= {one for one, is_in in belonging.items() if is_in or (is_in is None and one in before)}
        after = max(belonging)
        yield step.progress()
    async with step.page() as tx:
        await _set_members(tx, step, group, await _keep_mvo(tx, step, group), members)
        await runs.set_rule_mark(tx, marks.group(group.name), _mark(group))


async def _apply_next(tx: Transaction, step: Step, group: ComputedGroup, after: int) -> dict[int, bool | None]:
    """Apply a group's condition to the next MVOs behind an id: MVO → whether it belongs in."""
    mvos = await metaverse.of_type(tx, group.of, after, step.page_size)
    return {mvo.id: _apply_condition(step, group, mvo) for mvo in mvos}


async def _keep_mvo(tx: Transaction, step: Step, group: ComputedGroup) -> Mvo:
    """Give a group its MVO, with its own attributes as the configuration says; a new one if it has none."""
    found = await join_keys.find(tx, key_owners.COMPUTED_GROUPS, "name", [group.name])
    known = await metaverse.get(tx, found.get(group.name, []))
    at = clock.now()
    if not known:
        mvo_id = await counters.allocate(tx, "metaverse", 1)
        known = [Mvo(mvo_id, group.mvo_type, {}, {}, False, None, None, True, at, at)]
        await metaverse.add(tx, known)
        await join_keys.replace(
            tx,
            key_owners.COMPUTED_GROUPS,
            found.get(group.name, []),
            [JoinKey(key_owners.COMPUTED_GROUPS, "name", group.name, mvo_id)],
        )
        step.statistics[Statistic.PROJECTIONS] += 1
    own = evaluate_all(group.attributes, {}, step.workspace.around())
    kept = known[0].attributes.get(group.attribute)
    attributes: Attributes = {name: values for name, values in own.items() if values}
    mvo = known[0]._replace(
        deleted=False,
        approval_id=None,
        attributes=attributes | ({group.attribute: kept} if kept else {}),
        contributors={name: [None, f"group {group.name}"] for name in (*attributes, group.attribute)},
    )
    if mvo != known[0]:
        await metaverse.change(tx, [mvo._replace(due=True, changed_at=at)])
    return mvo


async def _set_members(tx: Transaction, step: Step, group: ComputedGroup, mvo: Mvo, members: set[int]) -> None:
    values = sorted(members)
    attributes = {name: held for name, held in mvo.attributes.items() if name != group.attribute}
    after = mvo._replace(attributes=attributes | ({group.attribute: values} if values else {}))
    if after.attributes != mvo.attributes:
        await metaverse.change(tx, [after._replace(due=True, changed_at=clock.now())])
        await keep_edges(tx, step, [(mvo, after)])
    owner = key_owners.of_metaverse(mvo.type)
    await join_keys.replace(tx, owner, [mvo.id], index_keys(step.workspace, owner, [after]))
