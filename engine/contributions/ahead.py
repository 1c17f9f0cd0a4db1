"""What may take long is evaluated before its page begins: no transaction is held meanwhile, and a stop is heard."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from engine.contributions.contexts import Contexts
from engine.contributions.followed import Followed, read_followed
from engine.errors import ObjectFailed
from engine.expressions.quick import LARGEST, is_large
from engine.expressions.watched import WATCHED
from engine.rules.compiled import InboundRule, OutboundRule
from engine.rules.flows import context_of
from engine.rules.lookups import expressions_of
from engine.step import Step
from storage import metaverse, objects
from storage.pages import fitting
from storage.records import Cso, Mvo

Rule = InboundRule | OutboundRule


async def synchronise_ahead(step: Step, after: int, *, joined: bool) -> int:
    """Evaluate ahead what the inbound rules make of the next page of CSOs, and say how many of them make that page.

    Raises `StepFailed` where it is stopped.
    """
    inbound = step.workspace.rules.inbound
    watched = {kind for kind, rules in inbound.items() if _has_watched(rules)}
    async with step.workspace.store.reading() as tx:
        sizes = await objects.sizes_of_due(tx, after, step.page_size, joined=joined)
        count = fitting(size for *_, size in sizes)
        del sizes[count:]
        slow = [one for one, system, kind, size in sizes if size > LARGEST or (system, kind) in watched]
        csos = await objects.get(tx, slow)
    await _evaluate(step, csos, _of_csos(step, csos))
    return count


def _of_csos(step: Step, csos: list[Cso]) -> Iterator[tuple[list[InboundRule], dict[str, Any]]]:
    contexts = Contexts(step.workspace)
    for cso in csos:
        yield step.workspace.rules.inbound.get((cso.system, cso.type), []), contexts(cso)


async def evaluate_due_ahead(step: Step, after: int) -> int:
    """Evaluate ahead what the outbound rules make of the next page of MVOs that are due, and say how many those are.

    Raises `StepFailed` where it is stopped.
    """
    watched = _watched_types(step)
    async with step.workspace.store.reading() as tx:
        sizes = await metaverse.sizes_of_due(tx, after, step.page_size)
        count = fitting(size for *_, size in sizes)
        del sizes[count:]
        mvos = await metaverse.get(tx, [one for one, kind, size in sizes if size > LARGEST or kind in watched])
        followed = await read_followed(tx, step.workspace, mvos)
    await _evaluate(step, mvos, _of_mvos(step, mvos, followed))
    return count


async def evaluate_ahead(step: Step, mvo_ids: Iterable[int]) -> None:
    """Evaluate ahead what the outbound rules make of some MVOs. Raises `StepFailed` where it is stopped."""
    watched = _watched_types(step)
    async with step.workspace.store.reading() as tx:
        mvos = [mvo for mvo in await metaverse.get(tx, mvo_ids) if mvo.type in watched or is_large(mvo.attributes)]
        followed = await read_followed(tx, step.workspace, mvos)
    await _evaluate(step, mvos, _of_mvos(step, mvos, followed))


def _watched_types(step: Step) -> set[str]:
    """Name the MVO types whose outbound rules may take long whatever the object is."""
    outbound = step.workspace.rules.outbound
    return {kind for kind, targets in outbound.items() if any(map(_has_watched, targets.values()))}


def _of_mvos(step: Step, mvos: list[Mvo], followed: Followed) -> Iterator[tuple[list[OutboundRule], dict[str, Any]]]:
    around = step.workspace.around()
    for mvo in mvos:
        context = followed.into(context_of(mvo.attributes, step.workspace.declared_mvo(mvo.type), around), mvo)
        for (system, _), rules in step.workspace.rules.outbound.get(mvo.type, {}).items():
            yield rules, step.workspace.in_zone_of(system, context)


def _has_watched(rules: Iterable[Rule]) -> bool:
    every = (expression for rule in rules for expression in expressions_of(rule))
    return any(expression.is_watched({}) and not expression.is_of_rows for expression in every)


async def _evaluate(
    step: Step, slow: Sequence[Cso | Mvo], work: Iterable[tuple[Iterable[Rule], dict[str, Any]]]
) -> None:
    """Evaluate what there is, until it is done or the run is to stop."""
    WATCHED.forget()
    if not slow:
        return

    def evaluate(enough: threading.Event) -> None:
        for rules, context in work:
            for rule in rules:
                if enough.is_set():
                    return
                _evaluate_rule(rule, context)

    await step.beside(evaluate)


def _evaluate_rule(rule: Rule, context: dict[str, Any]) -> None:
    for expression in expressions_of(rule):
        if expression.is_of_rows:
            continue  # whose rows those are, the page finds out
        if expression.is_watched(context):
            expression.evaluate_ahead(context)
        if expression is rule.scope and not _is_in_scope(rule, context):
            return


def _is_in_scope(rule: Rule, context: dict[str, Any]) -> bool:
    with suppress(ObjectFailed):
        return rule.scope is None or bool(rule.scope(context))
    return False
