"""Tell whether an object is in the scope of a rule, and by what."""

from typing import Any

from engine.errors import ObjectFailed
from engine.expressions.expression import Expression
from engine.rules.compiled import InboundRule, OutboundRule

Document = dict[str, Any]


def scope_of(rule: InboundRule | OutboundRule, context: dict[str, Any]) -> Document:
    """Tell whether an object is in a rule's scope, and by what."""
    entry: Document = {"rule": rule.name, "scope": None, "in_scope": True, "because": {}, "error": None}
    if rule.scope is None:
        return entry
    entry["scope"] = rule.scope.source
    entry["because"] = rule.scope.seen(context)
    try:
        entry["in_scope"] = bool(rule.scope(context))
    except ObjectFailed as failure:
        entry["in_scope"], entry["error"] = False, failure.error.message
    return entry


def rows_of(expression: Expression, context: dict[str, Any]) -> list[str]:
    """Name the rows of lookup tables that an expression reads of an object."""
    rows = expression.looked_up(context) if expression.reads.tables else None
    return sorted(f"{table} '{key}'" for table, key in rows or ())


def scope_sentence(scope: Document) -> str:
    """Say why an object is not in a rule's scope."""
    if scope["error"]:
        return f"rule '{scope['rule']}': {scope['error']}"
    values = ", ".join(f"{name} is {value!s}" for name, value in scope["because"].items())
    return f"rule '{scope['rule']}' wants {scope['scope']}, and {values or 'that is false'}"
