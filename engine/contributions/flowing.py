"""Contributions: an MVO's attributes, computed from all that is joined to it."""

from typing import Any, NamedTuple

from engine.contributions.contexts import Contexts
from engine.contributions.origins import merge
from engine.contributions.references import References
from engine.errors import ObjectFailed
from engine.rules.compiled import Flow, InboundRule
from engine.rules.flows import evaluate
from engine.workspace import Workspace
from storage.records import Attributes, Cso, CsoStatus, Mvo
from storage.references import Owed

Contributors = dict[str, list[Any]]
"""Attribute → the CSO that gave it (None for what the metaverse made by itself) and the name of the rule: `Origin`."""


class Contributed(NamedTuple):
    """What an MVO gets: its attributes, who gave each, and the references that its objects owe."""

    attributes: Attributes
    contributors: Contributors
    owed: list[Owed]


class ContributorFailed(Exception):
    """Raised where something is wrong with one of an MVO's objects, so that the MVO has to stay as it is."""

    def __init__(self, cso: Cso, failure: ObjectFailed) -> None:
        super().__init__(str(failure))
        self.cso = cso
        self.failure = failure


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
    found = Contributed({}, {}, [])
    scoped = _in_scope(workspace, contexts, mvo, sources)
    for attribute, order in workspace.rules.priority.get(mvo.type, {}).items():
        contenders = ((rule, flow, cso) for rule, flow in order for cso in scoped[rule.name])
        for rule, flow, cso in contenders:
            values = _values(contexts, references, flow, cso, mvo, found.owed)
            if not _gives(rule, flow, cso, values):
                continue
            if flow.merges:
                merge(found.attributes, found.contributors, attribute, [cso.id, rule.name], values)
                continue
            found.contributors[attribute] = [cso.id, rule.name]
            if values:
                found.attributes[attribute] = values
            break
    return found


def _gives(rule: InboundRule, flow: Flow, cso: Cso, values: list[Any]) -> bool:
    """Tell whether a CSO gives an attribute something: values, or that there are none."""
    # a reference that is owed is a value all the same: nobody else's takes its place meanwhile
    owes = flow.refers and bool(cso.attributes.get(flow.copies or ""))
    return bool(values) or owes or flow.attribute in rule.asserts_empty


def _values(contexts: Contexts, references: References, flow: Flow, cso: Cso, mvo: Mvo, owed: list[Owed]) -> list[Any]:
    """Give the values of a flow, and add what it owes."""
    try:
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
