"""What the rules want an MVO's object in a target to be."""

from dataclasses import dataclass, field
from typing import Any

from engine.pending_exports.names import check_dn
from engine.rules.compiled import Flow, ObjectType, OutboundRule
from engine.rules.flows import evaluate_all
from engine.rules.scope import in_scope
from engine.values.matching_rules import differences
from engine.workspace import Workspace
from storage.records import Attributes, Mvo


@dataclass(slots=True, frozen=True)
class Desired:
    """The wanted state of one object in one target."""

    mvo: Mvo
    target: ObjectType
    rules: list[OutboundRule]
    """The rules in whose scope the MVO is, or those that disable; without any, the object is not wanted."""
    attributes: Attributes
    """Every attribute that the rules own; no values where it is to be absent. References are filled in later."""
    secondary_id: str | None
    secondary_key: str | None
    initial: Attributes = field(default_factory=dict)
    """What is set when the object is created, and never enforced again."""
    disabling: bool = False
    """Whether the MVO is out of every scope, and its account is to be disabled."""

    @property
    def provision(self) -> bool:
        """Tell whether the object is to be created where it does not exist."""
        return not self.disabling and any(rule.provision for rule in self.rules)

    @property
    def cause(self) -> str:
        """Tell which rule wants it so."""
        return f"{'disabled by' if self.disabling else 'flow of'} rule '{self.rules[0].name}'"

    def planned(self) -> Attributes:
        """Give the attributes with which the object is created."""
        return {name: values for name, values in (self.initial | self.attributes).items() if values}

    def flow_of(self, attribute: str) -> tuple[OutboundRule, Flow] | None:
        """Give the rule and the flow that an attribute's wanted values come from: the first that has it."""
        for rule in self.rules:
            for flow in rule.disable if self.disabling else rule.flows:
                if flow.attribute == attribute:
                    return rule, flow
        return None

    def referring(self) -> list[tuple[OutboundRule, Flow]]:
        """Give the flows of references, each with its rule, the strongest of each attribute."""
        found: dict[str, tuple[OutboundRule, Flow]] = {}
        for rule in self.rules:
            for flow in rule.disable if self.disabling else rule.flows:
                if flow.refers:
                    found.setdefault(flow.attribute, (rule, flow))
        return list(found.values())


def desired_state(
    workspace: Workspace, mvo: Mvo, target: ObjectType, rules: list[OutboundRule], context: dict[str, Any]
) -> Desired:
    """Work out what the rules want; `context` is the MVO as its expressions see it.

    Raises `ObjectFailed`: `expression-error`, or `dn-not-determined` where the DN cannot be built.
    """
    scoped = [] if mvo.deleted else in_scope(rules, context)
    if not scoped:
        return _disabled(mvo, target, rules, context)
    attributes: Attributes = {}
    initial: Attributes = {}
    for rule in reversed(scoped):
        attributes.update(evaluate_all(rule.flows, mvo.attributes, context))
        initial.update(evaluate_all(rule.initial, mvo.attributes, context))
    attributes, initial = _distinct(workspace, target, attributes), _distinct(workspace, target, initial)
    template = next((rule.dn for rule in scoped if rule.dn is not None), None)
    if template is None:
        return Desired(mvo, target, scoped, attributes, None, None, initial)
    secondary_id = template(context)
    if workspace.is_dn(*target):
        check_dn(secondary_id)
    key = workspace.secondary_key(*target, secondary_id)
    return Desired(mvo, target, scoped, attributes, secondary_id, key, initial)


def _distinct(workspace: Workspace, target: ObjectType, attributes: Attributes) -> Attributes:
    """Leave out values that by an attribute's matching rule are the same as others."""
    return {
        name: differences([], values, matching)[0]
        if len(values) > 1 and (matching := workspace.matching(*target, name))
        else values
        for name, values in attributes.items()
    }


def _disabled(mvo: Mvo, target: ObjectType, rules: list[OutboundRule], context: dict[str, Any]) -> Desired:
    disabling = [rule for rule in rules if rule.deprovision == "disable"]
    attributes: Attributes = {}
    for rule in reversed(disabling):
        attributes.update(evaluate_all(rule.disable, mvo.attributes, context))
    return Desired(mvo, target, disabling, attributes, None, None, disabling=bool(disabling))
