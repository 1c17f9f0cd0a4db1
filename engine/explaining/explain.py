"""Explain an object: rule by rule, in scope or not and why, which join matched, who contributed what, what is staged.

Everything is worked out by the code that would do it, on a view of the store, and nothing is written.
"""

from typing import Any

from engine.contributions.contexts import Contexts
from engine.contributions.origins import origins_of
from engine.contributions.references import References, read_references
from engine.errors import ObjectFailed
from engine.explaining.accounts import accounts_of
from engine.explaining.given_values import values_of
from engine.explaining.scopes import Document, rows_of, scope_of, scope_sentence
from engine.labels import label_of, label_of_mvo, with_references
from engine.rules.compiled import InboundRule
from engine.rules.flows import evaluate
from engine.rules.joins import shown_key, source_key
from engine.rules.lifecycle import what_calls_off, why_deleted
from engine.workspace import Workspace
from storage import join_keys, key_owners, metaverse, objects
from storage.records import LEAVING_BY_HAND, Cso, CsoStatus, JoinedBy, Mvo
from storage.store import Transaction


async def explain_cso(tx: Transaction, workspace: Workspace, cso: Cso) -> Document:
    """Tell where a CSO stands: its rules, its joins, and the MVO it is joined to, explained too."""
    workspace.rules.tables.forget()
    contexts = Contexts(workspace)
    rules = workspace.rules.inbound.get((cso.system, cso.type), [])
    found: Document = {
        "id": f"cso-{cso.id}",
        "label": label_of(cso),
        "system": cso.system,
        "type": cso.type,
        "status": cso.status.value,
        "joined_by": cso.joined_by,
        "rules": [scope_of(rule, contexts(cso)) for rule in rules],
        "joins": [],
        "mvo": None,
    }
    if cso.mvo_id is None:
        found["joins"] = [one for rule in rules for one in await _joins_of(tx, contexts, cso, rule)]
        found["verdict"] = _why_unjoined(cso, found, rules)
        return found
    leaving = f"{cso.joined_by}: the next sync takes it from mvo-{cso.mvo_id}"
    found["verdict"] = leaving if cso.joined_by in LEAVING_BY_HAND else f"joined to mvo-{cso.mvo_id} by {cso.joined_by}"
    for mvo in await metaverse.get(tx, [cso.mvo_id]):
        found["mvo"] = await explain_mvo(tx, workspace, mvo)
    return found


async def _joins_of(tx: Transaction, contexts: Contexts, cso: Cso, rule: InboundRule) -> list[Document]:
    """Tell of each join of a rule what it looks for, and whom it finds."""
    found = []
    for join in rule.joins:
        entry: Document = {"rule": rule.name, "by": join.words, "key": None, "finds": [], "ids": []}
        try:
            key = source_key(join, rule.flows, cso.attributes, lambda: contexts(cso))
        except ObjectFailed as failure:
            entry["error"] = failure.error.message
        else:
            entry["key"] = None if key is None else shown_key(key)
            keys = [key] if key else []
            ids = (await join_keys.find(tx, key_owners.of_metaverse(rule.mvo_type), join.name, keys)).get(key or "", [])
            entry["ids"] = ids
            entry["finds"] = [label_of_mvo(mvo) for mvo in await metaverse.get(tx, ids)]
        found.append(entry)
    return found


def _why_unjoined(cso: Cso, found: Document, rules: list[InboundRule]) -> str:
    """Give the first thing that keeps a CSO from the metaverse."""
    if cso.joined_by == JoinedBy.EXCLUDED:
        why = f"excluded by hand: 'interlock include cso-{cso.id}' lets the rules have it again"
    elif cso.status != CsoStatus.NORMAL:
        why = f"it is {cso.status.value}"
    elif not rules:
        why = f"no rule leads from {cso.system}.{cso.type} to the metaverse, and no outbound join has found it"
    elif not any(rule["in_scope"] for rule in found["rules"]):
        why = f"no rule is in scope: {'; '.join(scope_sentence(rule) for rule in found['rules'])}"
    else:
        why = _why_no_join(found, rules)
    return why


def _why_no_join(found: Document, rules: list[InboundRule]) -> str:
    for join in found["joins"]:
        if len(join["finds"]) > 1:
            return f"ambiguous-join: {len(join['finds'])} match by {join['by']}: {', '.join(join['finds'][:5])}"
        if join["finds"]:
            return f"its join by {join['by']} finds {join['finds'][0]}: the next sync joins it, or tells it is taken"
    if not any(rule.project for rule in rules):
        return "no join finds anybody, and no rule in scope projects"
    return "the next sync projects it"


