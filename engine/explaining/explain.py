"""Explain an object: rule by rule, in scope or not and why, which join matched, who contributed what, what is staged.

Everything is worked out by the code that would do it, on a view of the store, and nothing is written.
"""

from engine.contributions.contexts import Contexts
from engine.contributions.references import read_references
from engine.errors import ObjectFailed
from engine.explaining.accounts import accounts_of
from engine.explaining.contributors import attributes_of
from engine.explaining.given_values import values_of
from engine.explaining.scopes import Document, scope_of, scope_sentence
from engine.labels import label_of, label_of_mvo
from engine.rules.compiled import InboundRule
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
        "attributes": attributes_of(contexts, named, mvo, joined, await values_of(tx, workspace, mvo)),
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
