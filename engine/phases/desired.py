"""What the rules want an MVO's object in a target to be."""

from dataclasses import dataclass
from typing import Any

from engine import dn
from engine.errors import ObjectFailed
from engine.rules.compiled import ObjectType, OutboundRule
from engine.rules.flows import evaluate_all
from engine.rules.scope import in_scope
from engine.workspace import Workspace
from storage.records import Attributes, Mvo


@dataclass(slots=True, frozen=True)
class Desired:
    """The wanted state of one object in one target."""

    mvo: Mvo
    target: ObjectType
    rules: list[OutboundRule]
    """The rules in whose scope the MVO is; without any, the object is not wanted."""
    attributes: Attributes
    """Every attribute that the rules own; no values where it is to be absent."""
    secondary_id: str | None
    secondary_key: str | None

    @property
    def provision(self) -> bool:
        """Tell whether the object is to be created where it does not exist."""
        return any(rule.provision for rule in self.rules)

    def planned(self) -> Attributes:
        """Give the attributes that have values."""
        return {name: values for name, values in self.attributes.items() if values}


def desired_state(
    workspace: Workspace, mvo: Mvo, target: ObjectType, rules: list[OutboundRule], context: dict[str, Any]
) -> Desired:
    """Work out what the rules want; `context` is the MVO as its expressions see it.

    Raises `ObjectFailed`: `expression-error`, or `dn-not-determined` where the DN cannot be built.
    """
    scoped = [] if mvo.deleted else in_scope(rules, context)
    attributes: Attributes = {}
    for rule in reversed(scoped):
        attributes.update(evaluate_all(rule.flows, mvo.attributes, context))
    template = next((rule.dn for rule in scoped if rule.dn is not None), None)
    if template is None:
        return Desired(mvo, target, scoped, attributes, None, None)
    secondary_id = template(context)
    if workspace.is_dn(*target):
        check_dn(secondary_id)
    return Desired(mvo, target, scoped, attributes, secondary_id, workspace.secondary_key(*target, secondary_id))


def check_dn(text: str | None) -> None:
    """Raise `ObjectFailed` with `dn-not-determined` for a DN that no entry can have."""
    try:
        dn.check(text or "")
    except dn.InvalidDn as error:
        raise ObjectFailed(
            "dn-not-determined",
            f"the DN cannot be built: {error}",
            "give the object the missing value at its source, or change the rule's dn ('| rdn' escapes a value)",
        ) from error
