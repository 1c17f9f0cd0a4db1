"""What an expression reads, as far as its text tells."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jinja2 import meta, nodes

from engine.expressions.sandbox import ENVIRONMENT, READ, ROWS, reading_of_table
from engine.expressions.tables import Reading

_OF_LISTS = frozenset({"unique", "sort", "reverse", "list", "map", "select", "reject", "default", "d"})
"""Filters that give a list where they are given one."""
_BY_ATTRIBUTE = frozenset({"selectattr", "rejectattr", "groupby"})
"""Filters whose first argument names an attribute of what they are given."""


class Reads(NamedTuple):
    """What an expression reads, as far as its text tells."""

    names: frozenset[str] = frozenset()
    """Attributes."""
    words: frozenset[str] = frozenset()
    """The program's own words: `now`, `today`, `range`, and `n` where it counts."""
    as_text: frozenset[str] = frozenset()
    """Attributes whose value becomes part of a text as it is."""
    as_truth: frozenset[str] = frozenset()
    """Attributes whose value alone decides a condition, or a part of it."""
    tables: frozenset[Reading] = frozenset()
    """Lookup tables, each with the column that is read."""
    paths: frozenset[tuple[str, ...]] = frozenset()
    """What is read of what attributes name, if those are references: `manager.mail`."""
    whole: frozenset[str] = frozenset()
    """Attributes that are read by themselves, not only through such a path."""
    of_rows: frozenset[str] = frozenset()
    """What is read of each of a person's rows, as far as it is written out."""


def reads_of(tree: nodes.Template, own: frozenset[str]) -> Reads:
    """Tell what a template reads; `own` are words that are no attributes in it."""
    named = {one.node.value for one in tree.find_all(nodes.Filter) if one.name == READ}  # type: ignore[union-attr]
    found = meta.find_undeclared_variables(tree)
    names = frozenset(found - own | named)
    spoken = [one for output in tree.find_all(nodes.Output) for one in output.nodes]
    spoken += [one.node for one in tree.find_all(nodes.Filter) if one.node and ENVIRONMENT.takes_text(one.name)]
    as_text = {name for one in spoken for name in _possible_values(one)}
    decided = [one.node for one in tree.find_all(nodes.Assign)]
    as_truth = {name for one in decided for name in _truths(one)}
    words = frozenset(found & own)
    of_rows = _read_of_rows(tree, names) if ROWS in words else frozenset()
    return Reads(
        names, words, names & as_text, names & as_truth, _tables_of(tree), *_paths_of(tree, names), of_rows=of_rows
    )


def _read_of_rows(tree: nodes.Template, names: frozenset[str]) -> frozenset[str]:
    """Give what is read of rows: by `map(attribute='title')` and its like, `rows[0].title` or `row['title']`."""
    called = {id(one.node) for one in tree.find_all(nodes.Call)}
    found = {one.attr for one in tree.find_all(nodes.Getattr) if id(one) not in called and _is_of_row(one.node, names)}
    for item in tree.find_all(nodes.Getitem):
        found.update(_texts([item.arg]) if _is_of_row(item.node, names) else ())
    filters = list(tree.find_all(nodes.Filter))
    for one in filters:
        found.update(part.split(".")[0] for text in _texts(_attributes_of(one)) for part in text.split(","))
    grouped = any(one.name == "groupby" for one in filters)
    return frozenset(found - {"grouper", "list"} if grouped else found)


def _attributes_of(one: nodes.Filter) -> list[nodes.Node]:
    """Give what names an attribute to a filter of many."""
    named: list[nodes.Node] = [word.value for word in one.kwargs if word.key == "attribute"]
    return [*named, *one.args[:1]] if one.name in _BY_ATTRIBUTE else named


def _texts(found: Iterable[nodes.Node]) -> list[str]:
    return [one.value for one in found if isinstance(one, nodes.Const) and isinstance(one.value, str)]


def _is_of_row(node: nodes.Node, names: frozenset[str]) -> bool:
    """Tell whether a node may be a row: not an attribute, or what a loop or a group tells of itself."""
    if isinstance(node, nodes.Name):
        return node.name not in names and node.name != "loop"
    return isinstance(node, (nodes.Getitem, nodes.Filter, nodes.Call))


def _paths_of(tree: nodes.Template, names: frozenset[str]) -> tuple[frozenset[tuple[str, ...]], frozenset[str]]:
    """Give the paths that begin with an attribute, and the attributes that begin none."""
    called = {id(one.node) for one in tree.find_all(nodes.Call)}
    found = [one for one in tree.find_all(nodes.Getattr) if id(one) not in called]
    inner = {id(one.node) for one in found}
    roots = {id(one.node) for one in found if isinstance(one.node, nodes.Name)}
    whole = {one.name for one in tree.find_all(nodes.Name) if id(one) not in roots}
    paths = (_path(one) for one in found if id(one) not in inner)
    return frozenset(path for path in paths if path and path[0] in names), names & whole


def _path(node: nodes.Node) -> tuple[str, ...]:
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else ()
    return (node.name,) if isinstance(node, nodes.Name) else ()


def _tables_of(tree: nodes.Template) -> frozenset[Reading]:
    looked = [reading_of_table(one) for one in tree.find_all(nodes.Filter) if one.name == "lookup"]
    return frozenset(one for one in looked if one is not None)


def attribute_of(node: nodes.Node | None) -> str | None:
    """Give the attribute that a node of an expression is; None where it computes."""
    if isinstance(node, nodes.Filter) and node.name == READ and isinstance(node.node, nodes.Const):
        return str(node.node.value)
    return node.name if isinstance(node, nodes.Name) else None


def _possible_values(node: nodes.Node | None) -> Iterator[str]:
    """Give the attributes that may be the value of a node with all their values."""
    if (name := attribute_of(node)) is not None:
        yield name
    elif isinstance(node, nodes.CondExpr):
        yield from _possible_values(node.expr1)
        yield from _possible_values(node.expr2)
    elif isinstance(node, (nodes.And, nodes.Or)):
        yield from _possible_values(node.left)
        yield from _possible_values(node.right)
    elif isinstance(node, nodes.Filter) and node.name in _OF_LISTS:
        yield from _possible_values(node.node)


def _truths(node: nodes.Node | None) -> Iterator[str]:
    """Give the attributes whose own truth decides a condition."""
    if isinstance(node, nodes.Filter) and node.name == "_bounded":
        yield from _truths(node.node)
    elif isinstance(node, (nodes.And, nodes.Or)):
        yield from _truths(node.left)
        yield from _truths(node.right)
    elif isinstance(node, nodes.Not):
        yield from _truths(node.node)
    elif (name := attribute_of(node)) is not None:
        yield name
