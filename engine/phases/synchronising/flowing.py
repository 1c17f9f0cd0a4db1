"""Phase 1, flows: compute MVOs from all that is joined to them."""

from collections.abc import Iterable
from typing import Any

from engine.contributions.references import keep_edges, learn_references, owe, refer_inbound
from engine.errors import ObjectFailed
from engine.phases.synchronising.computed_groups import move_members
from engine.phases.synchronising.due import index_keys
from engine.phases.synchronising.page import SyncPage
from engine.phases.synchronising.unique_values import keep_or_give_names
from engine.rules.compiled import Join
from engine.rules.flows import evaluate
from engine.rules.scope import in_scope
from engine.step import Step
from storage import clock, join_keys, metaverse, objects
from storage.join_keys import JoinKey
from storage.records import Attributes, Cso, CsoStatus, JoinedBy, Mvo
from storage.store import Transaction

Contributors = dict[str, list[Any]]
"""Attribute → the CSO that gave it (None for what the metaverse made by itself) and the name of the rule."""


async def recompute(tx: Transaction, step: Step, mvo_ids: set[int], page: SyncPage | None = None) -> None:
    """Compute MVOs from all that is joined to them; write those that changed, with their keys and references.

    Whoever is in a grace period stays as it is.
    """
    page = page or SyncPage(step)
    new = {mvo.id for mvo in page.new}
    joined: dict[int, list[Cso]] = {}
    for cso in await objects.joined_to(tx, mvo_ids, page.csos):
        joined.setdefault(cso.mvo_id or 0, []).append(cso)
    await learn_references(tx, page, [cso for csos in joined.values() for cso in csos])
    before = [*page.new, *await metaverse.get(tx, mvo_ids - new)]
    after = []
    for mvo in before:
        computed = None if mvo.in_grace else contributions(page, mvo, joined.get(mvo.id, []))
        after.append(mvo if computed is None else mvo._replace(attributes=computed[0], contributors=computed[1]))
    pairs = list(zip(before, await keep_or_give_names(tx, page, before, after), strict=True))
    page.woken |= await _write_changed(tx, step, pairs, new)
    present = {cso.id for csos in joined.values() for cso in csos}
    changes = [(old, mvo) for old, mvo in pairs if old != mvo]
    await keep_former_keys(tx, step, [one for one in changes if one[1].id not in new], present)
    await keep_edges(tx, step, changes)
    await owe(tx, page)
    await move_members(tx, step, [mvo for _, mvo in pairs])


async def _write_changed(tx: Transaction, step: Step, pairs: list[tuple[Mvo, Mvo]], new: set[int]) -> set[int]:
    """Store the MVOs that are new or hold something else now, with their keys; give the CSOs that waited for those."""
    at = clock.now()
    changed = []
    for old, mvo in pairs:
        same = old.attributes == mvo.attributes and old.contributors == mvo.contributors
        step.statistics[f"connectors {'without' if same else 'with'} flow updates"] += 1
        if not same or mvo.id in new:
            changed.append(mvo._replace(due=True, changed_at=at))
    await metaverse.add(tx, [mvo for mvo in changed if mvo.id in new])
    await metaverse.change(tx, [mvo for mvo in changed if mvo.id not in new])
    return await index_mvos(tx, step, changed, new)


def contributions(page: SyncPage, mvo: Mvo, joined: list[Cso]) -> tuple[Attributes, Contributors] | None:
    """Compute an MVO's attributes: for each the first contributor, by priority, that gives it a value or emptiness.

    None if the MVO stays as it is: one of its contributors has an error, or it has none left.
    """
    inbound = page.step.workspace.rules.inbound
    sources = [cso for cso in joined if cso.status != CsoStatus.PENDING_PROVISIONING]
    if not any((cso.system, cso.type) in inbound for cso in sources):
        return None
    attributes: Attributes = {}
    contributors: Contributors = {}
    scoped = _contributing(page, mvo, sources)
    if scoped is None:
        return None
    for attribute, order in page.step.workspace.rules.priority.get(mvo.type, {}).items():
        contenders = ((*one, cso) for one in order for cso in scoped[one[0].name])
        for rule, flow, cso in contenders:
            refer = refer_inbound(page, cso, mvo) if flow.refers else None
            try:
                values = evaluate(flow, cso.attributes, page.context(cso), refer)
            except ObjectFailed as failure:
                page.fail(cso, failure)
                return None
            # a reference that is owed is a value all the same: nobody else's takes its place meanwhile
            given = bool(values) or (flow.refers and bool(cso.attributes.get(flow.copies or "")))
            if given or attribute in rule.asserts_empty:
                contributors[attribute] = [cso.id, rule.name]
                if values:
                    attributes[attribute] = values
                break
    return attributes, contributors


