"""Explain an object: rule by rule, in scope or not and why, which join matched, who contributed what, what is staged.

Everything is worked out by the code that would do it, on a view of the store, and nothing is written.
"""

from typing import Any

from engine.configuration.models import StepPlan
from engine.contributions.contexts import Contexts
from engine.contributions.references import References, read_references
from engine.errors import ObjectError, ObjectFailed
from engine.labels import label_of, label_of_mvo, with_references
from engine.pending_exports.interim_names import is_interim
from engine.phases.evaluating.desired_state import Desired, desired_state
from engine.phases.evaluating.names import refuse_held_name, standing_there
from engine.phases.evaluating.outbound_joins import find_to_join, look_up
from engine.phases.evaluating.page import Decisions, EvaluationPage, load_page
from engine.phases.evaluating.references import fill_references, read_addresses
from engine.rules.compiled import InboundRule, ObjectType, OutboundRule
from engine.rules.flows import evaluate
from engine.rules.joins import shown_key, source_key
from engine.rules.lifecycle import what_calls_off, why_deleted
from engine.step import Control, Step
from engine.values.matching_rules import same
from engine.workspace import Workspace
from storage import exports, join_keys, metaverse, objects
from storage.records import LEAVING_BY_HAND, Cso, CsoStatus, ExportStatus, JoinedBy, Mvo, PendingExport
from storage.store import Transaction

Document = dict[str, Any]


async def explain_cso(tx: Transaction, workspace: Workspace, cso: Cso) -> Document:
    """Tell where a CSO stands: its rules, its joins, and the MVO it is joined to, explained too."""
    contexts = Contexts(workspace)
    rules = workspace.rules.inbound.get((cso.system, cso.type), [])
    found: Document = {
        "id": f"cso-{cso.id}",
        "label": label_of(cso),
        "system": cso.system,
        "type": cso.type,
        "status": cso.status.value,
        "joined_by": cso.joined_by,
        "rules": [_scope_of(rule, contexts(cso)) for rule in rules],
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
            ids = (await join_keys.find(tx, f"metaverse.{rule.mvo_type}", join.name, keys)).get(key or "", [])
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
        why = f"no rule is in scope: {'; '.join(_scope_sentence(rule) for rule in found['rules'])}"
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
    contexts, named = Contexts(workspace), await read_references(tx, workspace, joined)
    return {
        "id": f"mvo-{mvo.id}",
        "label": label_of_mvo(mvo),
        "type": mvo.type,
        "state": _state(mvo),
        "joined": [await _joined(tx, workspace, contexts, cso) for cso in joined],
        "attributes": _attributes(contexts, named, mvo, joined),
        "targets": await _targets(tx, workspace, mvo),
    }


def _bystander(workspace: Workspace) -> Step:
    """Give a step that is never kept: what it notes down is looked at, and forgotten."""
    return Step(workspace, Control(), 0, StepPlan("sync"))


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
        "rules": [_scope_of(rule, contexts(cso)) for rule in rules],
    }


def _scope_of(rule: InboundRule | OutboundRule, context: dict[str, Any]) -> Document:
    """Tell whether an object is in a rule's scope, and by what."""
    entry: Document = {"rule": rule.name, "scope": None, "in_scope": True, "because": {}, "error": None}
    if rule.scope is None:
        return entry
    entry["scope"] = rule.scope.source
    entry["because"] = rule.scope.seen(context)
    try:
        entry["in_scope"] = bool(rule.scope(context))
    except ObjectFailed as failure:
        entry["in_scope"], entry["error"] = False, failure.error.message
    return entry


def _scope_sentence(scope: Document) -> str:
    if scope["error"]:
        return f"rule '{scope['rule']}': {scope['error']}"
    values = ", ".join(f"{name} is {value!s}" for name, value in scope["because"].items())
    return f"rule '{scope['rule']}' wants {scope['scope']}, and {values or 'that is false'}"


def _attributes(contexts: Contexts, named: References, mvo: Mvo, joined: list[Cso]) -> list[Document]:
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
                "contenders": contenders,
            }
        )
    return found


def _contender(
    contexts: Contexts, named: References, attribute: str, rule: InboundRule, pair: tuple[Cso, Mvo]
) -> Document:
    cso, mvo = pair
    by = mvo.contributors.get(attribute)
    scope = _scope_of(rule, contexts(cso))
    flow = next(flow for flow in rule.flows if flow.attribute == attribute)
    entry: Document = {"rule": rule.name, "cso": f"cso-{cso.id}", "values": [], "verdict": ""}
    if not scope["in_scope"]:
        entry["verdict"] = "out of scope"
        return entry
    try:
        values = evaluate(flow, cso.attributes, contexts(cso), lambda of, _: named.resolve(of, cso, mvo).mvo_ids)
        entry["values"] = [f"mvo-{value}" for value in values] if flow.refers else values
    except ObjectFailed as failure:
        entry["verdict"] = failure.error.message
        return entry
    if by == [cso.id, rule.name]:
        entry["verdict"] = "wins" if entry["values"] else "wins: it asserts that there is none"
    elif not entry["values"]:
        entry["verdict"] = "gives no value"
    else:
        entry["verdict"] = f"outranked by rule '{by[1]}'" if by else "not taken over yet: the next sync does it"
    return entry


