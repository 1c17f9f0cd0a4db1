"""Try an expression over an object, as a rule would evaluate it."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.errors import ObjectFailed
from engine.expressions.expression import Expression, InvalidExpression, compile_flow, compile_name
from storage.records import Attributes

Document = dict[str, Any]
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (datetime, "datetime"),
    (date, "date"),
    (bytes, "binary"),
    (Decimal, "decimal"),
    (float, "decimal"),
    (str, "text"),
)


def expression_of(text: str, attributes: Mapping[str, object]) -> Expression:
    """Read what somebody types: an attribute's name, what stands in `{{ }}`, or a whole text with it.

    Raises `InvalidExpression`.
    """
    if text in attributes:
        return compile_name(text)
    return compile_flow(text if "{{" in text or "{%" in text else f"{{{{ {text} }}}}")


def try_expression(text: str, attributes: Attributes, context: dict[str, Any]) -> Document:
    """Tell what an expression makes of an object: its value, of which type, and what it has read; or what is wrong."""
    found: Document = {"expression": text, "value": None, "type": "nothing", "reads": {}, "error": None}
    try:
        expression = expression_of(text, attributes)
        found["reads"] = expression.seen(context)
        value = expression(context)
    except InvalidExpression as error:
        found["error"] = str(error)
    except ObjectFailed as failure:
        found["error"] = failure.error.message
    else:
        found["value"] = value
        found["type"] = type_of(value)
    return found


def type_of(value: object) -> str:
    """Name the type of what an expression makes, as rules and declarations call it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, (list, tuple)):
        kinds = dict.fromkeys(type_of(one) for one in value)
        return f"{' or '.join(kinds)}[]" if kinds else "nothing"
    return next((name for kind, name in _TYPES if isinstance(value, kind)), type(value).__name__)
