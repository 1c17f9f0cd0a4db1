"""Compile attribute flows: what each reads, and the type that it becomes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.configuration.rule_models import FlowConfig
from engine.expressions.expression import Expression, InvalidExpression, compile_flow, compile_flow_of_rows
from engine.expressions.sources import Constant
from engine.rules.compiled import Flow
from engine.rules.readable import Side, Where, read
from engine.values.typed import AttributeType, InvalidValue, canonical

_NEVER = {
    "boolean": frozenset({"integer", "decimal", "date", "datetime", "binary"}),
    "integer": frozenset({"binary"}),
    "decimal": frozenset({"date", "datetime", "binary"}),
    "date": frozenset({"integer", "decimal", "boolean", "binary"}),
    "datetime": frozenset({"integer", "decimal", "boolean", "binary"}),
    "binary": frozenset({"integer", "decimal", "boolean", "date", "datetime"}),
}
"""Kind → the kinds that none of its values can become."""


INBOUND = frozenset({"merge", "prefer"})
"""What may be said of an inbound flow beside its source."""
OUTBOUND = frozenset({"clear", "when_absent", "once", "own"})


def compile_flows_with_options(
    where: Where, written: Mapping[str, FlowConfig], source: Side, target: Side, allowed: frozenset[str]
) -> tuple[Flow, ...]:
    """Compile a table of flows of which more may be said than what they read. Raises `InvalidExpression`."""
    for attribute, flow in written.items():
        for option in flow.options:
            if option not in allowed:
                where_to = "from" if option in OUTBOUND else "into"
                raise InvalidExpression(f"belongs to rules {where_to} the metaverse", (*where, attribute, option))
    compiler = compile_flow_of_rows if source.has_rows else compile_flow
    sources = {attribute: flow.source for attribute, flow in written.items()}
    flows = compile_flows(where, sources, source, target, compiler)
    return tuple(_with_options((*where, flow.attribute), flow, written[flow.attribute], target) for flow in flows)


def _with_options(where: Where, flow: Flow, written: FlowConfig, target: Side) -> Flow:
    one = f"'{flow.attribute}' holds one value ({flow.type} in {target.title})"
    if written.merge and not flow.type.multi:
        raise InvalidExpression(f'{one}: declare it as "{flow.type}[]" to merge values', (*where, "merge"))
    if written.merge and flow.expression.is_of_rows:
        problem = "merge = true takes the values of every row already"
        raise InvalidExpression(f"{problem}: name the attribute, or leave one of the two out", (*where, "merge"))
    if written.own == "ours" and flow.declared and not flow.type.multi:
        raise InvalidExpression(f"{one}: there are no others' values beside ours", (*where, "own"))
    return replace(
        flow,
        clears=written.clear,
        when_absent=written.when_absent,
        once=written.once,
        shares=written.own == "ours",
        merges=written.merge,
    )


def compile_flows(
    where: Where,
    written: Mapping[str, str | Constant],
    source: Side,
    target: Side,
    compiler: Callable[[str], Expression] = compile_flow,
) -> tuple[Flow, ...]:
    """Compile a table of flows. Raises `InvalidExpression`."""
    flows = []
    for attribute, text in written.items():
        at: Where = (*where, attribute)
        expression = read(at, text, compiler, source)
        kind = target.type_of(attribute)
        refers = kind.kind == "reference"
        _refuse_mixed_references(at, attribute, expression, source, kind)
        if expression.is_constant:
            _refuse_wrong_constant(at, attribute, expression, kind)
        plain = expression.attribute
        if plain is not None and kind.kind in _NEVER.get(source.type_of(plain).kind, ()):
            raise InvalidExpression(
                f"'{plain}' is {source.type_of(plain).kind} in {source.title}, and '{attribute}' is {kind.kind} in "
                f"{target.title}: no value can be both; declare them alike, or compute one from the other",
                at,
            )
        copies = plain if plain is not None and source.type_of(plain).kind == kind.kind else None
        flows.append(Flow(attribute, kind, attribute in target.types, expression, copies, refers))
    return tuple(flows)


def _refuse_mixed_references(
    where: Where, attribute: str, expression: Expression, source: Side, kind: AttributeType
) -> None:
    refers = kind.kind == "reference"
    through = {path[0] for path in expression.reads.paths} - expression.reads.whole
    if refers and expression.is_of_rows:
        problem = f"'{attribute}' is a reference, and flows only by its bare name"
        raise InvalidExpression(f"{problem}: 'prefer' says from which row", where)
    for name in sorted(expression.names | expression.reads.of_rows):
        read_kind = source.type_of(name).kind
        if read_kind == "reference" and not refers and name in through:
            continue
        if (read_kind == "reference") == refers and (not refers or expression.attribute is not None):
            continue
        known, other, other_kind = (attribute, name, read_kind) if refers else (name, attribute, kind.kind)
        problem = f"'{known}' is a reference, and flows only by its bare name, from reference to reference"
        raise InvalidExpression(f"{problem}; '{other}' is {other_kind}", where)
    if refers and not expression.names:
        raise InvalidExpression(f"'{attribute}' is a reference, and takes no plain text", where)


def _refuse_wrong_constant(where: Where, attribute: str, expression: Expression, kind: AttributeType) -> None:
    try:
        canonical(kind.kind, expression({}))
    except InvalidValue as error:
        raise InvalidExpression(f"'{attribute}' takes {kind.kind}: the constant {error}", where) from error