async def explain_mvo(tx: Transaction, workspace: Workspace, mvo: Mvo) -> Document:
    """Tell of an MVO who is joined to it, who contributed each attribute and who lost, and what targets have of it."""
    joined = await objects.joined_to(tx, [mvo.id])
    workspace.rules.tables.forget()  # the console has been open for long, perhaps
    contexts, named = Contexts(workspace), await read_references(tx, workspace, joined)
    return {
        "id": f"mvo-{mvo.id}",
        "label": label_of_mvo(mvo),
        "type": mvo.type,
        "state": _state(mvo),
        "joined": [await _joined(tx, workspace, contexts, cso) for cso in joined],
        "attributes": _attributes(contexts, named, mvo, joined, await values_of(tx, workspace, mvo)),
        "targets": await accounts_of(tx, workspace, mvo),
    }


def _state(mvo: Mvo) -> str:
    why = why_deleted(mvo.deletion_cause)
    because = f"; {why}" if why else ""
    if mvo.deleted:
        return f"deleted: its accounts are being removed or let go of{because}"
    if mvo.delete_after:
        off = what_calls_off(mvo.deletion_cause) or "its return"
        until = f"deleted after {mvo.delete_after}, and kept as it is until then{because}"
        return f"{until}; {off} calls it off"
    return "waits for the next evaluation" if mvo.due else "evaluated"


async def _joined(tx: Transaction, workspace: Workspace, contexts: Contexts, cso: Cso) -> Document:
    rules = workspace.rules.inbound.get((cso.system, cso.type), [])
    joins = [one for rule in rules for one in await _joins_of(tx, contexts, cso, rule)]
    matching = next((one for one in joins if cso.mvo_id in one["ids"]), None)
    return {
        "id": f"cso-{cso.id}",
        "label": label_of(cso),
        "system": cso.system,
        "type": cso.type,
        "status": cso.status.value,
        "by": cso.joined_by,
        "matches": {"rule": matching["rule"], "by": matching["by"], "key": matching["key"]} if matching else None,
        "rules": [scope_of(rule, contexts(cso)) for rule in rules],
    }


def _attributes(
    contexts: Contexts, named: References, mvo: Mvo, joined: list[Cso], unique: dict[str, list[Document]]
) -> list[Document]:
    """Tell of each attribute its values, who gave them, and what the others would have given."""
    order = named.workspace.rules.priority.get(mvo.type, {})
    found = []
    shown = with_references(mvo, named.workspace.declared_mvo(mvo.type))
    for attribute in sorted({*order, *mvo.attributes}):
        by = mvo.contributors.get(attribute)
        contenders = [
            _contender(contexts, named, attribute, rule, (cso, mvo))
            for rule, _ in order.get(attribute, [])
            for cso in joined
            if (cso.system, cso.type) == rule.source
        ]
        found.append(
            {
                "attribute": attribute,
                "values": shown.get(attribute, []),
                "by": {"cso": f"cso-{by[0]}" if by[0] else None, "rule": by[1]} if by else None,
                "merged": _merged(by, shown.get(attribute, [])) if by else [],
                "contenders": contenders,
                "given": unique.get(attribute, []),
            }
        )
    return found


def _merged(by: list[Any], values: list[Any]) -> list[Document]:
    """Tell who gave which of the values that are merged."""
    origins = origins_of(by, values) if len(by) > 2 else []
    return [{"cso": f"cso-{one.cso_id}", "rule": one.rule, "values": one.values} for one in origins]


def _contender(
    contexts: Contexts, named: References, attribute: str, rule: InboundRule, pair: tuple[Cso, Mvo]
) -> Document:
    cso, mvo = pair
    by = mvo.contributors.get(attribute)
    scope = scope_of(rule, contexts(cso))
    flow = next(flow for flow in rule.flows if flow.attribute == attribute)
    entry: Document = {"rule": rule.name, "cso": f"cso-{cso.id}", "values": [], "verdict": "", "looked_up": []}
    if not scope["in_scope"]:
        entry["verdict"] = "out of scope"
        return entry
    entry["looked_up"] = rows_of(flow.expression, contexts(cso))
    try:
        values = evaluate(flow, cso.attributes, contexts(cso), lambda of, _: named.resolve(of, cso, mvo).mvo_ids)
        entry["values"] = [f"mvo-{value}" for value in values] if flow.refers else values
    except ObjectFailed as failure:
        entry["verdict"] = failure.error.message
        return entry
    if by and any(one[:2] == [cso.id, rule.name] for one in (by[2] if len(by) > 2 else [by])):
        entry["verdict"] = "wins" if entry["values"] else "wins: it asserts that there is none"
    elif not entry["values"]:
        entry["verdict"] = "gives no value"
    else:
        entry["verdict"] = f"outranked by rule '{by[1]}'" if by else "not taken over yet: the next sync does it"
    return entry
