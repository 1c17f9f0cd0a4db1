"""Types travel with flows: what a metaverse attribute is where nobody declares it."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.configuration.models import Config
from engine.expressions.expression import InvalidExpression, compile_flow
from engine.rules.readable import Where
from engine.values.typed import AttributeType


class _Arrival(NamedTuple):
    """A flow that hands on a declared attribute as it is."""

    where: Where
    rule: str
    source: str
    kind: AttributeType


def with_types_of_flows(config: Config) -> Config:
    """Give every undeclared metaverse attribute the type of what flows into it by its name.

    An undeclared source says nothing of the type. Raises `InvalidExpression` where two sources differ.
    """
    metaverse = {}
    for mvo_type, settings in config.metaverse.items():
        arrivals: dict[str, list[_Arrival]] = {}
        for attribute, arrival in _arrivals(config, mvo_type):
            if attribute not in settings.attributes:
                arrivals.setdefault(attribute, []).append(arrival)
        travelled = {attribute: _agreed(mvo_type, attribute, found) for attribute, found in arrivals.items()}
        metaverse[mvo_type] = settings.model_copy(update={"attributes": settings.attributes | travelled})
    return config.model_copy(update={"metaverse": metaverse})


def _arrivals(config: Config, mvo_type: str) -> Iterator[tuple[str, _Arrival]]:
    for index, rule in enumerate(config.rules):
        if rule.target != f"metaverse.{mvo_type}":
            continue
        system, kind = rule.source.split(".", 1)
        declared = config.systems[system].objects[kind].attributes
        for attribute, flow in rule.flow.items():
            source = _copied(flow.source) if isinstance(flow.source, str) else None
            if source in declared:
                where: Where = ("rules", index, "flow", attribute)
                yield attribute, _Arrival(where, rule.name, f"{rule.source}.{source}", declared[source])


def _copied(written: str) -> str | None:
    """Give the attribute that a flow hands on; what cannot be compiled is told where it is compiled."""
    try:
        return compile_flow(written).attribute
    except InvalidExpression:
        return None


def _agreed(mvo_type: str, attribute: str, arrivals: list[_Arrival]) -> AttributeType:
    first = arrivals[0]
    for other in arrivals[1:]:
        if other.kind.kind != first.kind.kind:
            raise InvalidExpression(
                f"'{attribute}' would have two types: {other.kind} by rule '{other.rule}' (from {other.source}), and "
                f"{first.kind} by rule '{first.rule}' (from {first.source}); declare it in "
                f"[metaverse.{mvo_type}] attributes",
                other.where,
            )
    return AttributeType(first.kind.kind, any(arrival.kind.multi for arrival in arrivals))
