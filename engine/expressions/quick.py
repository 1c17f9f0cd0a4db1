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
_CHOOSING = frozenset({"select", "reject", "selectattr", "rejectattr"})
_COMPARING = frozenset({"defined", "undefined", "none", "eq", "equalto", "==", "ne", "!=", "true", "false"})
"""Tests that are over at once for each value."""


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
        if node.name in _EACH:
            return _only_reads(node) or _only_chooses(node)
        return node.name != "regex_replace" or _has_linear_pattern(node)
    return not isinstance(node, _LOOPS)


def _only_reads(node: nodes.Filter) -> bool:
    """Tell whether a filter reads one attribute of each value, as `map(attribute='title')` does."""
    names = [word.value for word in node.kwargs if word.key == "attribute"]
    return node.name == "map" and not node.args and len(names) == len(node.kwargs) == 1 and _is_text(names[0])


def _only_chooses(node: nodes.Filter) -> bool:
    """Tell whether a filter chooses values by whether there is something, or by comparing it with one value."""
    if node.name not in _CHOOSING or node.kwargs:
        return False
    test = node.args[1:2] if node.name.endswith("attr") else node.args[:1]
    return all(isinstance(one, nodes.Const) and one.value in _COMPARING for one in test)


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _has_linear_pattern(node: nodes.Filter) -> bool:
    pattern = node.args[0] if node.args else None
    return isinstance(pattern, nodes.Const) and isinstance(pattern.value, str) and is_linear(pattern.value)
