"""Explain the attributes of an MVO: who gave each and why, and what the others would have given."""

from collections.abc import Iterator
from typing import Any

from engine.contributions.contexts import Contexts
from engine.contributions.origins import origins_of
from engine.contributions.references import References
from engine.contributions.rows import Contender, ContributorFailed, contenders
from engine.errors import ObjectFailed
from engine.explaining.scopes import Document, rows_of, scope_of
from engine.labels import with_references
from engine.rules.compiled import Flow, InboundRule
from engine.rules.flows import evaluate
from storage.records import Cso, Mvo


def attributes_of(
    contexts: Contexts, named: References, mvo: Mvo, joined: list[Cso], unique: dict[str, list[Document]]
) -> list[Document]:
    """Tell of each attribute its values, who gave them, and what the others would have given."""
    order = named.workspace.rules.priority.get(mvo.type, {})
    found = []
    shown = with_references(mvo, named.workspace.declared_mvo(mvo.type))
    for attribute in sorted({*order, *mvo.attributes}):
        by = mvo.contributors.get(attribute)
        contending = [
            one for rule, flow in order.get(attribute, []) for one in _contending(contexts, rule, flow, joined)
        ]
        found.append(
            {
                "attribute": attribute,
                "values": shown.get(attribute, []),
                "by": _by(by, contending) if by else None,
                "merged": _merged(by, shown.get(attribute, []), contending) if by else [],
                "contenders": [_contender(contexts, named, one, mvo) for one in contending],
                "given": unique.get(attribute, []),
            }
        )
    return found


def _contending(contexts: Contexts, rule: InboundRule, flow: Flow, joined: list[Cso]) -> Iterator[Contender]:
    """Give who gives, or might, in their order; last those who are out of the rule's scope."""
    own = [cso for cso in joined if (cso.system, cso.type) == rule.source]
    inside = [cso for cso in own if scope_of(rule, contexts(cso))["in_scope"]]
    try:
        yield from contenders(contexts, rule, flow, inside)
    except ContributorFailed:  # it is told of the row itself
        yield from ((rule, flow, cso, ()) for cso in inside)
    yield from ((rule, flow, cso, ()) for cso in own if cso not in inside)


def _winner(by: list[Any], contending: list[Contender]) -> Contender | None:
    return next((one for one in contending if _origin(one) == by[:2]), None)


def _origin(one: Contender) -> list[Any]:
    rule, _, cso, _ = one
    return [cso.id, rule.name]


def _by(by: list[Any], contending: list[Contender]) -> Document:
    """Tell who gave an attribute; of several rows, by what it goes first, or that it is made of all of them."""
    found: Document = {"cso": f"cso-{by[0]}" if by[0] else None, "rule": by[1], "prefers": None, "rows": []}
    winner = _winner(by, contending)
    if winner is None:
        return found
    rule, flow, _, rows = winner
    found["rows"] = [f"cso-{cso.id}" for cso in rows]
    if sum(other is rule for other, *_ in contending) > 1:
        found["prefers"] = _preference(flow)
    return found


def _preference(flow: Flow) -> str | None:
    return None if flow.prefer is None else flow.prefer.source or "the lower id"


def _merged(by: list[Any], values: list[Any], contending: list[Contender]) -> list[Document]:
    """Tell who gave which of the values that are merged."""
    winner = _winner(by, contending)
    if len(by) == 2 or (winner is not None and winner[3]):
        return []
    return [{"cso": f"cso-{one.cso_id}", "rule": one.rule, "values": one.values} for one in origins_of(by, values)]


def _contender(contexts: Contexts, named: References, one: Contender, mvo: Mvo) -> Document:
    """Tell what somebody gives of an attribute, or would have given, and why not."""
    rule, flow, cso, rows = one
    seen = contexts.of_rows(rows) if rows else contexts(cso)
    entry: Document = {"rule": rule.name, "cso": f"cso-{cso.id}", "values": [], "verdict": "", "looked_up": []}
    if not scope_of(rule, contexts(cso))["in_scope"]:
        entry["verdict"] = "out of scope"
        return entry
    entry["looked_up"] = rows_of(flow.expression, seen)
    try:
        values = evaluate(flow, cso.attributes, seen, lambda of, _: named.resolve(of, cso, mvo).mvo_ids)
        entry["values"] = [f"mvo-{value}" for value in values] if flow.refers else values
    except ObjectFailed as failure:
        entry["verdict"] = failure.error.message
        return entry
    entry["verdict"] = _verdict(contexts, one, mvo.contributors.get(flow.attribute), gives=bool(entry["values"]))
    return entry


def _verdict(contexts: Contexts, one: Contender, by: list[Any] | None, *, gives: bool) -> str:
    """Say whether somebody gives an attribute, or why somebody else does."""
    rule, flow, cso, _ = one
    if by and any(giver[:2] == _origin(one) for giver in (by[2] if len(by) > 2 else [by])):
        return "wins" if gives else "wins: it asserts that there is none"
    if not gives:
        return "gives no value"
    if not by:
        return "not taken over yet: the next sync does it"
    if by[1] == rule.name and flow.prefer is not None:
        return f"outranked by cso-{by[0]}: {_preference(flow)} goes first{_standing(contexts, flow, cso)}"
    return f"outranked by rule '{by[1]}'"


def _standing(contexts: Contexts, flow: Flow, cso: Cso) -> str:
    """Say where a row stands by what its rule prefers."""
    keys = flow.prefer.keys if flow.prefer is not None else ()
    told = []
    for key in keys:
        try:
            value = contexts.preferred(cso, key.expression)
        except ObjectFailed as failure:
            value = failure.error.message
        told.append(f"{key.expression.source} is {'absent' if value is None else value}")
    return f", and its {', '.join(told)}" if told else ""
