"""Joins: the keys that objects are found by."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from anyascii import anyascii

from engine.expressions import Expression
from engine.rules.compiled import Flow, Join
from engine.rules.flows import evaluate
from storage.join_keys import JoinKey
from storage.records import Attributes

_SEPARATOR = "\x1f"
Context = Callable[[], Mapping[str, Any]]
"""Gives an object as its expressions see it; asked only where a key is computed."""


def normalised(value: object, ignore: frozenset[str]) -> str:
    """Give the form of a value in which what makes no difference is gone: case, spaces, accents."""
    text = str(value).strip()
    if "accents" in ignore:
        text = anyascii(text)
    if "case" in ignore:
        text = unicodedata.normalize("NFKC", text.casefold())
    if "spaces" in ignore:
        text = "".join(text.split())
    return text


def source_key(join: Join, flows: Iterable[Flow], attributes: Attributes, context: Context) -> str | None:
    """Give the key that an object looks for; None unless each part has one value.

    A bare name stands for what the rule's flow makes of it, else for the attribute. Raises `ObjectFailed`.
    """
    flowing = {flow.attribute: flow for flow in flows}

    def values(expression: Expression) -> list[Any]:
        flow = flowing.get(expression.source)
        if flow is not None and flow.copies is not None and not flow.refers:
            return attributes.get(flow.copies, [])  # as a bare name does, and nothing has to be worked out
        if flow is not None and not flow.refers:
            return evaluate(flow, attributes, dict(context()))
        return _read(expression, attributes, context)

    return _key([(values(part.source), part.ignore) for part in join.parts])


def target_key(join: Join, attributes: Attributes, context: Context) -> str | None:
    """Give the key under which an object is found; None unless each part has one value. Raises `ObjectFailed`."""
    return _key([(_read(part.target, attributes, context), part.ignore) for part in join.parts])


def _read(expression: Expression, attributes: Attributes, context: Context) -> list[Any]:
    if expression.names == {expression.source}:
        return attributes.get(expression.source, [])
    result = expression(dict(context()))
    return [] if result is None or result == "" else result if isinstance(result, list) else [result]


def _key(parts: list[tuple[list[Any], frozenset[str]]]) -> str | None:
    if any(len(values) != 1 for values, _ in parts):
        return None
    texts = [normalised(values[0], ignore) for values, ignore in parts]
    return _SEPARATOR.join(texts) if all(texts) else None


def keys_of(
    owner: str, joins: Iterable[Join], object_id: int, attributes: Attributes, context: Context
) -> list[JoinKey]:
    """Give every key that an object is to be indexed by. Raises `ObjectFailed`."""
    keys = ((join.name, target_key(join, attributes, context)) for join in joins)
    return [JoinKey(owner, name, key, object_id) for name, key in keys if key is not None]
