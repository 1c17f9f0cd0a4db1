"""Joins: the keys that objects are found by."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from engine.expressions.expression import Expression
from engine.rules.compiled import Flow, Join
from engine.rules.flows import evaluate
from engine.values.folding import normalised
from storage.records import Attributes, Cso, CsoStatus, JoinedBy

_SEPARATOR = "\x1f"
Context = Callable[[], dict[str, Any]]
"""Gives an object as its expressions see it; asked only where a key is computed."""


def can_be_found(cso: Cso) -> bool:
    """Tell whether an outbound join may find an object: one that is there, or is restored, and still to be created."""
    is_restored = cso.status == CsoStatus.PENDING_PROVISIONING and cso.mvo_id is None
    return (cso.status == CsoStatus.NORMAL or is_restored) and cso.joined_by != JoinedBy.EXCLUDED


def source_key(join: Join, flows: Iterable[Flow], attributes: Attributes, context: Context) -> str | None:
    """Give the key that an object looks for; None unless each part has one value.

    A bare name stands for what the rule's flow makes of it, else for the attribute. Raises `ObjectFailed`.
    """
    return _key([(_looked_for(part.source, flows, attributes, context), part.ignore) for part in join.parts])


def _looked_for(expression: Expression, flows: Iterable[Flow], attributes: Attributes, context: Context) -> list[Any]:
    """Give what an object looks for by one part of a key."""
    flow = _flow_to(expression.attribute, flows) if expression.is_bare else None
    if flow is None or flow.refers:
        return _read(expression, attributes, context)
    if flow.copies is not None:
        return attributes.get(flow.copies, [])  # as a bare name does, and nothing has to be worked out
    return evaluate(flow, attributes, context())


def _flow_to(attribute: str | None, flows: Iterable[Flow]) -> Flow | None:
    for flow in flows:
        if flow.attribute == attribute:
            return flow
    return None


def target_key(join: Join, attributes: Attributes, context: Context) -> str | None:
    """Give the key under which an object is found; None unless each part has one value. Raises `ObjectFailed`."""
    return _key([(_read(part.target, attributes, context), part.ignore) for part in join.parts])


def _read(expression: Expression, attributes: Attributes, context: Context) -> list[Any]:
    if expression.is_bare and expression.attribute is not None:
        return attributes.get(expression.attribute, [])
    result = expression(context())
    values = list(result) if isinstance(result, (list, tuple)) else [result]
    return [_text(value) for value in values if value is not None and value != ""]


def _text(value: object) -> str:
    """Write a value as the store has it."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _key(parts: list[tuple[list[Any], frozenset[str]]]) -> str | None:
    texts = []
    for values, ignore in parts:
        text = normalised(values[0], ignore) if len(values) == 1 else ""
        if not text:
            return None
        texts.append(text)
    key = _SEPARATOR.join(texts)
    if key.count(_SEPARATOR) >= len(texts):  # one of the parts holds it; no other key begins with it
        return _SEPARATOR + json.dumps(texts, ensure_ascii=False)
    return key


def shown_key(key: str) -> str:
    """Give a key as people read it: its parts with commas between."""
    parts = json.loads(key[1:]) if key.startswith(_SEPARATOR) else key.split(_SEPARATOR)
    return ", ".join(parts)
