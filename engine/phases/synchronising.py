"""Phase 1, synchronisation: scope, join or project, flow, for every CSO that is due."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import ObjectFailed
from engine.events import Progress
from engine.expressions import ambient
from engine.labels import label_of
from engine.phases.disconnecting import carry_out_approved, delete_after_grace, settle_lifecycle
from engine.phases.joining import Joiner
from engine.rules.compiled import InboundRule, Rules
from engine.rules.flows import context_of, evaluate
from engine.rules.joins import keys_of
from engine.rules.scope import in_scope
from engine.steps import Step
from storage import clock, join_keys, metaverse, objects, runs
from storage.records import Attributes, Cso, CsoStatus, Mvo
from storage.store import Transaction


@dataclass(slots=True)
class _Page:
    """What is known while one page of CSOs is synchronised."""

    step: Step
    csos: dict[int, Cso] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=ambient)
    contexts: dict[int, dict[str, Any]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    """CSOs that stay due, because something about them is wrong."""
    touched: set[int] = field(default_factory=set)
    """MVOs whose attributes have to be computed anew."""
    left: set[int] = field(default_factory=set)
    """MVOs that a connector has left."""
    new: list[Mvo] = field(default_factory=list)
    """MVOs that the page projects; they are stored once their attributes are known."""

    def context(self, cso: Cso) -> dict[str, Any]:
        """Give a CSO as its expressions see it."""
        if cso.id not in self.contexts:
            declared = self.step.workspace.declared(cso.system, cso.type)
            self.contexts[cso.id] = context_of(cso.attributes, declared, self.around)
        return self.contexts[cso.id]

    def fail(self, cso: Cso, failure: ObjectFailed) -> None:
        """Record what is wrong with a CSO; it stays due."""
        if cso.id not in self.failed:
            self.failed.add(cso.id)
            self.step.failed(
                failure.error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system
            )


async def synchronise(step: Step) -> AsyncIterator[Progress]:
    """Bring the metaverse up to date with every CSO that changed, or whose rules changed.

    Approved disconnections are carried out first; MVOs whose grace period has ended are deleted last.
    """
    async with step.page() as tx:
        await _notice_changed_rules(tx, step)
        step.total = await objects.count_due(tx)
    async for progress in carry_out_approved(step, recompute):
        yield progress
    after = 0
    while True:
        async with step.page() as tx:
            csos = await objects.due_after(tx, after, step.page_size)
            if csos:
                await _synchronise_page(tx, step, csos)
                step.done += len(csos)
        if not csos:
            break
        after = csos[-1].id
        yield step.progress()
    async for progress in delete_after_grace(step):
        yield progress


async def _notice_changed_rules(tx: Transaction, step: Step) -> None:
    """Make every object due whose rules are not those it was last synchronised under."""
    rules = step.workspace.rules
    for owner, joins in rules.joins.items():
        mark = repr(joins)
        if await runs.rule_mark(tx, f"keys {owner}") != mark:
            await _rebuild_keys(tx, step, owner)
            await runs.set_rule_mark(tx, f"keys {owner}", mark)
    gone = {scope: "" for scope in await runs.rule_scopes(tx) if scope.startswith(("in ", "out "))}
    for scope, fingerprint in (gone | rules.fingerprints).items():
        if await runs.rule_mark(tx, scope) == fingerprint:
            continue
        direction, _, name = scope.partition(" ")
        if direction == "in":
            await objects.set_type_due(tx, *name.split(".", 1))
        else:
            await metaverse.set_type_due(tx, name)
        await runs.set_rule_mark(tx, scope, fingerprint)


async def _rebuild_keys(tx: Transaction, step: Step, owner: str) -> None:
    """Index all objects of an owner anew, because the attributes it is found by have changed."""
    await join_keys.clear(tx, owner)
    joins = step.workspace.rules.joins[owner]
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
        await join_keys.add(tx, [key for one in found for key in keys_of(owner, joins, one.id, one.attributes)])
        after = found[-1].id


async def _synchronise_page(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    page = _Page(step, {cso.id: cso for cso in csos})
    rules = step.workspace.rules
    inbound = [cso for cso in csos if cso.status == CsoStatus.NORMAL and _comes_in(rules, cso)]
    scoped = _scope(page, inbound)
    await _disconnect_filtered(tx, page, scoped)
    joiner = Joiner(step, page.context, page.fail)
    joins = await joiner.join(tx, [(cso, own) for cso, own in scoped if own and cso.mvo_id is None])
    page.touched.update(mvo_id for _, mvo_id in joins)
    page.new = joiner.new
    page.touched.update(cso.mvo_id for cso, own in scoped if own and cso.mvo_id is not None)
    await recompute(tx, step, page.touched, page)
    await settle_lifecycle(tx, step, page.left)
    outbound_only = [cso.mvo_id for cso in csos if (cso.system, cso.type) not in rules.inbound and cso.mvo_id]
    await metaverse.set_due(tx, outbound_only, due=True)
    await _index_targets(tx, step, csos)
    await objects.set_due(tx, [cso.id for cso in csos if cso.id not in page.failed], due=False)


def _comes_in(rules: Rules, cso: Cso) -> bool:
    """Tell whether a CSO feeds the metaverse, or did before its last rule was removed."""
    return (cso.system, cso.type) in rules.inbound or cso.joined_by in ("join", "projection")


def _scope(page: _Page, csos: list[Cso]) -> list[tuple[Cso, list[InboundRule]]]:
    """Give each CSO with the rules whose scope it is in."""
    scoped = []
    for cso in csos:
        try:
            scoped.append(
                (cso, in_scope(page.step.workspace.rules.inbound.get((cso.system, cso.type), []), page.context(cso)))
            )
        except ObjectFailed as failure:
            page.fail(cso, failure)
    return scoped


async def _disconnect_filtered(tx: Transaction, page: _Page, scoped: list[tuple[Cso, list[InboundRule]]]) -> None:
    """Disconnect joined CSOs that have left every scope."""
    outside = [cso for cso, rules in scoped if not rules]
    page.step.statistics["filtered disconnectors"] += len(outside)
    leaving = [cso for cso in outside if cso.mvo_id is not None]
    page.step.statistics["disconnectors"] += len(leaving)
    await objects.join(tx, [(cso.id, None, None) for cso in leaving])
    left = {cso.mvo_id for cso in leaving if cso.mvo_id is not None}
    page.left.update(left)
    page.touched.update(left)


async def recompute(tx: Transaction, step: Step, mvo_ids: set[int], page: _Page | None = None) -> None:
    """Compute MVOs from all that is joined to them; write those that changed, with their join keys."""
    page = page or _Page(step)
    new = {mvo.id for mvo in page.new}
    joined: dict[int, list[Cso]] = {}
    for cso in await objects.joined_to(tx, mvo_ids, page.csos):
        joined.setdefault(cso.mvo_id or 0, []).append(cso)
    at = clock.now()
    changed = []
    for mvo in [*page.new, *await metaverse.get(tx, mvo_ids - new)]:
        attributes, contributors = _contributions(page, mvo, joined.get(mvo.id, [])) or (
            mvo.attributes,
            mvo.contributors,
        )
        same = attributes == mvo.attributes and contributors == mvo.contributors
        step.statistics[f"connectors {'without' if same else 'with'} flow updates"] += 1
        if not same or mvo.id in new:
            changed.append(mvo._replace(attributes=attributes, contributors=contributors, due=True, changed_at=at))
    await metaverse.add(tx, [mvo for mvo in changed if mvo.id in new])
    await metaverse.change(tx, [mvo for mvo in changed if mvo.id not in new])
    await _index_mvos(tx, step, changed, new)


async def _index_mvos(tx: Transaction, step: Step, mvos: list[Mvo], new: set[int]) -> None:
    """Keep the keys by which inbound joins find MVOs."""
    for kind in {mvo.type for mvo in mvos}:
        owner = f"metaverse.{kind}"
        joins = step.workspace.rules.joins.get(owner, ())
        own = [mvo for mvo in mvos if mvo.type == kind]
        keys = [key for mvo in own for key in keys_of(owner, joins, mvo.id, mvo.attributes)]
        await join_keys.replace(tx, owner, [mvo.id for mvo in own if mvo.id not in new], keys)


def _contributions(page: _Page, mvo: Mvo, joined: list[Cso]) -> tuple[Attributes, dict[str, list[Any]]] | None:
    """Compute an MVO's attributes: for each the first rule in the file that gives it a value.

    None if the MVO stays as it is: one of its contributors has an error, or it has none left.
    """
    attributes: Attributes = {}
    contributors: dict[str, list[Any]] = {}
    inbound = page.step.workspace.rules.inbound
    sources = [cso for cso in joined if cso.status != CsoStatus.PENDING_PROVISIONING]
    if not any((cso.system, cso.type) in inbound for cso in sources):
        return None
    for rule in page.step.workspace.rules.into.get(mvo.type, []):
        for cso in sources:
            if (cso.system, cso.type) != rule.source:
                continue
            try:
                context = page.context(cso)
                if rule.scope is not None and not rule.scope(context):
                    continue
                for flow in rule.flows:
                    if flow.attribute not in attributes and (values := evaluate(flow, cso.attributes, context)):
                        attributes[flow.attribute] = values
                        contributors[flow.attribute] = [cso.id, rule.name]
            except ObjectFailed as failure:
                page.fail(cso, failure)
                return None
    return attributes, contributors


async def _index_targets(tx: Transaction, step: Step, csos: list[Cso]) -> None:
    """Keep the keys by which outbound joins find target objects that exist already."""
    owners: dict[str, list[Cso]] = {}
    for cso in csos:
        owners.setdefault(f"{cso.system}.{cso.type}", []).append(cso)
    for owner, own in owners.items():
        if joins := step.workspace.rules.joins.get(owner):
            keys = [key for cso in own for key in keys_of(owner, joins, cso.id, cso.attributes)]
            await join_keys.replace(tx, owner, [cso.id for cso in own], keys)
