"""Phase 2, drift: what somebody else changed in the target, though what is wanted is still the same."""

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

from engine.errors import ObjectError
from engine.labels import label_of
from engine.pending_exports.changes import RDN, expected_state, unsent_names
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.page import EvaluationPage
from engine.rules.compiled import OutboundRule
from engine.statistics import Statistic
from engine.step import Step
from engine.values import dn
from engine.values.matching_rules import same
from storage.documents import octets
from storage.records import Attributes, Cso, PendingExport
from storage.wanted_marks import DN, TOLD, Marks


def mark_of(values: list[object]) -> int:
    """Give a mark by which the same values, in whatever order, are recognised."""
    return crc32(octets(values if len(values) < 2 else sorted(values, key=repr)))


def marks_for(desired: Desired) -> Marks:
    """Give the marks of everything that is wanted of an object, and of what was written once."""
    own = desired.attributes if not desired.foreign else {name: _own(desired, name) for name in desired.attributes}
    # of one value, as nearly all have, as `mark_of` does, without a call for each
    new = {name: crc32(octets(values)) if len(values) < 2 else mark_of(values) for name, values in own.items()}
    marks = desired.settled | new
    if desired.secondary_key is None:
        return marks
    return marks | {DN: mark_of([desired.secondary_key]), RDN: mark_of([dn.rdn(desired.secondary_id or "")])}


def _own(desired: Desired, name: str) -> list[object]:
    """Give what rules want an attribute to hold, without what others have put there."""
    foreign = desired.foreign.get(name)
    return desired.attributes[name][: -len(foreign)] if foreign else desired.attributes[name]


def changed_wishes(page: EvaluationPage, desired: Desired, cso: Cso, export: PendingExport | None) -> frozenset[str]:
    """Name what is wanted otherwise than it was before, if only in case or spelling: it is compared exactly.

    So is what an open export has not written yet. References are compared by what they name.
    """
    before, now = page.marks.get(cso.id, {}), marks_for(desired)
    declared = page.step.workspace.declared(*desired.target)
    changed = {name for name, mark in now.items() if name in before and before[name] != mark}
    wishes = changed | _unsent(export)
    exact = {name for name in wishes if name not in declared or declared[name].kind != "reference"}
    naming = {name.lower() for name in dn.rdn_names(desired.secondary_id or "")}
    return frozenset(exact | {RDN} if any(name.lower() in naming for name in exact) else exact)


def _unsent(export: PendingExport | None) -> set[str]:
    """Name what an export has not written yet."""
    if export is None:
        return set()
    unsent = unsent_names(export)
    return unsent if export.new_secondary_id is None else unsent | {RDN}


class Drift(NamedTuple):
    """What drifted of an object, and its marks from now on; None where they are what they were."""

    names: list[str]
    marks: Marks | None


def find_drift(page: EvaluationPage, desired: Desired, cso: Cso, export: PendingExport | None) -> Drift:
    """Name what differs from what is wanted although the same was wanted before, and nothing is on its way."""
    before, now = page.marks.get(cso.id, {}), marks_for(desired)
    steady = {name for name, mark in now.items() if before.get(name) == mark}
    drifted = _drifted_attributes(page, desired, cso, export, steady)
    if DN in steady and _has_moved(page, desired, cso) and not (export and export.new_secondary_id):
        drifted.append(DN)
    told = {TOLD + name: before[TOLD + name] for name in drifted if TOLD + name in before}
    return Drift(drifted, now | told if before != now | told else None)


def _drifted_attributes(
    page: EvaluationPage, desired: Desired, cso: Cso, export: PendingExport | None, steady: set[str]
) -> list[str]:
    """Name the attributes that differ from what is wanted, of those that are wanted as before."""
    state = expected_state(cso, export)
    on_their_way = {change.name for change in export.changes} if export else set()
    drifted = []
    for name, values in desired.attributes.items():
        held = state.get(name, [])
        if held == values or name in on_their_way or name not in steady:
            continue
        if not same(held, values, page.step.workspace.matching(*desired.target, name)):
            drifted.append(name)
    return drifted


def _has_moved(page: EvaluationPage, desired: Desired, cso: Cso) -> bool:
    """Tell whether an object has another name than is wanted."""
    named = page.step.workspace.secondary_key(*desired.target, cso.secondary_id)
    return desired.secondary_key is not None and desired.secondary_key != named


def only_reported(desired: Desired, drifted: list[str]) -> list[str]:
    """Name the drift that a rule does not correct."""
    return [name for name in drifted if not _corrects(desired, name)]


def without(desired: Desired, names: Collection[str]) -> Desired:
    """Give what is wanted without some attributes, or without the DN."""
    attributes: Attributes = {name: values for name, values in desired.attributes.items() if name not in names}
    if DN in names:
        return replace(desired, attributes=attributes, secondary_id=None, secondary_key=None)
    return replace(desired, attributes=attributes)


def _corrects(desired: Desired, name: str) -> bool:
    rule = _giver(desired, name)
    return rule is None or rule.corrects


def _giver(desired: Desired, name: str) -> OutboundRule | None:
    """Give the rule that an attribute's wanted values, or the DN, come from."""
    if name == DN:
        return next((rule for rule in desired.rules if rule.dn is not None), None)
    found = desired.flow_of(name)
    return found[0] if found else None


def tell_reported(step: Step, desired: Desired, cso: Cso, names: list[str], marks: Marks) -> Marks:
    """Tell drift that is not corrected, once each, and give the marks by which it is known that it was told."""
    told: Marks = {}
    for name in names:
        held = [cso.secondary_id] if name == DN else cso.attributes.get(name, [])
        goal = [desired.secondary_id] if name == DN else desired.attributes[name]
        mark, rule = mark_of(list(held)), _giver(desired, name)
        if rule is None or marks.get(TOLD + name) == mark:
            continue
        told[TOLD + name] = mark
        step.statistics[Statistic.DRIFT_REPORTED] += 1
        error = ObjectError(
            "drift",
            f"'{_word(name)}' is {_shown(held)} in '{cso.system}', and rule '{rule.name}' wants {_shown(goal)}",
            'the rule only reports it: change it at the source, or set drift = "correct"',
        )
        step.warned(error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system)
    return told


def _shown(values: list[object]) -> str:
    shown = ", ".join(repr(value) for value in values[:3])
    return (shown + (f" and {len(values) - 3:,} more" if len(values) > 3 else "")) or "absent"


def tell_corrected(step: Step, export: PendingExport, drifted: list[str]) -> PendingExport:
    """Say of an export that it corrects drift."""
    step.statistics[Statistic.DRIFT_CORRECTED] += 1
    others = {change.name for change in export.changes} - set(drifted)
    if others or (export.new_secondary_id is not None and DN not in drifted):
        return export
    return export._replace(cause=f"corrects drift of {', '.join(map(_word, drifted[:5]))}")


def _word(name: str) -> str:
    return "dn" if name == DN else name
