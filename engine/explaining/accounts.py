"""Explain what targets have of an MVO: which account, what is wanted of it, what differs, and what is staged."""

from typing import Any

from engine.configuration.steps import StepPlan
from engine.contributions.followed import read_followed
from engine.errors import ObjectError, ObjectFailed
from engine.explaining.leaving import leaving_of, verdict_of_leaving
from engine.explaining.scopes import Document, rows_of, scope_of, scope_sentence
from engine.labels import label_of
from engine.pending_exports.interim_names import is_interim
from engine.phases.evaluating.desired_state import Desired, desired_state
from engine.phases.evaluating.giving_way import give_way
from engine.phases.evaluating.names import refuse_held_name, standing_there
from engine.phases.evaluating.outbound_joins import find_to_join, look_up
from engine.phases.evaluating.page import Decisions, EvaluationPage, load_page
from engine.phases.evaluating.references import fill_references, read_addresses
from engine.rules.compiled import ObjectType, OutboundRule
from engine.rules.flows import evaluate
from engine.step import Control, Step
from engine.values.matching_rules import same
from engine.workspace import Workspace
from storage import clock, exports
from storage.records import Cso, CsoStatus, ExportStatus, JoinedBy, Mvo, PendingExport
from storage.store import Transaction


async def accounts_of(tx: Transaction, workspace: Workspace, mvo: Mvo) -> list[Document]:
    """Tell of each target what an MVO has there, what is wanted of it, and what is staged."""
    page = await load_page(tx, _bystander(workspace), [mvo])
    outbound = workspace.rules.outbound.get(mvo.type, {})
    found = [await _account(tx, page, mvo, target, rules) for target, rules in outbound.items()]
    found += [
        _strange(target, cso)
        for target, cso in page.joined.get(mvo.id, {}).items()
        if target not in outbound and target not in workspace.rules.inbound
    ]
    return found


def _bystander(workspace: Workspace) -> Step:
    """Give a step that is never kept: what it notes down is looked at, and forgotten."""
    return Step(workspace, Control(), 0, StepPlan("sync"))


async def _account(
    tx: Transaction, page: EvaluationPage, mvo: Mvo, target: ObjectType, rules: list[OutboundRule]
) -> Document:
    workspace = page.step.workspace
    cso = page.account_of(mvo, target)
    followed = await read_followed(tx, workspace, [mvo])
    context = followed.into(workspace.seen_mvo(mvo.type, mvo.attributes, target[0])(), mvo)
    entry: Document = {
        "target": f"{target[0]}.{target[1]}",
        "account": {"id": f"cso-{cso.id}", "label": label_of(cso), "status": cso.status.value} if cso else None,
        "rules": [scope_of(rule, context) for rule in rules],
        "wants": {},
        "differs": [],
        "left": {},
        "foreign": {},
        "looked_up": {},
        "losers": [],
        "excluded": None,
        "staged": None,
        "leaving": None,
    }
    known = page.departures.get(cso.id) if cso else None
    try:
        desired = desired_state(workspace, mvo, target, rules, context, clock.now(), known)
        await _add_wanted(tx, page, entry, desired, cso, context)
        entry["leaving"] = leaving_of(page, desired, cso)
    except ObjectFailed as failure:
        entry["verdict"] = _stopped_by(failure.error)
    if cso is not None:
        entry["differs"] = _differing(workspace, cso, entry["wants"])
        staged = (await exports.of_objects(tx, [cso.id])).get(cso.id)
        entry["staged"] = None if staged is None else _staged(staged, cso)
    return entry


async def _add_wanted(
    tx: Transaction,
    page: EvaluationPage,
    entry: Document,
    desired: Desired,
    cso: Cso | None,
    context: dict[str, Any],
) -> None:
    """Add what is wanted of an account, and how it stands with it. Raises `ObjectFailed`; then as far as that went."""
    page = await look_up(tx, page, [desired])
    existing = cso or _to_join(page, desired)
    entry["excluded"] = None if existing else _excluded(page, desired)
    is_new = desired.provision and not existing and not entry["excluded"]
    if is_new:
        refuse_held_name(page, desired)
    addresses = await read_addresses(tx, page.step.workspace, [desired])
    if is_new and desired.secondary_id is not None:
        addresses[desired.target[0], desired.mvo.id] = desired.secondary_id
    desired, _ = fill_references(desired, addresses)
    if existing is not None and existing.status != CsoStatus.PENDING_PROVISIONING:
        export = page.exports.get(existing.id)
        desired = give_way(page.step.workspace, desired, existing, export, page.marks.get(existing.id, {}))
    entry["losers"] = _losers(page.step.workspace, desired, context)
    looked = {name: rows_of(flow.expression, context) for name, (_, flow) in desired.givers.items()}
    entry["looked_up"] = {name: rows for name, rows in looked.items() if rows}
    entry["left"], entry["foreign"] = desired.left, desired.foreign
    entry["wants"] = ({"dn": [desired.secondary_id]} if desired.secondary_id else {}) | desired.attributes
    entry["verdict"] = _verdict(cso, existing, desired, entry)


def _losers(workspace: Workspace, desired: Desired, context: dict[str, Any]) -> list[Document]:
    """Tell of the flows of rules in scope that another rule's goes before."""
    names = {rule.name for rule in desired.rules}
    every = workspace.rules.outflows.get(desired.mvo.type, {}).get(desired.target, [])
    found: list[Document] = []
    for rule, flow in every:
        giver = desired.flow_of(flow.attribute)
        if desired.going or rule.name not in names or giver is None or giver[0] is rule:
            continue
        entry: Document = {"attribute": flow.attribute, "rule": rule.name, "values": []}
        entry["verdict"] = f"outranked by rule '{giver[0].name}'"
        try:
            entry["values"] = [] if flow.refers else evaluate(flow, desired.mvo.attributes, context)
        except ObjectFailed as failure:
            entry["verdict"] += f", and fails: {failure.error.message}"
        found.append(entry)
    return found


def _to_join(page: EvaluationPage, desired: Desired) -> Cso | None:
    return find_to_join(page, Decisions(), desired) if desired.going is None else None


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


def _verdict(cso: Cso | None, existing: Cso | None, desired: Desired, entry: Document) -> str:
    """Say in a sentence how it stands with the account; where there is none, the first thing that stopped it."""
    if desired.going is not None:
        return verdict_of_leaving(cso, desired, desired.going, [scope_sentence(scope) for scope in entry["rules"]])
    if cso is not None and cso.kept:
        return "wanted, and missing: imports do not find it, and an operator keeps it"
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


def _staged(export: PendingExport, cso: Cso) -> Document:
    waits = {
        ExportStatus.AWAITING_APPROVAL: "it waits for an approval",
        ExportStatus.EXPORTED: "it was sent, and waits to be confirmed by an import",
        ExportStatus.FAILED: "it was tried too often",
    }
    why = "it is held" if export.held else waits.get(export.status, "it is sent with the next export")
    if export.interim_id is not None:
        why += f"; it takes a name in between first, {export.interim_id}, since accounts change names in a circle"
    elif is_interim(cso.secondary_id):
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
        "left": {},
        "foreign": {},
        "looked_up": {},
        "losers": [],
        "excluded": None,
        "staged": None,
        "leaving": None,
        "verdict": "no outbound rule leads there any more: the next evaluation lets go of it",
    }
