"""Joins: the keys that objects are found by."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.rules.compiled import InboundRule, JoinNames
from engine.rules.flows import evaluate
from storage.join_keys import JoinKey
from storage.records import Attributes

_SEPARATOR = "\x1f"


def join_key(values: Mapping[str, list[Any]], names: JoinNames) -> str | None:
    """Give an object's key for some attributes: text as it is, trimmed; None unless each has one value."""
    parts = [values.get(name, []) for name in names]
    if any(len(part) != 1 for part in parts):
        return None
    return _SEPARATOR.join(str(part[0]).strip() for part in parts)


def keys_of(owner: str, joins: Iterable[JoinNames], object_id: int, attributes: Attributes) -> list[JoinKey]:
    """Give every key that an object is to be indexed by."""
    keys = ((names, join_key(attributes, names)) for names in joins)
    return [JoinKey(owner, "+".join(names), key, object_id) for names, key in keys if key is not None]


def inbound_values(
    rule: InboundRule, names: JoinNames, attributes: Attributes, context: dict[str, Any]
) -> dict[str, list[Any]]:
    """Give a CSO's side of a join: what the rule's flows make of each attribute, else the attribute itself."""
    flows = {flow.attribute: flow for flow in rule.flows}
    return {
        name: evaluate(flows[name], attributes, context) if name in flows else attributes.get(name, [])
        for name in names
    }