def _contributing(page: SyncPage, mvo: Mvo, sources: list[Cso]) -> dict[str, list[Cso]] | None:
    """Give the CSOs that each rule into the MVO may take values from: rule → those in its scope.

    None if that cannot be told of one of them.
    """
    scoped: dict[str, list[Cso]] = {}
    for rule in page.step.workspace.rules.into.get(mvo.type, []):
        found = scoped.setdefault(rule.name, [])
        for cso in sources:
            try:
                if (cso.system, cso.type) == rule.source and in_scope([rule], page.context(cso)):
                    found.append(cso)
            except ObjectFailed as failure:
                page.fail(cso, failure)
                return None
    return scoped


async def index_mvos(tx: Transaction, step: Step, mvos: list[Mvo], new: set[int]) -> set[int]:
    """Keep the keys by which inbound joins find MVOs, and unique values their holders.

    The CSOs that were waiting for one of the keys are due again, and given.
    """
    woken: set[int] = set()
    for kind in {mvo.type for mvo in mvos}:
        owner = f"metaverse.{kind}"
        own = [mvo for mvo in mvos if mvo.type == kind]
        keys = index_keys(step, owner, own)
        await join_keys.replace(tx, owner, [mvo.id for mvo in own if mvo.id not in new], keys)
        woken |= await _waiting(tx, kind, keys)
    if woken:
        await objects.set_due(tx, woken, due=True)
    return woken


async def keep_former_keys(tx: Transaction, step: Step, changes: list[tuple[Mvo, Mvo]], present: set[int]) -> None:
    """Let MVOs be found by the keys that they had before those who gave them left: whoever returns finds them.

    A key that its giver corrects is not kept: it may be somebody else's now. `present` are the CSOs joined by now.
    """
    for kind in {old.type for old, _ in changes}:
        owner = f"metaverse.{kind}"
        own = [(old, mvo) for old, mvo in changes if old.type == kind and _gave(old, old.contributors) - present]
        if not own:
            continue
        ids = [old.id for old, _ in own]
        joins = {join.name: join for join in step.workspace.rules.joins.get(owner, ())}
        olds = {old.id: old for old, _ in own}
        after = {(key.attributes, key.key, key.object_id) for key in index_keys(step, owner, [mvo for _, mvo in own])}
        lost = [
            key._replace(owner=formerly(kind))
            for key in index_keys(step, owner, list(olds.values()))
            if _gave(olds[key.object_id], _read_by(joins[key.attributes])) - present
        ]
        kept = await join_keys.of(tx, formerly(kind), ids)
        keys = {key for key in (*kept, *lost) if (key.attributes, key.key, key.object_id) not in after}
        await join_keys.replace(tx, formerly(kind), ids, sorted(keys))


async def forget_former_keys(tx: Transaction, mvo_ids: list[int]) -> None:
    """Let MVOs be found by what they have now alone."""
    for kind in {mvo.type for mvo in await metaverse.get(tx, mvo_ids)}:
        await join_keys.replace(tx, formerly(kind), mvo_ids, [])


def _gave(mvo: Mvo, names: Iterable[str]) -> set[int]:
    """Give the CSOs that gave some attributes of an MVO."""
    return {by[0] for name in names if (by := mvo.contributors.get(name)) and by[0] is not None}


def _read_by(join: Join) -> set[str]:
    return {name for part in join.parts for name in part.target.names}


def formerly(mvo_type: str) -> str:
    """Give the owner of the keys that MVOs of a type had while somebody gave them who has left."""
    return f"formerly metaverse.{mvo_type}"


async def _waiting(tx: Transaction, what: str, keys: list[JoinKey]) -> set[int]:
    """Give those who wait for one of a type under some of its keys."""
    by_name: dict[str, set[str]] = {}
    for key in keys:
        by_name.setdefault(key.attributes, set()).add(key.key)
    found = [await join_keys.find(tx, waiting_for(what), name, own) for name, own in by_name.items()]
    return {one for waiting in found for ids in waiting.values() for one in ids}


def waiting_for(what: str) -> str:
    """Give the owner of the keys of those who would join one of a type (`TYPE` or `SYSTEM.TYPE`), and found none."""
    return f"waiting for {what}"


async def index_objects(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Keep the keys by which outbound joins find target objects that exist already, and unique values their holders."""
    owners: dict[str, list[Cso]] = {}
    for cso in csos:
        owners.setdefault(f"{cso.system}.{cso.type}", []).append(cso)
    for owner, own in owners.items():
        if not step.workspace.rules.joins.get(owner):
            continue
        keys = index_keys(step, owner, own)
        await join_keys.replace(tx, owner, [cso.id for cso in own], keys)
        free = {cso.id for cso in own if cso.mvo_id is None and cso.joined_by != JoinedBy.EXCLUDED}
        waiting = await _waiting(tx, owner, [key for key in keys if key.object_id in free])
        await metaverse.set_due(tx, waiting, due=True)
