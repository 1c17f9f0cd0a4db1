"""Phase 2, flows that give way: to what an account holds, to what was written once, to what others have put there."""

from collections.abc import Collection
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.changes import expected_state, unsent_names
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.drift import mark_of
from engine.step import Step
from engine.values.matching_rules import Matching, differences
from engine.workspace import Workspace
from storage.documents import encode
from storage.records import Attributes, Cso, PendingExport
from storage.wanted_marks import Marks

HELD = "the target holds a value, and the flow fills only what is empty"
WRITTEN = "written once, and not enforced again"
OURS = "\0ours "
"""Before an attribute's name: the marks of the values in it that are ours."""
_SHOWN = 5


def give_way(workspace: Workspace, desired: Desired, cso: Cso, export: PendingExport | None, marks: Marks) -> Desired:
    """Leave out of what is wanted of an account what gives way to what it holds, or was written already.

    What others have put beside our values is wanted, too.
    """
    special = workspace.rules.giving_way.get((desired.mvo.type, desired.target))
    if not special:
        return desired
    left = _left(desired, cso, export, marks)
    attributes = {name: values for name, values in desired.attributes.items() if name not in left}
    kept = {flow.attribute for flow in special if flow.once and flow.attribute not in attributes}
    kept |= {OURS + flow.attribute for flow in special if flow.shares}
    settled = {name: mark for name, mark in marks.items() if name in kept}
    desired = replace(desired, attributes=attributes, left=desired.left | left, settled=settled)
    return _beside_others(workspace, desired, expected_state(cso, export), marks)


def _beside_others(workspace: Workspace, desired: Desired, state: Attributes, marks: Marks) -> Desired:
    """Add to what is wanted the values of others that the account holds; what was ours, and is not wanted, goes."""
    foreign: Attributes = {}
    settled: Marks = {}
    for name, matching in _shared(workspace, desired):
        _, more = differences(state.get(name, []), desired.attributes[name], matching)
        known = marks.get(OURS + name)
        ours = set(known) if isinstance(known, list) else set()
        others = [value for value in more if _digest(value, matching) not in ours]
        if others:
            foreign[name] = others
        going = {_digest(value, matching) for value in more} & ours
        wanted = desired.attributes[name]
        if going or len(ours) != len(wanted) or marks.get(name) != mark_of(wanted):
            settled[OURS + name] = sorted(going.union(_digest(one, matching) for one in wanted))
    if not foreign and not settled:
        return desired
    attributes = desired.attributes | {name: [*desired.attributes[name], *more] for name, more in foreign.items()}
    return replace(desired, attributes=attributes, foreign=foreign, settled=desired.settled | settled)


def ours(workspace: Workspace, desired: Desired) -> Marks:
    """Give the marks of the values that are ours where others may put theirs beside them."""
    return {
        OURS + name: sorted({_digest(value, matching) for value in desired.attributes[name]})
        for name, matching in _shared(workspace, desired)
    }


def _shared(workspace: Workspace, desired: Desired) -> list[tuple[str, Matching]]:
    """Name the wanted attributes that others may share, and say how each is compared."""
    if (desired.mvo.type, desired.target) not in workspace.rules.giving_way:
        return []
    shared = [name for name, (_, flow) in desired.givers.items() if flow.shares and name in desired.attributes]
    return [(name, workspace.matching(*desired.target, name)) for name in shared]


def _digest(value: Any, matching: Matching) -> int:
    """Give what a value that is ours is known by: long enough that no other value is ever taken for it."""
    form = value if matching is None else matching(value)
    return int.from_bytes(blake2b(encode(form).encode(), digest_size=7).digest())


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


def tell_cleared(step: Step, desired: Desired, cso: Cso, names: Collection[str]) -> None:
    """Tell what is cleared of an account that is adopted, among some attributes, because no source fills it."""
    wanted = desired.attributes
    cleared = [name for name in names if name in wanted and not wanted[name] and cso.attributes.get(name)]
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
