"""What the rules want an MVO's object in a target to be."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import ObjectFailed
from engine.expressions.expression import Expression
from engine.pending_exports.names import check_dn
from engine.rules.compiled import MOVE, Flow, ObjectType, OutboundRule
from engine.rules.flows import evaluate, evaluate_all
from engine.rules.leaving import Going, going, next_end, wanting
from engine.rules.scope import in_scope
from engine.values import dn
from engine.values.matching_rules import differences
from engine.workspace import Workspace
from storage.leaving import Departure
from storage.records import Attributes, Mvo
from storage.wanted_marks import Marks

Givers = dict[str, tuple[OutboundRule, Flow]]
"""Attribute → the rule and the flow that its wanted values come from."""
NO_VALUE = "no value, which does not clear what is there"


@dataclass(slots=True, frozen=True)
class Desired:
    """The wanted state of one object in one target."""

    mvo: Mvo
    target: ObjectType
    rules: list[OutboundRule]
    """The rules that want the MVO there, or those that say how its account leaves."""
    attributes: Attributes
    """Every attribute that the rules own; no values where it is to be absent. References are filled in later."""
    secondary_id: str | None
    secondary_key: str | None
    initial: Attributes = field(default_factory=dict)
    """What is set when the object is created, and never enforced again."""
    going: Going | None = None
    """How its account leaves, where no rule wants the MVO there; the attributes and the DN are those of its stage."""
    ends_at: str | None = None
    """When a rule will want it no more, where that is known."""
    givers: Givers = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    """Attributes that are left as they are, each with the reason."""
    settled: Marks = field(default_factory=dict)
    """The marks of what was written once, and is not enforced again; and of which values are ours."""
    foreign: Attributes = field(default_factory=dict)
    """Values of others, in the target, that stay beside ours: they are among `attributes`, too."""

    @property
    def provision(self) -> bool:
        """Tell whether the object is to be created where it does not exist."""
        return self.going is None and any(rule.provision for rule in self.rules)

    @property
    def cause(self) -> str:
        """Tell which rule wants it so."""
        if self.going is None:
            return f"flow of rule '{self.rules[0].name}'"
        what = "moved" if self.going.does == MOVE else "disabled" if self.going.disables else "left as it is"
        return f"{what} by rule '{self.rules[0].name}'"

    def planned(self) -> Attributes:
        """Give the attributes with which the object is created."""
        return {name: values for name, values in (self.initial | self.attributes).items() if values}

    def flow_of(self, attribute: str) -> tuple[OutboundRule, Flow] | None:
        """Give the rule and the flow that an attribute's wanted values come from."""
        return self.givers.get(attribute)

    def referring(self) -> list[tuple[OutboundRule, Flow]]:
        """Give the flows of references, each with its rule."""
        return [giver for giver in self.givers.values() if giver[1].refers]


def desired_state(
    workspace: Workspace,
    mvo: Mvo,
    target: ObjectType,
    rules: list[OutboundRule],
    context: dict[str, Any],
    now: str,
    known: Departure | None = None,
) -> Desired:
    """Work out what the rules want; `context` is the MVO as its expressions see it, `known` is its leaving so far.

    Raises `ObjectFailed`: `expression-error`, or `dn-not-determined` where the DN cannot be built.
    """
    context = workspace.in_zone_of(target[0], context)
    how = workspace.rules.leaving[mvo.type][target]
    gone = mvo.deleted or (mvo.in_grace and how.is_staged)
    scoped = [] if gone else wanting(rules, context, now)
    if scoped:
        return _wanted(workspace, mvo, target, scoped, context, now)
    leaves = going(how, mvo, rules, context, known, now)
    base = Desired(mvo, target, list(how.rules), {}, None, None)
    if leaves.gone_at is None:  # by a date alone: what the stages do not say goes on as before
        with suppress(ObjectFailed):  # what cannot be computed is no reason to leave somebody enabled
            base = _wanted(workspace, mvo, target, in_scope(rules, context), context, now)
    return _leaving(workspace, base, leaves, context)


