"""Compile joins: what is read on either side, and the name of the index in which it is looked up."""

import json
from collections.abc import Iterable

from engine.configuration.rule_models import JoinPartConfig, RuleConfig
from engine.expressions.expression import Expression, InvalidExpression, compile_flow
from engine.expressions.sources import Constant
from engine.rules.compiled import Join, JoinPart
from engine.rules.readable import Side, Where, read, refuse_tables

_OTHERS = ('"', "{ constant", "unique ")
"""How names of parts begin that are no name of an attribute as it is."""


def compile_joins(index: int, rule: RuleConfig, source: Side, target: Side) -> tuple[Join, ...]:
    """Compile the joins of a rule. Raises `InvalidExpression`."""
    where: Where = ("rules", index, "join")
    beside = frozenset(rule.flow)
    return tuple(
        _join((*where, position), parts, source, target, beside) for position, parts in enumerate(rule.join) if parts
    )


def _join(where: Where, written: Iterable[JoinPartConfig], source: Side, target: Side, beside: frozenset[str]) -> Join:
    names, parts = [], []
    for part in written:
        looks, found = part.source or part.target or "", part.target or part.source or ""
        stands = beside if isinstance(looks, str) and "{" not in looks else frozenset()
        compiled = JoinPart(
            read(where, looks, compile_flow, source, stands),
            read(where, found, compile_flow, target),
            frozenset(part.ignore),
        )
        refuse_tables(where, compiled.target, "the side that a join looks through")
        if _says_nothing(compiled.source) and _says_nothing(compiled.target):
            raise InvalidExpression(
                f"{compiled.source.source} stands on both sides, and would join anybody with anybody: "
                "name an attribute that both have",
                where,
            )
        parts.append(compiled)
        names.append(" ".join([_named(found), *(f"~{what}" for what in sorted(compiled.ignore))]))
    for side in ("source", "target"):
        if all(_says_nothing(getattr(part, side)) for part in parts):
            raise InvalidExpression(
                f"the whole key is constant on its {side} side, and so the same for every object: name an attribute",
                where,
            )
    return Join("+".join(names), tuple(parts))


def _says_nothing(expression: Expression) -> bool:
    """Tell whether an expression is the same for every object."""
    return not expression.names


def _named(written: str | Constant) -> str:
    """Name a part, so that no two that differ have one name, however attributes are called."""
    if isinstance(written, Constant):
        return f"{{ constant = {json.dumps(written.constant)} }}"
    unusual = "+" in written or " ~" in written or written.startswith(_OTHERS)
    return json.dumps(written) if unusual else written
