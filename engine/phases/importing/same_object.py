"""Phase 1, import: whether an object with a known name and another id is the same: a join of the rules proves it."""

from collections.abc import Callable

from engine.errors import ObjectFailed
from engine.rules.compiled import InboundRule, Join, ObjectType, OutboundRule
from engine.rules.joins import source_key, target_key
from engine.values.matching_rules import same
from engine.workspace import Workspace
from storage.records import Attributes, Cso, CsoStatus


def is_proved(workspace: Workspace, cso: Cso, attributes: Attributes) -> bool:
    """Tell whether every key by which the rules join a CSO is that of some attributes, too; without a key nothing is.

    What was planned, and may have been created, is proved without a key by having all that was planned.
    """
    same_keys = have_same_keys(workspace, (cso.system, cso.type), cso.attributes, attributes)
    if same_keys is not None:
        return same_keys
    return cso.status == CsoStatus.PENDING_PROVISIONING and _holds_what_was_planned(workspace, cso, attributes)


def have_same_keys(workspace: Workspace, kind: ObjectType, before: Attributes, after: Attributes) -> bool | None:
    """Tell whether all keys by which rules join an object of a type are what they were; None where it had none."""
    had, have = _keys(workspace, kind, before), _keys(workspace, kind, after)
    return all(have.get(name) == key for name, key in had.items()) if had else None


def _keys(workspace: Workspace, kind: ObjectType, attributes: Attributes) -> dict[tuple[str, str], str]:
    """Give the keys by which rules join an object with some attributes: (rule, join) → key."""
    seen = workspace.seen(*kind, attributes)
    every: list[InboundRule | OutboundRule] = [*workspace.rules.inbound.get(kind, [])]
    for targets in workspace.rules.outbound.values():
        every += targets.get(kind, [])
    found: dict[tuple[str, str], str] = {}
    for rule in every:
        for join in rule.joins:
            key = _key(rule, join, attributes, seen)
            if key is not None:
                found[rule.name, join.name] = key
    return found


def _key(
    rule: InboundRule | OutboundRule, join: Join, attributes: Attributes, seen: Callable[[], dict[str, object]]
) -> str | None:
    try:
        if isinstance(rule, InboundRule):
            return source_key(join, rule.flows, attributes, seen)
        return target_key(join, attributes, seen)
    except ObjectFailed:
        return None


def _holds_what_was_planned(workspace: Workspace, cso: Cso, attributes: Attributes) -> bool:
    return all(
        same(attributes.get(name, []), values, workspace.matching(cso.system, cso.type, name))
        for name, values in cso.attributes.items()
    )