def _wanted(
    workspace: Workspace, mvo: Mvo, target: ObjectType, scoped: list[OutboundRule], context: dict[str, Any], now: str
) -> Desired:
    """Work out what the rules want in whose scope an MVO is. Raises `ObjectFailed`."""
    every = workspace.rules.outflows[mvo.type][target]
    names = {rule.name for rule in scoped}
    everybody = len(scoped) == len(workspace.rules.outbound[mvo.type][target])
    flows = every if everybody else [one for one in every if one[0].name in names]
    attributes, givers = _flowed(flows, mvo, context)
    initial: Attributes = {}
    for rule in reversed(scoped):
        initial.update(evaluate_all(rule.initial, mvo.attributes, context))
    attributes, initial = _distinct(workspace, target, attributes), _distinct(workspace, target, initial)
    left = {flow.attribute: NO_VALUE for _, flow in flows if flow.attribute not in attributes}
    template = next((rule.dn for rule in scoped if rule.dn is not None), None)
    ends = next_end(scoped, context, now)
    name = (None, None) if template is None else _name(workspace, target, template, context)
    return Desired(mvo, target, scoped, attributes, *name, initial, givers=givers, left=left, ends_at=ends)


def _name(
    workspace: Workspace, target: ObjectType, template: Expression, context: dict[str, Any]
) -> tuple[str | None, str | None]:
    """Give the name that an object is to have, and its normal form. Raises `ObjectFailed`."""
    secondary_id = template(context)
    if workspace.is_dn(*target):
        check_dn(secondary_id)
    return secondary_id, workspace.secondary_key(*target, secondary_id)


def _flowed(flows: Iterable[tuple[OutboundRule, Flow]], mvo: Mvo, context: dict[str, Any]) -> tuple[Attributes, Givers]:
    """Compute flows, the strongest first: what each attribute is to hold, and who gives that.

    One that says nothing where it has no value leaves the attribute to the next. Raises `ObjectFailed`.
    """
    attributes: Attributes = {}
    givers: Givers = {}
    held = mvo.attributes
    for giver in flows:
        flow = giver[1]
        if flow.attribute in givers:
            continue
        copied = held.get(flow.copies, []) if flow.copies is not None else None
        # most flows copy one value, of which nothing has to be worked out
        values = copied if copied is not None and len(copied) < 2 and not flow.refers else evaluate(flow, held, context)
        if values or (flow.refers and copied) or not flow.is_silent:
            attributes[flow.attribute], givers[flow.attribute] = values, giver
    return attributes, givers


def _distinct(workspace: Workspace, target: ObjectType, attributes: Attributes) -> Attributes:
    """Leave out values that by an attribute's matching rule are the same as others."""
    if max(map(len, attributes.values()), default=0) < 2:
        return attributes
    return {
        name: differences([], values, matching)[0]
        if len(values) > 1 and (matching := workspace.matching(*target, name))
        else values
        for name, values in attributes.items()
    }


def _leaving(workspace: Workspace, base: Desired, how: Going, context: dict[str, Any]) -> Desired:
    """Give what an account is to be in the stage of leaving that it has reached. Raises `ObjectFailed`."""
    flows = [(rule, flow) for rule in how.leaving.rules for flow in rule.disable] if how.disables else []
    attributes, givers = _flowed(flows, base.mvo, context)
    left = {name: why for name, why in base.left.items() if name not in attributes}
    attributes, givers = base.attributes | attributes, base.givers | givers
    desired = replace(base, attributes=attributes, givers=givers, left=left, going=how, ends_at=None)
    if (moves := how.moves) is None or moves.dn is None:
        return desired
    name, key = _name(workspace, desired.target, moves.dn, context)
    naming = {part.lower() for part in dn.rdn_names(name or "")}
    kept = {part: values for part, values in desired.attributes.items() if part.lower() not in naming}
    return replace(desired, attributes=kept, secondary_id=name, secondary_key=key)  # it says what those hold
