"""Phase 2, ids: an account keeps the primary external id that rules give it, and none gets one that another has.

An import knows an object by that id: whoever got another one's would be taken for it from then on.
"""

from contextlib import suppress

from engine.configuration import external_ids
from engine.errors import ObjectFailed
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.names import also_wanted, taken
from engine.phases.evaluating.page import Decisions, EvaluationPage
from engine.rules.compiled import ObjectType
from engine.values import dn
from engine.values.attribute_descriptions import normal
from engine.workspace import Workspace
from storage.records import Cso, CsoStatus


def gives_id(workspace: Workspace, target: ObjectType, name: str) -> bool:
    """Tell whether an attribute is the primary external id of a target; a directory has several names for one."""
    own = workspace.object_type(*target).external_id
    return name == own or (workspace.is_dn(*target) and normal(name) == normal(own))


def wanted_id(workspace: Workspace, desired: Desired, cso: Cso | None) -> str | None:
    """Give the id that rules want an object to have, as an attribute or as its RDN; None where its system gives one."""
    target = desired.target
    settings = workspace.object_type(*target)
    is_new = cso is None or cso.status == CsoStatus.PENDING_PROVISIONING
    given = desired.planned() if is_new else desired.attributes
    if values := given.get(settings.external_id):
        return external_ids.writer(settings)(values[0])
    if not workspace.is_dn(*target) or normal(settings.external_id) in external_ids.GUIDS:
        return None
    named = [(name, values[0]) for name, values in given.items() if values]
    with suppress(dn.InvalidDn):
        named += dn.own_rdn(desired.secondary_id or "")
    return next((str(value) for name, value in named if gives_id(workspace, target, name)), None)


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
        raise taken(wanted, "id", holder)
    other = decided.ids.setdefault((target, wanted), desired.mvo)
    if other.id != desired.mvo.id:
        raise also_wanted(wanted, "id", other)


def _is_known_by_id_alone(workspace: Workspace, cso: Cso) -> bool:
    settings = workspace.object_type(cso.system, cso.type)
    return cso.external_id is not None and settings.secondary_external_id is None
