"""Scope: which objects a rule is for."""

from collections.abc import Iterable
from typing import Any, TypeVar

from engine.rules.compiled import InboundRule, OutboundRule

Rule = TypeVar("Rule", InboundRule, OutboundRule)


def in_scope(rules: Iterable[Rule], context: dict[str, Any]) -> list[Rule]:
    """Give the rules whose scope an object is in, in their order. Raises `ObjectFailed`."""
    return [rule for rule in rules if rule.scope is None or rule.scope(context)]
