"""Contributions: an MVO's attributes, computed from all that is joined to it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from engine.contributions.contexts import Contexts
from engine.contributions.origins import merge, of_rows
from engine.contributions.references import References
from engine.contributions.rows import Contender, ContributorFailed, contenders
from engine.errors import ObjectFailed
from engine.labels import label_of
from engine.rules.compiled import Flow, InboundRule
from engine.rules.flows import evaluate
from engine.workspace import Workspace
from storage.records import GIVEN, Attributes, Cso, CsoStatus, Mvo
from storage.references import Owed

Contributors = dict[str, list[Any]]
"""Attribute → the CSO that gave it (None for what the metaverse made by itself) and the name of the rule: `Origin`."""


_NONE: list[Any] = []


class Contributed(NamedTuple):
    """What an MVO gets: its attributes, who gave each, and the references that its objects owe."""

    attributes: Attributes
    contributors: Contributors
    owed: list[Owed]


def contribute(
    workspace: Workspace, contexts: Contexts, references: References, mvo: Mvo, joined: list[Cso]
) -> Contributed | None:
    """Compute an MVO's attributes: for each the first contributor, by priority, that gives it a value or emptiness.

    None where nothing contributes to it any more: it stays as it is. Raises `ContributorFailed`.
    """
    inbound = workspace.rules.inbound
    sources = [cso for cso in joined if cso.status != CsoStatus.PENDING_PROVISIONING]
    if not any((cso.system, cso.type) in inbound for cso in sources):
        return None
    _refuse_several(workspace, sources)
    found = Contributed({}, {}, [])
    scoped = _in_scope(workspace, contexts, mvo, sources)
    for attribute, order in workspace.rules.priority.get(mvo.type, {}).items():
        if len(order) == 1 and order[0][1].is_plain:
            _take_plain(contexts, *order[0], scoped, found)
        else:
            _take_strongest(contexts, references, mvo, attribute, _contenders(contexts, order, scoped), found)
    return found


def _take_plain(
    contexts: Contexts, rule: InboundRule, flow: Flow, scoped: dict[str, list[Cso]], found: Contributed
) -> None:
    """Take an attribute that one rule gives, from the first object that has it. Raises `ContributorFailed`."""
    for cso in scoped[rule.name]:
        values = cso.attributes.get(flow.copies, _NONE) if flow.copies is not None else None
        if values is None or len(values) > 1:  # most copy one value, of which nothing has to be worked out
            try:
                values = contexts.values(cso, flow)
            except ObjectFailed as failure:
                raise ContributorFailed(cso, failure) from failure
        if values or flow.attribute in rule.asserts_empty:
            found.contributors[flow.attribute] = [cso.id, rule.name]
            if values:
                found.attributes[flow.attribute] = values
            return


def _take_strongest(
    contexts: Contexts,
    references: References,
    mvo: Mvo,
    attribute: str,
    contending: Iterable[Contender],
    found: Contributed,
) -> None:
    """Take an attribute from the first who gives it; where values are merged, from all. Raises `ContributorFailed`."""
    for one in contending:
        rule, flow, cso, rows = one
        values = _values(contexts, references, one, mvo, found.owed)
        if not _gives(rule, flow, cso, values):
            continue
        by = [cso.id, rule.name]
        if flow.merges:
            merge(found.attributes, found.contributors, attribute, by, values)
            continue
        found.contributors[attribute] = of_rows(by, [row.id for row in rows], values) if rows else by
        if values:
            found.attributes[attribute] = values
        return


def _contenders(
    contexts: Contexts, order: list[tuple[InboundRule, Flow]], scoped: dict[str, list[Cso]]
) -> Iterator[Contender]:
    """Give who may give an attribute, by the priority of the rules, then by what each prefers of a person's rows."""
    for rule, flow in order:
        if flow.prefer is not None:
            yield from contenders(contexts, rule, flow, scoped[rule.name])
        else:
            for cso in scoped[rule.name]:
                yield rule, flow, cso, ()


def _refuse_several(workspace: Workspace, sources: list[Cso]) -> None:
    """Raise `ContributorFailed` where a person has several rows of a type that, says the file, it has one of."""
    given = [cso for cso in sources if cso.status == CsoStatus.NORMAL and cso.joined_by in GIVEN]
    if len(given) < 2:
        return
    kinds = Counter((cso.system, cso.type) for cso in given)
    for cso in reversed(given):
        kind = cso.system, cso.type
        if kinds[kind] > 1 and kind not in workspace.rules.several:
            first = next(one for one in given if (one.system, one.type) == kind)
            failure = ObjectFailed(
                "join-already-taken",
                f"its metaverse object has another {cso.type} of '{cso.system}', too: '{label_of(first)}'",
                f'say joins = "many" in [systems.{cso.system}.objects.{cso.type}] again, or take one of the two away: '
                f"'interlock disconnect cso-{cso.id}'; until then nothing flows",
            )
            raise ContributorFailed(cso, failure)


def _gives(rule: InboundRule, flow: Flow, cso: Cso, values: list[Any]) -> bool:
    """Tell whether a CSO gives an attribute something: values, or that there are none."""
    # a reference that is owed is a value all the same: nobody else's takes its place meanwhile
    owes = flow.refers and bool(cso.attributes.get(flow.copies or ""))
    return bool(values) or owes or flow.attribute in rule.asserts_empty


def _values(contexts: Contexts, references: References, one: Contender, mvo: Mvo, owed: list[Owed]) -> list[Any]:
    """Give the values of a flow, and add what it owes."""
    _, flow, cso, rows = one
    try:
        if rows:
            return evaluate(flow, cso.attributes, contexts.of_rows(rows))
        if not flow.refers:
            return contexts.values(cso, flow)
        resolved = references.resolve(flow, cso, mvo)
        owed += resolved.owed
        return evaluate(flow, cso.attributes, contexts(cso), lambda *_: resolved.mvo_ids)
    except ObjectFailed as failure:
        raise ContributorFailed(cso, failure) from failure


def _in_scope(workspace: Workspace, contexts: Contexts, mvo: Mvo, sources: list[Cso]) -> dict[str, list[Cso]]:
    """Give the CSOs that each rule into the MVO may take values from: rule → those in its scope."""
    return {
        rule.name: [cso for cso in sources if _is_in_scope(contexts, rule, cso)]
        for rule in workspace.rules.into.get(mvo.type, [])
    }


def _is_in_scope(contexts: Contexts, rule: InboundRule, cso: Cso) -> bool:
    if (cso.system, cso.type) != rule.source:
        return False
    try:
        return contexts.is_in_scope(cso, rule)
    except ObjectFailed as failure:
        raise ContributorFailed(cso, failure) from failure
