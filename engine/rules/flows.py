"""Attribute flows: what an expression sees of an object, and the typed values it computes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Undefined

from engine.errors import ObjectFailed
from engine.expressions.quick import LARGE, is_large
from engine.expressions.sandbox import WORDS, key_of
from engine.rules.compiled import Flow
from engine.values import zones
from engine.values.typed import AttributeType, InvalidValue, canonical, parse, present
from storage.records import Attributes

Refer = Callable[[Flow, list[Any]], list[Any]]
"""Gives what the objects that a flow refers to are called on the other side, leaving out whoever is not there."""
_WORDS = frozenset(WORDS)
_AS_THEY_ARE = frozenset({"text", "integer", "boolean", "reference"})


def context_of(
    attributes: Attributes, declared: Mapping[str, AttributeType], around: Mapping[str, Any]
) -> dict[str, Any]:
    """Give an object as its expressions see it: a value, or a list where there may be or are many.

    `around` is what `ambient` of `engine.expressions.expression` gives, so that one page sees one moment.
    """
    context: dict[str, Any] = {
        name: values[0] if len(values) == 1 else values for name, values in attributes.items() if values
    }
    for name, kind in declared.items():
        values = attributes.get(name)
        if not values or (kind.kind in _AS_THEY_ARE and not kind.multi):
            continue
        shown = [_shown(kind.kind, value) for value in values]
        context[name] = shown if kind.multi else shown[0]
    if not _WORDS.isdisjoint(context):
        for word in _WORDS & context.keys():
            context[key_of(word)] = context[word]
    if is_large(attributes):
        context[LARGE] = True
    context.update(around)
    return context


def _shown(kind: str, value: Any) -> Any:
    """Show a value; what was taken for another kind, before its declaration changed, as it is until it is read anew."""
    try:
        return present(kind, value)
    except (ValueError, TypeError, ArithmeticError):
        return value


def evaluate(flow: Flow, attributes: Attributes, context: dict[str, Any], refer: Refer | None = None) -> list[Any]:
    """Compute the values of one flow; no values means the attribute is absent.

    `refer` gives what references are called on the other side. Raises `ObjectFailed`: `expression-error`, or what
    a filter raised.
    """
    if flow.copies is not None:
        values = attributes.get(flow.copies, [])
        if flow.refers and values:
            values = refer(flow, values) if refer else []
    else:
        result = flow.expression(context)
        if zones.KEY in context:
            with zones.of(context):
                values = _typed(flow, result)
        else:
            values = _typed(flow, result)
    if len(values) > 1 and flow.declared and not flow.type.multi:
        raise ObjectFailed(
            "constraint-violation",
            f"'{flow.attribute}' takes one value, and '{flow.expression.source}' gives {len(values)}",
            f"declare '{flow.attribute}' as \"{flow.type}[]\", or choose one value in the expression",
        )
    return values


def evaluate_all(
    flows: Iterable[Flow], attributes: Attributes, context: dict[str, Any], refer: Refer | None = None
) -> dict[str, list[Any]]:
    """Compute the values of some flows: attribute → values, empty where the attribute is to be absent."""
    return {flow.attribute: evaluate(flow, attributes, context, refer) for flow in flows}


def _typed(flow: Flow, result: Any) -> list[Any]:
    if result is None or isinstance(result, Undefined) or result == "":
        return []
    try:
        if isinstance(result, str):  # as nearly all are
            return [parse(flow.type.kind, result)]
        parts = [result] if isinstance(result, bytes) or not isinstance(result, Iterable) else list(result)
        typed = [canonical(flow.type.kind, part) for part in parts if part is not None and part != ""]
    except InvalidValue as error:
        raise ObjectFailed(
            "expression-error",
            f"'{flow.attribute}' takes {flow.type.kind}: the result of '{flow.expression.source}' {error}",
            "mend the object's values at its source, or the expression",
        ) from error
    return list(dict.fromkeys(typed))
