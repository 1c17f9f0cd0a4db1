"""The changes of a pending export: from one state to another, and what was sent of them."""

from collections.abc import Iterable, Sequence

from engine.rules.compiled import ObjectType
from engine.values.matching_rules import differences, same
from engine.workspace import Workspace
from storage.records import (
    AttributeChange,
    Attributes,
    ChangeStatus,
    ChangeType,
    Cso,
    ExportStatus,
    PendingExport,
)

Changes = list[AttributeChange]


RDN = "\0rdn"
"""What stands for an object's RDN, as it is written, among the names of attributes; no attribute is called so."""


IN_FLIGHT = (ExportStatus.EXECUTING, ExportStatus.EXPORTED)
"""Sent, and not yet confirmed: the next confirming import decides."""


PERHAPS_WRITTEN = (*IN_FLIGHT, ExportStatus.NOT_CONFIRMED)
"""Sent, and perhaps written, though no import has shown it."""


def was_sent(export: PendingExport) -> bool:
    """Tell whether the open export of a planned object may have reached the target: its Create, in whole or in part."""
    return export.status in PERHAPS_WRITTEN or export.change_type == ChangeType.UPDATE


def net_changes(
    workspace: Workspace,
    target: ObjectType,
    current: Attributes,
    wanted: Attributes,
    exact: frozenset[str] = frozenset(),
) -> Changes:
    """Give the changes that lead from one state to another: a value replaced, or exact adds and removes.

    Values that are the same by their matching rule are no change, but for the attributes that are compared exactly.
    """
    changes = []
    for name, values in wanted.items():
        held = current.get(name, [])
        if held == values:
            continue
        matching = None if name in exact else workspace.matching(*target, name)
        if len(held) <= 1 and len(values) <= 1:
            if not same(held, values, matching):
                changes.append(AttributeChange(name, values, held, True, ChangeStatus.PENDING))
            continue
        add, remove = differences(held, values, matching)
        if add or remove:
            changes.append(AttributeChange(name, add, remove, False, ChangeStatus.PENDING))
    return changes


def combined(changes: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
    """Give one change for each attribute: of what was sent and what is to follow it, what both lead to together.

    It has the status of the last.
    """
    found: dict[str, AttributeChange] = {}
    for change in changes:
        before = found.get(change.name)
        found[change.name] = change if before is None else _followed(before, change)
    return changes if len(found) == len(changes) else list(found.values())


def _followed(before: AttributeChange, change: AttributeChange) -> AttributeChange:
    if change.replace:
        return change
    add = [value for value in before.add if value not in change.remove]
    remove = [value for value in before.remove if value not in change.add]
    return change._replace(
        add=[*add, *(value for value in change.add if value not in add)],
        remove=[*remove, *(value for value in change.remove if value not in remove)],
        replace=before.replace,
    )


def expected_state(cso: Cso, export: PendingExport | None) -> Attributes:
    """Give what the target should hold now: what was last imported, and what was sent since."""
    sent = [change for change in export.changes if change.status == ChangeStatus.EXPORTED] if export else []
    return after_changes(cso.attributes, sent)


def unsent_names(export: PendingExport | None) -> set[str]:
    """Name the attributes that an export has not written yet."""
    return {change.name for change in export.changes if change.status != ChangeStatus.EXPORTED} if export else set()


def after_changes(attributes: Attributes, changes: Iterable[AttributeChange]) -> Attributes:
    """Give what attributes are after some changes."""
    after = dict(attributes)
    for change in changes:
        if change.replace:
            after[change.name] = change.add
            continue
        removed = set(change.remove)
        kept = [value for value in after.get(change.name, []) if value not in removed]
        after[change.name] = list(dict.fromkeys([*kept, *change.add]))
    return {name: values for name, values in after.items() if values}
