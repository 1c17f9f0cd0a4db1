"""Which expressions are quick whatever they are given: without loops, and over values of an ordinary length.

They are evaluated where they are needed. Each of their parts takes a time in proportion to the values, and none can
make much of little; the sandbox bounds what they make of two values.
"""

import orjson
from jinja2 import nodes

from engine.expressions.regular import is_linear
from storage.records import Attributes

LARGE = "\0large"
"""The key by which a context says that its object is large: it holds more than quick expressions may be given."""
LARGEST = 10_000
"""Bytes of an object's attributes, as they are stored."""
_MOST_NODES = 400
_LOOPS = (nodes.For, nodes.With, nodes.AssignBlock, nodes.FilterBlock, nodes.CallBlock, nodes.Macro)
_EACH = frozenset({"map", "select", "reject", "selectattr", "rejectattr", "groupby", "sum"})
"""Filters that do something with each of many values."""


def is_large(attributes: Attributes) -> bool:
    """Tell whether an object holds more than quick expressions may be given."""
    try:
        return len(orjson.dumps(attributes)) > LARGEST
    except TypeError:  # what is no text of Unicode: never from the store
        return True


def is_quick(tree: nodes.Template, *, assigned: int) -> bool:
    """Tell whether a template is quick, in which so many names may be assigned to."""
    found = list(tree.find_all(nodes.Node))
    assignments = sum(isinstance(one, nodes.Assign) for one in found)
    return len(found) <= _MOST_NODES and assignments <= assigned and all(map(_is_quick_node, found))


def _is_quick_node(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Name):
        return node.name != "range"
    if isinstance(node, nodes.Filter):
        return node.name not in _EACH and (node.name != "regex_replace" or _has_linear_pattern(node))
    return not isinstance(node, _LOOPS)


def _has_linear_pattern(node: nodes.Filter) -> bool:
    pattern = node.args[0] if node.args else None
    return isinstance(pattern, nodes.Const) and isinstance(pattern.value, str) and is_linear(pattern.value)