async def _targets(tx: Transaction, workspace: Workspace, mvo: Mvo) -> list[Document]:
    step = _bystander(workspace)
    page = await load_page(tx, step, [mvo])
    context = workspace.seen_mvo(mvo.type, mvo.attributes)()
    found = []
    for target, rules in workspace.rules.outbound.get(mvo.type, {}).items():
        cso = page.account_of(mvo, target)
        entry: Document = {
            "target": f"{target[0]}.{target[1]}",
            "account": {"id": f"cso-{cso.id}", "label": label_of(cso), "status": cso.status.value} if cso else None,
            "rules": [_scope_of(rule, context) for rule in rules],
            "wants": {},
            "differs": [],
            "excluded": None,
            "staged": None,
        }
        try:
            desired = desired_state(workspace, mvo, target, rules, context)
            page = await look_up(tx, page, [desired])
            existing = cso or _to_join(page, desired)
            entry["excluded"] = None if existing else _excluded(page, desired)
            if desired.provision and not existing and not entry["excluded"]:
                refuse_held_name(page, desired)
            addresses = await read_addresses(tx, workspace, [desired])
            desired, _ = fill_references(desired, addresses)
            entry["wants"] = ({"dn": [desired.secondary_id]} if desired.secondary_id else {}) | desired.attributes
            entry["verdict"] = _verdict(mvo, cso, existing, desired, entry)
        except ObjectFailed as failure:
            entry["verdict"] = _stopped_by(failure.error)
        if cso is not None:
            entry["differs"] = _differing(workspace, cso, entry["wants"])
        staged = (await exports.of_objects(tx, [cso.id])).get(cso.id) if cso else None
        if staged is not None:
            entry["staged"] = _staged(staged, cso)
        found.append(entry)
    found += [
        _strange(target, cso)
        for target, cso in page.joined.get(mvo.id, {}).items()
        if target not in workspace.rules.outbound.get(mvo.type, {}) and target not in workspace.rules.inbound
    ]
    return found


def _to_join(page: EvaluationPage, desired: Desired) -> Cso | None:
    wanted = desired.rules and not desired.disabling
    return find_to_join(page, Decisions(), desired) if wanted else None


def _excluded(page: EvaluationPage, desired: Desired) -> str | None:
    """Give the excluded object that has the wanted name, where that is why there is no account."""
    return next((f"cso-{one.id}" for one in standing_there(page, desired) if one.joined_by == JoinedBy.EXCLUDED), None)


def _differing(workspace: Workspace, cso: Cso, wants: dict[str, list[Any]]) -> list[str]:
    """Name what an account holds otherwise than it is wanted: staged, or drift that is only reported."""
    differs = []
    for name, values in wants.items():
        if name == "dn" and workspace.is_dn(cso.system, cso.type):
            keys = [workspace.secondary_key(cso.system, cso.type, text) for text in (cso.secondary_id, values[0])]
            if keys[0] != keys[1]:
                differs.append(name)
        elif not same(cso.attributes.get(name, []), values, workspace.matching(cso.system, cso.type, name)):
            differs.append(name)
    return differs


def _verdict(mvo: Mvo, cso: Cso | None, existing: Cso | None, desired: Desired, entry: Document) -> str:
    """Say in a sentence how it stands with the account; where there is none, the first thing that stopped it."""
    if mvo.deleted:
        return "not wanted: the metaverse object is deleted" if cso else "none: the metaverse object is deleted"
    if desired.disabling or not desired.rules:
        reasons = "; ".join(_scope_sentence(scope) for scope in entry["rules"])
        state = ("disabled" if desired.disabling else "not wanted") if cso else "none"
        return f"{state}: no rule is in scope: {reasons}"
    if cso is not None:
        return "wanted, and planned" if cso.status == CsoStatus.PENDING_PROVISIONING else "wanted, and there"
    return _why_no_account(existing, desired, entry)


def _why_no_account(existing: Cso | None, desired: Desired, entry: Document) -> str:
    if entry["excluded"]:
        return f"none: an operator has excluded {entry['excluded']}, which has its name"
    if existing is not None:
        return f"none yet: the next evaluation joins {label_of(existing)}"
    if not desired.provision:
        return "none: no rule in scope provisions, and no outbound join finds one"
    return f"none yet: the next evaluation creates {desired.secondary_id or 'it'}"


def _stopped_by(error: ObjectError) -> str:
    return f"stopped by {error.code}: {error.message}; {error.advice}"


def _staged(export: PendingExport, cso: Cso | None) -> Document:
    waits = {
        ExportStatus.AWAITING_APPROVAL: "it waits for an approval",
        ExportStatus.EXPORTED: "it was sent, and waits to be confirmed by an import",
        ExportStatus.FAILED: "it was tried too often",
    }
    why = "it is held" if export.held else waits.get(export.status, "it is sent with the next export")
    if export.interim_id is not None:
        why += f"; it takes a name in between first, {export.interim_id}, since accounts change names in a circle"
    elif cso is not None and is_interim(cso.secondary_id):
        why += f"; {cso.secondary_id} is its name in between, until its new name is free"
    return {
        "id": f"exp-{export.id}",
        "change": export.change_type.value,
        "status": export.status.value,
        "cause": export.cause,
        "waits": why,
        "error": export.error_message,
        "new_dn": export.new_secondary_id,
        "changes": [change._asdict() for change in export.changes],
    }


def _strange(target: ObjectType, cso: Cso) -> Document:
    return {
        "target": f"{target[0]}.{target[1]}",
        "account": {"id": f"cso-{cso.id}", "label": label_of(cso), "status": cso.status.value},
        "rules": [],
        "wants": {},
        "differs": [],
        "excluded": None,
        "staged": None,
        "verdict": "no outbound rule leads there any more: the next evaluation lets go of it",
    }
