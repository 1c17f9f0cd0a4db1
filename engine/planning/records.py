"""What a plan tells: its steps, and object by object what would change."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.values.typed import TEXT, AttributeType
from storage.records import ItemError, StepResult

METAVERSE = "metaverse"
"""What stands in place of a system where a metaverse object changes."""


class AttributeDiff(NamedTuple):
    """The values of one attribute before and after; `dn` and `mvo` are told like attributes."""

    name: str
    old: list[Any]
    new: list[Any]


class PlannedChange(NamedTuple):
    """What a step would do to one object."""

    phase: str
    system: str
    """The system, or `metaverse`."""
    type: str
    id: str
    """Such as `cso-1`, `mvo-1` or `exp-1`: the id it has, or would have."""
    name: str
    """What a person calls it."""
    dn: str
    """Its secondary external id before the change, where it has one."""
    operation: str
    """`add`, `update`, `rename`, `obsolete`, `return`, `forget`, `gone` on an object that was imported; `leave`, `stay`
    on one that leaves in stages; `project`, `join`, `disconnect`, `update`, `delete`, `delete later`, `stay` in the
    metaverse; `Create`, `Update`, `Rename`, `Delete` of an export."""
    outcome: str
    """Of an export: `sent`, `refused`, `adopted` (it exists as it is meant), `already gone`, `already
    moved`; `staged`, `awaiting approval`, `withdrawn` where it is not sent; else empty."""
    error: str
    """Why it was refused: the code of its error."""
    attributes: list[AttributeDiff]
    object: str = ""
    """Of an export: the id of the object it is for, such as `cso-1`."""

    def document(self) -> dict[str, Any]:
        """Give the change as JSON takes it."""
        return {**self._asdict(), "attributes": [one._asdict() for one in self.attributes]}

    @property
    def told(self) -> str:
        """The operation, with its outcome unless it is simply carried out."""
        if self.outcome in ("", "sent"):
            return self.operation
        return f"{self.operation} ({self.outcome}{': ' if self.error else ''}{self.error})"


class PlannedStep(NamedTuple):
    """How a step would end."""

    phase: str
    system: str
    result: StepResult
    message: str
    statistics: dict[str, int]
    errors: int
    first_errors: list[ItemError]
    """At most a thousand of them."""
    changes: int
    """How many objects it would change; an export that a later step sends counts there."""
    simulated: bool
    """Whether it read or wrote a copy of the system, because the plan had sent something there."""

    def __str__(self) -> str:
        return f"{self.phase} {self.system}".strip()


def readable(kinds: Mapping[str, AttributeType], change: AttributeDiff) -> AttributeDiff:
    """Show references that are the numbers of metaverse objects by their ids; other values stay as they are."""
    if kinds.get(change.name, TEXT).kind != "reference":
        return change
    old, new = ([f"mvo-{one}" if isinstance(one, int) else one for one in side] for side in change[1:])
    return change._replace(old=old, new=new)
