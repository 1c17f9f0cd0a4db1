"""Phase 2, flows that give way: to what an account holds, and to whoever has changed what was written once."""

from dataclasses import replace

from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.changes import expected_state, unsent_names
from engine.phases.evaluating.desired_state import Desired
from engine.step import Step
from engine.workspace import Workspace
from storage.records import Cso, PendingExport
from storage.wanted_marks import Marks

HELD = "the target holds a value, and the flow fills only what is empty"
WRITTEN = "written once, and not enforced again"
_SHOWN = 5


def give_way(workspace: Workspace, desired: Desired, cso: Cso, export: PendingExport | None, marks: Marks) -> Desired:
    """Leave out of what is wanted of an account what gives way to what it holds, or was written already."""
    outbound = workspace.rules.outbound.get(desired.mvo.type, {}).get(desired.target, [])
    silent = [flow for rule in outbound for flow in rule.flows if flow.is_silent]
    if not silent:
        return desired
    left = _left(desired, cso, export, marks)
    attributes = {name: values for name, values in desired.attributes.items() if name not in left}
    once = {flow.attribute for flow in silent if flow.once}
    settled = {name: mark for name, mark in marks.items() if name in once and name not in attributes}
    return replace(desired, attributes=attributes, left=desired.left | left, settled=settled)


def _left(desired: Desired, cso: Cso, export: PendingExport | None, marks: Marks) -> dict[str, str]:
    """Name the attributes that are left as they are, each with the reason."""
    state, unsent = expected_state(cso, export), unsent_names(export)
    left: dict[str, str] = {}
    for name in desired.attributes:
        giver = desired.flow_of(name)
        if giver and giver[1].once and name in marks and name not in unsent:
            left[name] = WRITTEN
        elif giver and giver[1].when_absent and state.get(name):
            left[name] = HELD
    return left


def tell_cleared(step: Step, desired: Desired, cso: Cso) -> None:
    """Tell what is cleared of an account that is adopted, because no source fills it."""
    cleared = [name for name, values in desired.attributes.items() if not values and cso.attributes.get(name)]
    if not cleared:
        return
    held = ", ".join(f"'{name}' ({', '.join(map(str, cso.attributes[name][:3]))})" for name in sorted(cleared)[:_SHOWN])
    more = f" and {len(cleared) - _SHOWN} more" if len(cleared) > _SHOWN else ""
    error = ObjectError(
        "adoption-clears",
        f"the account is adopted, and no source fills what it holds: {held}{more}; the next export clears it",
        "give it a value at a source, or let the flow give way: clear = false, or when_absent = true",
    )
    step.warned(error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system)
