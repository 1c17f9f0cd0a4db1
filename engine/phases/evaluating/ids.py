"""Phase 2, ids: an account keeps the primary external id that rules give it, and none gets one that another has.

An import knows an object by that id: whoever got another one's would be taken for it from then on.
"""

from contextlib import suppress

from engine.configuration import external_ids
from engine.errors import ObjectFailed
from engine.labels import label_of, label_of_mvo
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.page import Decisions, EvaluationPage
from engine.values import dn
from engine.workspace import Workspace
from storage.records import Cso, CsoStatus


def wanted_id(workspace: Workspace, desired: Desired, cso: Cso | None) -> str | None:
    """Give the id that rules want an object to have, as an attribute or as its RDN; None where its system gives one."""
    settings = workspace.object_type(*desired.target)
    given = desired.planned() if cso is None or cso.status == CsoStatus.PENDING_PROVISIONING else desired.attributes
    if values := given.get(settings.external_id):
        return external_ids.writer(settings)(values[0])
    if desired.secondary_id is None or f"{settings.external_id.lower()}=" not in desired.secondary_id.lower():
        return None
    if not workspace.is_dn(*desired.target):
        return None
    with suppress(dn.InvalidDn):
        for name, value in dn.own_rdn(desired.secondary_id):
            if name.lower() == settings.external_id.lower():
                return value
    return None


def claim_id(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso | None) -> None:
    """Claim the id that an object is to have: it has it already, or nobody has it.

    Raises `ObjectFailed`: `external-id-changes`, `existing-object`.
    """
    workspace, target = page.step.workspace, desired.target
    wanted = wanted_id(workspace, desired, cso)
    if wanted is None or (cso is not None and cso.external_id == wanted):
        return
    if cso is not None and cso.status != CsoStatus.PENDING_PROVISIONING and _is_known_by_id_alone(workspace, cso):
        raise ObjectFailed(
            "external-id-changes",
            f"it is '{cso.external_id}' in '{target[0]}', and '{wanted}' is wanted: an object keeps its id",
            "let the external id be what never changes; or delete the account and let it be created anew",
        )
    holder = page.id_holders.get((target, wanted))
    if holder is not None and (cso is None or holder.id != cso.id):
        raise _taken(wanted, holder)
    other = decided.ids.setdefault((target, wanted), desired.mvo)
    if other.id != desired.mvo.id:
        raise ObjectFailed(
            "existing-object", f"'{wanted}' is also wanted for {label_of_mvo(other)}", "give one of the two another id"
        )


def _is_known_by_id_alone(workspace: Workspace, cso: Cso) -> bool:
    settings = workspace.object_type(cso.system, cso.type)
    return cso.external_id is not None and settings.secondary_external_id is None


def _taken(wanted: str, holder: Cso) -> ObjectFailed:
    owner = f"belongs to mvo-{holder.mvo_id}" if holder.mvo_id else "is joined to nobody"
    advice = "if it is the same person, give the rule a join that finds it; if not, give this one another id"
    if holder.status == CsoStatus.OBSOLETE:
        owner += ", and is missing"
        advice = "decide in the review whether it is gone; if it is, its id is free"
    elif holder.mvo_id:
        advice = "its id is free when an import has shown that it is gone; or give this one another id"
    return ObjectFailed("existing-object", f"'{wanted}' is taken: cso-{holder.id} ({label_of(holder)}) {owner}", advice)
