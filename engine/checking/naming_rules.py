"""Whether a rule names its entries as its flows do: a DN and a flow that disagree undo each other in every run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from typing import Any

from jinja2 import nodes

from engine.configuration.models import Config
from engine.configuration.rule_models import RuleConfig
from engine.connectors.base import CheckLine
from engine.expressions.reading import attribute_of
from engine.expressions.sandbox import ENVIRONMENT
from engine.expressions.sources import Constant, toml

Part = tuple[Any, ...]
Form = tuple[Part, ...]
"""What a value is made of: texts, attributes, filters of either, and whatever cannot be looked into."""
_FIRST_RDN = re.compile(r"\s*([A-Za-z0-9.;-]+)\s*=((?:\{\{.*?\}\}|\\.|[^,;+{\\])*)(?=[,;]|$)", re.DOTALL)
_ESCAPING = frozenset({"rdn", "dn_escape"})
_CHANGING = frozenset({"lower", "upper", "slug", "ascii", "title", "title_case", "capitalize", "hash"})
"""Filters whose result is another value than they are given."""


def dn_lines(config: Config, system: str) -> Iterator[CheckLine]:
    """Name the rules to a system whose `dn` and whose flow to the naming attribute surely differ."""
    for rule in config.rules:
        named = _FIRST_RDN.match(rule.dn or "")
        if named is None or rule.target.partition(".")[0] != system:
            continue
        flows = {attribute: flow.source for attribute, flow in rule.flow.items()}
        flow = next((one for one in flows.items() if one[0].lower() == named[1].lower()), None)
        if flow is not None and _disagree(config, rule, named[2], flow[1]):
            yield CheckLine(
                False,
                "rules",
                f"'{rule.name}': its dn names entries by {named[0].strip()}, and its flow is {flow[0]} = "
                f"{toml(flow[1]) if isinstance(flow[1], str) else toml(flow[1].constant)}: each run would undo the "
                "other's name; let both read the same",
            )


def _disagree(config: Config, rule: RuleConfig, in_dn: str, in_flow: str | Constant) -> bool:
    """Tell whether the two differ for certain: by themselves, and by what the rules that fill the metaverse read."""
    left = _form_of_text(in_dn)
    right = _form(in_flow)
    if left == right:
        return False
    into = [one.flow for one in config.rules if one.target == rule.source]
    inbound = [{attribute: flow.source for attribute, flow in flows.items()} for flows in into]
    seen = [(_meant(left, flow), _meant(right, flow)) for flow in inbound] or [(left, right)]
    return any(_differ(one, other) for one, other in seen)


def _differ(left: Form, right: Form) -> bool:
    if left == right or not (_is_plain(left) and _is_plain(right)):
        return False
    alone = len(left) == 1 and len(right) == 1
    return alone or set(_names(left)) == set(_names(right))


def _meant(form: Form, flows: Mapping[str, str | Constant]) -> Form:
    """Give a form with every attribute of the metaverse replaced by what a rule makes it of."""
    found: list[Part] = []
    for part in form:
        inner, around = part, []
        while inner[0] == "filter":
            around.append(inner[1])
            inner = inner[2]
        meant = _form(flows[inner[1]], "column") if inner[0] == "name" and inner[1] in flows else (inner,)
        if around and len(meant) > 1:
            return (("unknown", repr(form)),)
        found += [reduce(_filtered, reversed(around), one) for one in meant]
    return tuple(found)


def _filtered(inner: Part, name: str) -> Part:
    return "filter", name, inner


def _is_plain(form: Form) -> bool:
    return all(_is_known(part) for part in form)


def _is_known(part: Part) -> bool:
    return _is_known(part[2]) if part[0] == "filter" else part[0] != "unknown"


def _names(form: Iterable[Part]) -> Iterator[Part]:
    for part in form:
        if part[0] == "filter":
            yield from _names([part[2]])
        elif part[0] != "text":
            yield part


def _form(written: str | Constant, kind: str = "name") -> Form:
    if isinstance(written, Constant):
        return (("text", str(written.constant)),)
    return _form_of_text(written, kind) if "{" in written else ((kind, written.strip()),)


def _form_of_text(text: str, kind: str = "name") -> Form:
    """Give what a text with expressions is made of."""
    parts: list[Part] = []
    for output in ENVIRONMENT.parse(text.strip()).body:
        inner = output.nodes if isinstance(output, nodes.Output) else [output]
        parts += [part for node in inner for part in _parts(node, kind)]
    return tuple(parts)


def _parts(node: nodes.Node, kind: str) -> Iterator[Part]:
    if isinstance(node, nodes.TemplateData):
        yield "text", node.data
    elif isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield "text", node.value
    elif (name := attribute_of(node)) is not None:
        yield kind, name
    elif isinstance(node, nodes.Concat):
        for one in node.nodes:
            yield from _parts(one, kind)
    elif isinstance(node, nodes.Filter) and node.node is not None and node.name in {*_ESCAPING, "_single"}:
        yield from _parts(node.node, kind)
    elif isinstance(node, nodes.Filter) and node.node is not None and node.name in _CHANGING:
        inner = list(_parts(node.node, kind))
        yield ("filter", f"{node.name} {node.args} {node.kwargs}", inner[0]) if len(inner) == 1 else _unknown(node)
    else:
        yield _unknown(node)


def _unknown(node: nodes.Node) -> Part:
    return "unknown", repr(node)
