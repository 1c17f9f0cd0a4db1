"""What is known while one page of connected system objects is synchronised."""

from dataclasses import dataclass, field
from typing import Any

from engine.errors import ObjectFailed
from engine.expressions.expression import ambient
from engine.labels import label_of
from engine.rules.flows import context_of
from engine.step import Step
from storage.records import Cso, Mvo
from storage.references import Owed


@dataclass(slots=True)
class SyncPage:
    """What one page of synchronisation knows, and what it found out."""

    step: Step
    csos: dict[int, Cso] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=ambient)
    contexts: dict[int, dict[str, Any]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    """CSOs that stay due, because something about them is wrong."""
    touched: set[int] = field(default_factory=set)
    """MVOs whose attributes have to be computed anew."""
    leavers: list[Cso] = field(default_factory=list)
    """CSOs that left their MVOs, as they were joined."""
    left: set[int] = field(default_factory=set)
    """MVOs that a connector has left."""
    new: list[Mvo] = field(default_factory=list)
    """MVOs that the page projects; they are stored once their attributes are known."""
    known: dict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=dict)
    """(System, key of a reference) → the objects that this names: their types and MVOs."""
    keys: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(System, type whose ids are read so, what a reference says) → the id or DN by which it is looked up."""
    names_lost: set[int] = field(default_factory=set)
    """MVOs whose generated name somebody else took before their account was created."""
    woken: set[int] = field(default_factory=set)
    """CSOs that waited for an MVO which the page made or changed."""
    in_grace: set[int] = field(default_factory=set)
    """MVOs in their grace period: who refers to them goes on doing so."""
    owing: dict[int, list[Owed]] = field(default_factory=dict)
    """CSO → what its references name and is not there."""

    def context(self, cso: Cso) -> dict[str, Any]:
        """Give a CSO as its expressions see it."""
        if cso.id not in self.contexts:
            declared = self.step.workspace.declared(cso.system, cso.type)
            self.contexts[cso.id] = context_of(cso.attributes, declared, self.around)
        return self.contexts[cso.id]

    def fail(self, cso: Cso, failure: ObjectFailed) -> None:
        """Record what is wrong with a CSO; it stays due."""
        if cso.id not in self.failed:
            self.failed.add(cso.id)
            self.step.failed(
                failure.error, object_type=cso.type, label=label_of(cso), object_id=cso.id, system=cso.system
            )
